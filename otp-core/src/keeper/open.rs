//! Opening the record of a key.

use super::error::KeepError;
use super::keeper::{Keeper, Live};
use crate::buffer::{Buffer, OwnedBuffer};
use crate::frame::Capacity;
use crate::id::KeyId;
use crate::key::Key;
use crate::name::AccountName;
use crate::record::{Header, Record, Terms};
use crate::seal::{Secret, open, verify};
use crate::store::Store;

impl<S: Store, M: OwnedBuffer> Keeper<'_, S, M> {
    /// Opens the record of a key. It reads the record and the note beside it, if there is one.
    ///
    /// # Errors
    ///
    /// [`KeepError::NoKey`], [`KeepError::DamagedKey`], the store's, and those of [`open`].
    pub fn open<B: Buffer>(&self, key: Key<B>) -> Result<Secret<B>, KeepError<S::Error>> {
        self.open_noting(key, |_| ())
    }

    /// Like [`open`](Keeper::open), but first shows the record's header to `note`. No tag has vouched for the header
    /// yet: it is what was sealed only if the record then opens.
    ///
    /// # Errors
    ///
    /// As [`open`](Keeper::open).
    pub fn open_noting<B: Buffer>(
        &self,
        key: Key<B>,
        note: impl FnOnce(&Header),
    ) -> Result<Secret<B>, KeepError<S::Error>> {
        let (account, id) = (key.account().clone(), key.id());
        let live = self.read_record(&account, id, key.capacity())?;
        let record = decode(&live.bytes, &account, id)?;
        note(record.header());
        Ok(open(key, &record, self.now)?)
    }

    /// Opens the record of a key that has not been replaced: the account's current secret, and the key's terms.
    pub(super) fn open_current<B: Buffer>(&self, key: Key<B>) -> Result<(Secret<B>, Terms), KeepError<S::Error>> {
        let (account, id) = (key.account().clone(), key.id());
        let live = self.read_record(&account, id, key.capacity())?;
        let bytes = live.into_current(&account, id)?;
        let record = decode(&bytes, &account, id)?;
        let secret = open(key, &record, self.now)?;
        // The tag covers them.
        Ok((secret, record.header().terms.clone()))
    }

    /// Checks that a key opens its record, without opening it and whether or not it has expired.
    ///
    /// # Errors
    ///
    /// [`KeepError::NoKey`], [`KeepError::DamagedKey`], the store's, and those of [`verify`].
    pub fn verify<B: Buffer>(&self, key: &Key<B>) -> Result<(), KeepError<S::Error>> {
        let live = self.read_record(key.account(), key.id(), key.capacity())?;
        Ok(verify(key, &decode(&live.bytes, key.account(), key.id())?)?)
    }

    /// Reads the record of a key with this capacity. If it is damaged, the error says whose it is.
    pub(super) fn read_record(
        &self,
        account: &AccountName,
        id: KeyId,
        capacity: Capacity,
    ) -> Result<Live, KeepError<S::Error>> {
        self.read_live(account, id, Record::max_len(capacity)).map_err(|error| match error {
            KeepError::Invalid(error) => KeepError::DamagedKey { account: account.clone().into(), id, error },
            other => other,
        })
    }
}

/// Decodes a record. If it is damaged, the error says whose it is.
fn decode<'r, E>(bytes: &'r [u8], account: &AccountName, id: KeyId) -> Result<Record<'r>, KeepError<E>> {
    Record::decode(bytes).map_err(|error| KeepError::DamagedKey { account: account.clone().into(), id, error })
}
