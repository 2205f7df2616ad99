//! Issuing one more key to an account.

use rand_core::TryCryptoRng;

use super::error::KeepError;
use super::grant::Grant;
use super::keeper::Keeper;
use super::survey::Survey;
use crate::buffer::{Buffer, OwnedBuffer};
use crate::id::KeyId;
use crate::key::Key;
use crate::name::AccountName;
use crate::store::{Guard, Store};

impl<S: Store, M: OwnedBuffer> Keeper<'_, S, M> {
    /// Seals a key's secret once more, for another holder, and returns the new key.
    ///
    /// Its capacity and expiry are those of the given key, unless the grant has others. If the new key can't be handed over,
    /// [`withdraw`](Keeper::withdraw) takes it back.
    ///
    /// # Errors
    ///
    /// Those of [`Keeper::open`]; [`KeepError::Superseded`] if the given key has been replaced, and [`KeepError::Busy`]
    /// if the account is being rotated.
    pub fn issue<B, R>(&self, key: Key<B>, grant: &Grant, rng: &mut R) -> Result<Key<M>, KeepError<S::Error>>
    where
        B: Buffer,
        R: TryCryptoRng,
        R::Error: Send + Sync + 'static,
    {
        let (account, id) = (key.account().clone(), key.id());
        let capacity = grant.capacity.or(Some(key.capacity()));
        let (secret, terms) = self.open_current(key)?;
        // Otherwise an expiring key could get itself one that never expires.
        let grant = grant.clone().with_capacity(capacity).expiring(grant.expires.or(terms.expires));
        grant.capacity_for(secret.expose().len())?;
        let guard = self.lock(&account)?;
        let survey = self.tidy(&account, &guard)?;
        self.check_undisturbed(&survey, &account, id)?;
        let new = self.put_sealed(&account, secret.expose(), &grant, rng)?;
        if guard.excludes_others() {
            return Ok(new);
        }
        // This notices a rotation that does not know of the new record yet.
        let undisturbed = self.survey(&account).and_then(|survey| self.check_undisturbed(&survey, &account, id));
        if let Err(error) = undisturbed {
            let _ = self.take_back(&account, new.id());
            return Err(error);
        }
        Ok(new)
    }

    /// Checks that nobody is rotating the account, and that a key is still current.
    fn check_undisturbed(&self, survey: &Survey, account: &AccountName, id: KeyId) -> Result<(), KeepError<S::Error>> {
        survey.check_no_rotation(account)?;
        self.check_current(account, id)
    }
}
