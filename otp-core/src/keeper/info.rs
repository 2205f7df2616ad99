//! What a store says of an account's keys. All of it is public.

use alloc::vec::Vec;

use super::error::KeepError;
use super::keeper::Keeper;
use crate::buffer::OwnedBuffer;
use crate::error::Error;
use crate::frame::Capacity;
use crate::id::KeyId;
use crate::name::AccountName;
use crate::record::{Header, Record};
use crate::store::Store;
use crate::time::UnixTime;

/// What a store says of one key.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct KeyInfo {
    /// Its record's header.
    pub header: Header,
    /// When it stops opening the old secret, if it has been replaced.
    pub grace: Option<UnixTime>,
}

/// What a store says of an account's keys. One that is damaged does not hide the others.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct AccountInfo {
    /// The keys whose records can be read, sorted by id.
    pub keys: Vec<KeyInfo>,
    /// Those that can't be, each with what is wrong. Revoking one ends it.
    pub damaged: Vec<(KeyId, Error)>,
}

impl<S: Store, M: OwnedBuffer> Keeper<'_, S, M> {
    /// What the store says of an account's keys.
    ///
    /// # Errors
    ///
    /// [`KeepError::NoAccount`] if it has no key, and the store's.
    pub fn info(&self, account: &AccountName) -> Result<AccountInfo, KeepError<S::Error>> {
        let ids = self.survey(account)?.records;
        self.infos(account, ids)
    }

    pub(super) fn infos(
        &self,
        account: &AccountName,
        ids: impl IntoIterator<Item = KeyId>,
    ) -> Result<AccountInfo, KeepError<S::Error>> {
        let mut infos = AccountInfo { keys: Vec::new(), damaged: Vec::new() };
        for id in ids {
            match self.key_info(account, id) {
                Ok(info) => infos.keys.extend(info),
                Err(KeepError::DamagedKey { id, error, .. }) => infos.damaged.push((id, error)),
                Err(error) => return Err(error),
            }
        }
        if infos.keys.is_empty() && infos.damaged.is_empty() {
            return Err(KeepError::NoAccount { account: account.clone().into() });
        }
        Ok(infos)
    }

    /// What the store says of one key; `None` if it no longer opens anything.
    ///
    /// # Errors
    ///
    /// [`KeepError::DamagedKey`] and the store's.
    pub fn key_info(&self, account: &AccountName, id: KeyId) -> Result<Option<KeyInfo>, KeepError<S::Error>> {
        let damaged = |error| KeepError::DamagedKey { account: account.clone().into(), id, error };
        let live = match self.read_live(account, id, Record::max_len(Capacity::MIN)) {
            Ok(live) => live,
            Err(KeepError::NoKey { .. }) => return Ok(None),
            Err(KeepError::Invalid(error)) => return Err(damaged(error)),
            Err(error) => return Err(error),
        };
        let header = Record::decode(&live.bytes).map_err(damaged)?.header().clone();
        if (&header.account, header.id) != (account, id) {
            return Err(damaged(Error::WrongKey));
        }
        Ok(Some(KeyInfo { header, grace: live.grace }))
    }
}
