//! [`NewKey`]: what its holder gets.

use std::fmt;
use std::num::NonZeroU8;

use otp_core::{AccountName, Holder, Key, KeyId};
use otp_sys::LockedBuf;

use crate::error::Result;

/// A new key, to be handed to its holder. Its text is in locked memory that is wiped when this is dropped.
pub struct NewKey {
    account: AccountName,
    id: KeyId,
    holder: Option<Holder>,
    replaces: Option<KeyId>,
    pages: NonZeroU8,
    /// The text and a NUL, for C.
    text: LockedBuf,
}

impl NewKey {
    pub(crate) fn new(key: &Key<LockedBuf>, holder: Option<Holder>, replaces: Option<KeyId>) -> Result<Self> {
        let mut text = LockedBuf::new(key.text_len() + 1);
        key.write_text(text.as_mut())?;
        Ok(Self { account: key.account().clone(), id: key.id(), holder, replaces, pages: key.pages(), text })
    }

    /// The account that it opens.
    #[must_use]
    pub fn account(&self) -> &AccountName {
        &self.account
    }

    /// The key's id, which is public.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Who holds it.
    #[must_use]
    pub fn holder(&self) -> Option<&Holder> {
        self.holder.as_ref()
    }

    /// The id of the key that it replaces in a rotation.
    #[must_use]
    pub fn replaces(&self) -> Option<KeyId> {
        self.replaces
    }

    /// How many secrets it can have, one after the other.
    #[must_use]
    pub fn pages(&self) -> NonZeroU8 {
        self.pages
    }

    /// The key's text, `otpk1_` and base32, followed by a NUL.
    #[must_use]
    pub fn bytes_with_nul(&self) -> &[u8] {
        self.text.as_ref()
    }

    /// The key's text, `otpk1_` and base32.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        self.bytes_with_nul().split_last().map_or(&[], |(_, text)| text)
    }

    /// The key's text, `otpk1_` and base32, for those who now have it: unlike the bytes, it is checked to be text.
    #[must_use]
    pub fn text(&self) -> &str {
        str::from_utf8(self.bytes()).unwrap_or_default()
    }
}

impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewKey({} {}, ..)", self.account, self.id)
    }
}
