//! Adding accounts and issuing keys with a ring, and taking in keys that were handed out without one (rule 4).

use rand_core::TryCryptoRng;

use super::classify::Standing;
use super::ledger::Ledger;
use super::ring_keeper::RingKeeper;
use crate::buffer::{Buffer, OwnedBuffer};
use crate::id::KeyId;
use crate::keeper::survey::Survey;
use crate::keeper::{Gone, Grant, KeepError};
use crate::key::Key;
use crate::name::AccountName;
use crate::record::Record;
use crate::ring::{Entry, Ring};
use crate::seal::{open, verify};
use crate::store::{Guard, Store};

impl<S: Store, R: Ring, M: OwnedBuffer> RingKeeper<'_, '_, S, R, M> {
    /// Adds an account as [`Keeper::add`](crate::Keeper::add) does; the ring keeps its first key.
    ///
    /// # Errors
    ///
    /// As [`Keeper::add`](crate::Keeper::add), [`KeepError::StaleRing`], and the ring's.
    pub fn add<G>(
        &self,
        account: &AccountName,
        payload: &[u8],
        grant: &Grant,
        rng: &mut G,
    ) -> Result<Key<M>, KeepError<S::Error>>
    where
        G: TryCryptoRng,
        G::Error: Send + Sync + 'static,
    {
        grant.check(account, payload.len())?;
        let exists = || KeepError::Exists { account: account.clone().into() };
        let guard = self.keeper.lock(account)?;
        let mut survey = self.keeper.tidy(account, &guard)?;
        let mut ledger = self.ledger(account)?;
        self.note_ended(account, &mut ledger, &mut survey)?;
        if !survey.records.is_empty() {
            return Err(exists());
        }
        survey.check_no_rotation(account)?;
        let reached = self.catch_up(account, &ledger, &survey)?;
        let key = self.put_new(account, payload, grant, (reached, None), rng)?;
        self.or_take_back(
            account,
            key,
            |id, records| {
                if guard.excludes_others() || records == [id] { Ok(()) } else { Err(exists()) }
            },
            survey.highest_claim(),
        )
    }

    /// Issues one more key as [`Keeper::issue`](crate::Keeper::issue) does; the ring keeps it.
    ///
    /// # Errors
    ///
    /// As [`Keeper::issue`](crate::Keeper::issue), [`KeepError::StaleRing`], and the ring's.
    pub fn issue<B, G>(&self, key: Key<B>, grant: &Grant, rng: &mut G) -> Result<Key<M>, KeepError<S::Error>>
    where
        B: Buffer,
        G: TryCryptoRng,
        G::Error: Send + Sync + 'static,
    {
        let (account, id, capacity) = (key.account().clone(), key.id(), key.capacity());
        let grant = grant.clone().with_capacity(grant.capacity.or(Some(capacity)));
        // A mistyped name leaves nothing behind, not even a lock.
        self.keeper.check_current(&account, id)?;
        let guard = self.keeper.lock(&account)?;
        let mut survey = self.keeper.tidy(&account, &guard)?;
        let mut ledger = self.ledger(&account)?;
        self.note_ended(&account, &mut ledger, &mut survey)?;
        survey.check_no_rotation(&account)?;
        let source = self.keeper.read_record(&account, id, key.capacity())?.into_current(&account, id)?;
        let secret = open(key, &Record::decode(&source)?, self.keeper.now)?;
        grant.check(&account, secret.expose().len())?;
        let reached = self.catch_up(&account, &ledger, &survey)?;
        let new = self.put_new(&account, secret.expose(), &grant, (reached, None), rng)?;
        let busy = || KeepError::Busy { account: account.clone().into() };
        self.or_take_back(
            &account,
            new,
            |_, _| {
                let record = self.keeper.read_record(&account, id, capacity)?;
                if record.into_current(&account, id)? == source { Ok(()) } else { Err(busy()) }
            },
            survey.highest_claim(),
        )
    }

    /// The generation that the account has reached. The ring remembers it from now on: a new key's pages count from it,
    /// even if somebody takes the store's claims away.
    pub(super) fn catch_up(
        &self,
        account: &AccountName,
        ledger: &Ledger,
        survey: &Survey,
    ) -> Result<u64, KeepError<S::Error>> {
        let reached = ledger.reached(account, survey)?;
        if reached > ledger.highest_spent() {
            self.mark(account, Entry::Spent(reached))?;
        }
        Ok(reached)
    }

    /// A key of the ring that opens the account today, for [`issue`](RingKeeper::issue).
    ///
    /// # Errors
    ///
    /// [`KeepError::NotInRing`]
    pub fn current_key(&self, account: &AccountName) -> Result<Key<M>, KeepError<S::Error>> {
        for id in self.keeper.survey(account)?.records {
            if let Standing::Known(known) = self.standing(account, id)?
                && known.header.terms.expires.is_none_or(|at| self.keeper.now < at)
            {
                return Ok(known.key);
            }
        }
        Err(KeepError::NotInRing { account: account.clone().into() })
    }

    /// Takes in a key that was handed out without a ring, once it opens its record.
    ///
    /// Its further pages can be used only if no generation of the account was ever claimed: then none was sealed.
    ///
    /// # Errors
    ///
    /// Those of [`Keeper::verify`](crate::Keeper::verify), [`KeepError::Unfinished`], and the ring's. A key that is
    /// already in the ring is left as it is.
    pub fn take_in<B: Buffer>(&self, key: &Key<B>) -> Result<(), KeepError<S::Error>> {
        let (account, id) = (key.account(), key.id());
        let _guard = self.keeper.lock_known(account)?;
        let mut survey = self.keeper.survey(account)?;
        survey.check_no_rotation(account)?;
        let mut ledger = self.ledger(account)?;
        self.note_ended(account, &mut ledger, &mut survey)?;
        if ledger.has_ended(id) {
            return Err(KeepError::NoKey { account: account.clone().into(), id, gone: Gone::Unknown });
        }
        let live = self.keeper.read_record(account, id, key.capacity())?.into_current(account, id)?;
        let record = Record::decode(&live)?;
        verify(key, &record)?;
        if self.read_key(account, Entry::Key(id), id)?.is_none() {
            // An earlier call that was cut short may have left a part of it.
            self.drop_entry(account, Entry::Key(id))?;
            self.drop_entry(account, Entry::First(id))?;
        }
        if ledger.reached(account, &survey)? == 0 && record.header().page == 0 {
            self.put_entry(account, Entry::First(id), b"0")?;
        }
        self.put_key(account, Entry::Key(id), key).map(drop)
    }

    /// Takes back a new key that could not be handed over: its record first, then the ring's key.
    ///
    /// # Errors
    ///
    /// The store's and the ring's.
    pub fn withdraw(&self, account: &AccountName, id: KeyId) -> Result<(), KeepError<S::Error>> {
        let _guard = self.keeper.lock(account)?;
        self.take_back(account, id)
    }

    pub(super) fn take_back(&self, account: &AccountName, id: KeyId) -> Result<(), KeepError<S::Error>> {
        self.keeper.take_back(account, id)?;
        self.drop_entry(account, Entry::Key(id))?;
        self.drop_entry(account, Entry::First(id))
    }

    /// Checks once more that a new key may stay: that nobody has begun a rotation, claimed a generation, or changed
    /// what it was issued from.
    fn or_take_back(
        &self,
        account: &AccountName,
        key: Key<M>,
        check: impl FnOnce(KeyId, &[KeyId]) -> Result<(), KeepError<S::Error>>,
        claimed: u64,
    ) -> Result<Key<M>, KeepError<S::Error>> {
        let look = || {
            let survey = self.keeper.survey(account)?;
            survey.check_no_rotation(account)?;
            if survey.highest_claim() != claimed {
                return Err(KeepError::Busy { account: account.clone().into() });
            }
            check(key.id(), &survey.records)
        };
        match look() {
            Ok(()) => Ok(key),
            Err(error) => {
                // Report the first failure.
                let _ = self.take_back(account, key.id());
                Err(error)
            }
        }
    }
}
