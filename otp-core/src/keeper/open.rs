//! Opening the record of a key.

use super::error::KeepError;
use super::keeper::Keeper;
use crate::buffer::Buffer;
use crate::key::Key;
use crate::record::Record;
use crate::seal::{Secret, open, verify};
use crate::store::Store;

impl<S: Store> Keeper<'_, S> {
    /// Opens the record of a key. It reads the record and the note beside it, if there is one.
    ///
    /// # Errors
    ///
    /// [`KeepError::NoKey`], the store's, and those of [`Record::decode`] and [`open`].
    pub fn open<B: Buffer>(&self, key: Key<B>) -> Result<Secret<B>, KeepError<S::Error>> {
        let live = self.read_live(key.account(), key.id(), Record::max_len(key.capacity()))?;
        Ok(open(key, &Record::decode(&live.bytes)?, self.now)?)
    }

    /// Opens the record of a key that has not been replaced: the account's current secret.
    pub(super) fn open_current<B: Buffer>(&self, key: Key<B>) -> Result<Secret<B>, KeepError<S::Error>> {
        let live = self.read_live(key.account(), key.id(), Record::max_len(key.capacity()))?;
        let bytes = live.into_current(key.account(), key.id())?;
        Ok(open(key, &Record::decode(&bytes)?, self.now)?)
    }

    /// Checks that a key opens its record, without opening it and whether or not it has expired.
    ///
    /// # Errors
    ///
    /// [`KeepError::NoKey`], the store's, and those of [`Record::decode`] and [`verify`].
    pub fn verify<B: Buffer>(&self, key: &Key<B>) -> Result<(), KeepError<S::Error>> {
        let live = self.read_live(key.account(), key.id(), Record::max_len(key.capacity()))?;
        Ok(verify(key, &Record::decode(&live.bytes)?)?)
    }
}
