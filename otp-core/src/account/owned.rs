//! [`Account`]: fields in memory of their own.

use alloc::vec::Vec;
use core::fmt;

use super::fields::{Field, Fields, field_len, place};
use super::writer::FieldWriter;
use crate::buffer::{Buffer, OwnedBuffer, Wiped};
use crate::error::Error;
use crate::frame::Capacity;

/// A named set of fields that owns its memory and wipes it: what is sealed for an account.
///
/// ```
/// use otp_core::Account;
///
/// let mut account = Account::new();
/// account.set("username", b"alice")?;
/// account.set("password", b"correct horse")?;
/// assert_eq!(account.fields().get("username"), Some(&b"alice"[..]));
/// # Ok::<(), otp_core::Error>(())
/// ```
///
/// It is kept in memory of type `M`.
pub struct Account<M: Buffer = Vec<u8>> {
    payload: Wiped<M>,
    /// How long the payload is.
    len: usize,
}

impl Account {
    /// An account without fields.
    #[must_use]
    pub fn new() -> Self {
        Self::in_memory()
    }
}

impl Default for Account {
    fn default() -> Self {
        Self::new()
    }
}

impl<M: OwnedBuffer> Account<M> {
    /// An account without fields, in memory of a type of your own.
    #[must_use]
    pub fn in_memory() -> Self {
        Self { payload: Wiped::new(M::zeroed(0)), len: 0 }
    }

    /// Sets a field, whether or not it is there already.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidFieldName`], [`Error::PayloadTooLong`]; the account is then as it was.
    pub fn set(&mut self, name: &str, value: &[u8]) -> Result<(), Error> {
        let field = Field { name, value };
        let (at, replaced) = place(self.payload(), name);
        let after = at + replaced.unwrap_or(0);
        let kept = self.len - (after - at);
        let len = kept + field_len(field);
        if len > Capacity::MAX.bytes() {
            return Err(Error::PayloadTooLong { len, capacity: Capacity::MAX.bytes() });
        }
        // New memory for each step: a vector that grows leaves copies behind.
        let mut new = Wiped::new(M::zeroed(len));
        let payload = &mut new.bytes_mut()[..len];
        payload[..at].copy_from_slice(&self.payload()[..at]);
        payload[at..kept].copy_from_slice(&self.payload()[after..]);
        FieldWriter::resume(payload, kept).insert(field)?;
        (self.payload, self.len) = (new, len);
        Ok(())
    }

    /// Sets each field of `fields`.
    ///
    /// # Errors
    ///
    /// As [`Account::set`]; the fields before the one that failed are set.
    pub fn update(&mut self, fields: Fields<'_>) -> Result<(), Error> {
        fields.iter().try_for_each(|field| self.set(field.name, field.value))
    }

    /// The account's fields.
    #[must_use]
    pub fn fields(&self) -> Fields<'_> {
        Fields::trusted(self.payload())
    }

    /// The encoding of the fields: what is sealed.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.payload.bytes()[..self.len]
    }
}

impl<M: Buffer> fmt::Debug for Account<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Account(..)")
    }
}
