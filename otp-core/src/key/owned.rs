//! Keys in memory of their own, and [`KeyText`].

use alloc::vec;
use alloc::vec::Vec;
use core::fmt;
use core::num::NonZeroU8;

use rand_core::TryCryptoRng;
use zeroize::Zeroizing;

use super::fresh::FreshKey;
use super::held::Key;
use super::layout::{check_pages, paged_len_for};
use super::text::MAX_TEXT_LEN;
use crate::buffer::Buffer;
use crate::ct;
use crate::error::Error;
use crate::frame::Capacity;
use crate::name::AccountName;
use crate::random::DrawError;

impl FreshKey<Vec<u8>> {
    /// Draws a key into memory of its own.
    ///
    /// # Errors
    ///
    /// [`DrawError::Source`]
    pub fn generate_owned<R: TryCryptoRng + ?Sized>(
        account: &AccountName,
        capacity: Capacity,
        rng: &mut R,
    ) -> Result<Self, DrawError<R::Error>> {
        Self::generate_paged_owned(account, capacity, NonZeroU8::MIN, rng)
    }

    /// Draws a key with several pages into memory of its own.
    ///
    /// # Errors
    ///
    /// [`DrawError::Source`], and [`Error::TooManyPages`].
    pub fn generate_paged_owned<R: TryCryptoRng + ?Sized>(
        account: &AccountName,
        capacity: Capacity,
        pages: NonZeroU8,
        rng: &mut R,
    ) -> Result<Self, DrawError<R::Error>> {
        check_pages(account, capacity, pages).map_err(DrawError::Invalid)?;
        let len = paged_len_for(account.as_str().len(), capacity, pages);
        Self::generate_paged(account, capacity, pages, vec![0; len], rng)
    }
}

impl Key<Vec<u8>> {
    /// Reads a key's text into memory of its own. The size is checked before memory is taken.
    ///
    /// # Errors
    ///
    /// As [`Key::parse`].
    pub fn parse_owned(text: &[u8]) -> Result<Self, Error> {
        let text = ct::trim(text);
        let len = text.len().min(MAX_TEXT_LEN);
        Self::parse(text, vec![0; len * 5 / 8])
    }
}

impl<B: Buffer> Key<B> {
    /// The key's text, in memory that is wiped.
    #[must_use]
    pub fn to_text(&self) -> KeyText {
        let mut bytes = Zeroizing::new(vec![0; self.text_len()]);
        self.write_text(&mut bytes).expect("the buffer has the text's length");
        KeyText { bytes }
    }
}

/// A key's text, wiped on drop. It has no `Display`: the caller shows it on purpose, with [`KeyText::as_str`].
pub struct KeyText {
    bytes: Zeroizing<Vec<u8>>,
}

impl KeyText {
    /// The text: `otpk1_` and base32.
    #[must_use]
    pub fn as_str(&self) -> &str {
        core::str::from_utf8(&self.bytes).expect("a key's text is ASCII")
    }

    /// The text as bytes, as [`Key::parse`] takes it.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyText(..)")
    }
}
