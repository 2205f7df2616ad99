//! [`FreshKey`]: a key that has not sealed anything yet.

use core::fmt;
use core::num::NonZeroU8;

use rand_core::TryCryptoRng;

use super::held::Key;
use super::layout::{Layout, check_pages};
use crate::buffer::{Buffer, Wiped};
use crate::ct;
use crate::error::Error;
use crate::frame::Capacity;
use crate::id::KeyId;
use crate::name::AccountName;
use crate::random::DrawError;

/// A key that has not sealed anything yet. Sealing takes it by value, so it seals once.
///
/// It has no text: only the [`Key`] that sealing leaves has one, and that key never seals.
pub struct FreshKey<B: Buffer> {
    key: Key<B>,
}

impl<B: Buffer> FreshKey<B> {
    /// Draws a key's id, tag key and pad into `buffer`, which needs at least [`len_for`](super::len_for) bytes.
    ///
    /// All of it is one draw from the source.
    ///
    /// # Errors
    ///
    /// [`DrawError::Source`] if the source fails, and [`Error::BufferTooSmall`]; the buffer is then wiped.
    pub fn generate<R: TryCryptoRng + ?Sized>(
        account: &AccountName,
        capacity: Capacity,
        buffer: B,
        rng: &mut R,
    ) -> Result<Self, DrawError<R::Error>> {
        Self::generate_paged(account, capacity, NonZeroU8::MIN, buffer, rng)
    }

    /// Like [`generate`](FreshKey::generate), for a key with several pages. `buffer` needs at least
    /// [`paged_len_for`](super::paged_len_for) bytes.
    ///
    /// # Errors
    ///
    /// As [`generate`](FreshKey::generate), and [`Error::TooManyPages`].
    pub fn generate_paged<R: TryCryptoRng + ?Sized>(
        account: &AccountName,
        capacity: Capacity,
        pages: NonZeroU8,
        buffer: B,
        rng: &mut R,
    ) -> Result<Self, DrawError<R::Error>> {
        let mut bytes = Wiped::new(buffer);
        let id = KeyId::from_bytes([0; KeyId::LEN]);
        let mut layout = Layout { account: account.clone(), id, capacity, pages };
        check_pages(account, capacity, pages).map_err(DrawError::Invalid)?;
        let needed = layout.len();
        let all = bytes.bytes_mut().get_mut(..needed).ok_or(DrawError::Invalid(Error::BufferTooSmall { needed }))?;
        rng.try_fill_bytes(&mut all[layout.drawn()]).map_err(DrawError::Source)?;
        let id = all[layout.id()].first_chunk().expect("an id has its length");
        layout.id = KeyId::from_bytes(ct::reveal(*id));
        layout.write(all);
        Ok(Self { key: Key { layout, bytes } })
    }

    /// The account that it is for.
    #[must_use]
    pub fn account(&self) -> &AccountName {
        self.key.account()
    }

    /// The key's id.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.key.id()
    }

    /// The capacity of the frame that it seals.
    #[must_use]
    pub fn capacity(&self) -> Capacity {
        self.key.capacity()
    }

    /// The key itself. [`seal`](crate::seal()) uses its first page, once.
    pub(crate) fn into_key(self) -> Key<B> {
        self.key
    }
}

impl<B: Buffer> fmt::Debug for FreshKey<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FreshKey({} {}, ..)", self.account(), self.id())
    }
}
