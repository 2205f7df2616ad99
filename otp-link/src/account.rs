//! [`Account`]: an account that is open.

use std::fmt;

use otp_core::{AccountName, Fields, KeyId, Secret};
use otp_sys::LockedBuf;

use crate::error::{Error, Result};

/// An account that is open: its fields, in locked memory that is wiped when this is dropped.
pub struct Account {
    name: AccountName,
    key_id: KeyId,
    secret: Secret<LockedBuf>,
}

impl Account {
    pub(crate) fn new(name: AccountName, key_id: KeyId, secret: Secret<LockedBuf>) -> Result<Self> {
        Fields::decode(secret.expose())?;
        // Constant time ends here: whatever reads and writes the fields from here on acts for their owner.
        otp_sys::hand_over(secret.expose());
        Ok(Self { name, key_id, secret })
    }

    /// The account's name.
    #[must_use]
    pub fn name(&self) -> &AccountName {
        &self.name
    }

    /// The id of the key that opened it, which is public.
    #[must_use]
    pub fn key_id(&self) -> KeyId {
        self.key_id
    }

    /// The fields in their order: well-known names first.
    #[must_use]
    pub fn fields(&self) -> Fields<'_> {
        // They have been decoded before.
        Fields::decode(self.secret.expose()).unwrap_or(Fields::none())
    }

    /// The value of a field.
    ///
    /// # Errors
    ///
    /// [`Error::NoField`]
    pub fn bytes(&self, name: &str) -> Result<&[u8]> {
        self.fields().get(name).ok_or_else(|| Error::NoField { field: name.to_owned() })
    }

    /// The value of a field that is text.
    ///
    /// # Errors
    ///
    /// [`Error::NoField`], [`Error::FieldNotText`].
    pub fn text(&self, name: &str) -> Result<&str> {
        str::from_utf8(self.bytes(name)?).map_err(|_| Error::FieldNotText { field: name.to_owned() })
    }
}

impl fmt::Debug for Account {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Account({} {}, ..)", self.name, self.key_id)
    }
}
