//! Adding an account.

use rand_core::TryCryptoRng;

use super::error::KeepError;
use super::grant::Grant;
use super::keeper::Keeper;
use crate::buffer::OwnedBuffer;
use crate::key::Key;
use crate::name::AccountName;
use crate::store::{Guard, Store};

impl<S: Store, M: OwnedBuffer> Keeper<'_, S, M> {
    /// Seals a payload for a new account, and returns its first key.
    ///
    /// If the key can't be handed over, [`withdraw`](Keeper::withdraw) takes it back.
    ///
    /// # Errors
    ///
    /// [`KeepError::Exists`] if the account has a key, which stays as it is. If two callers add the same account at
    /// once in a store without locks, both may fail, but they never both succeed.
    pub fn add<R>(
        &self,
        account: &AccountName,
        payload: &[u8],
        grant: &Grant,
        rng: &mut R,
    ) -> Result<Key<M>, KeepError<S::Error>>
    where
        R: TryCryptoRng,
        R::Error: Send + Sync + 'static,
    {
        // Refuse a bad secret before anything is made in the store.
        grant.check(account, payload.len())?;
        let exists = || KeepError::Exists { account: account.clone().into() };
        let guard = self.lock(account)?;
        if !self.tidy(account, &guard)?.records.is_empty() {
            return Err(exists());
        }
        let key = self.put_sealed(account, payload, grant, rng)?;
        if guard.excludes_others() {
            return Ok(key);
        }
        match self.survey(account) {
            Ok(survey) if survey.records == [key.id()] => Ok(key),
            other => {
                let _ = self.take_back(account, key.id());
                Err(other.err().unwrap_or_else(exists))
            }
        }
    }
}
