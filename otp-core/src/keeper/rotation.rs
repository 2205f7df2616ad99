//! [`Rotation`]: a new secret, and every key replaced by a new one, so that at each moment everybody's key opens.

use alloc::vec::Vec;

use rand_core::TryCryptoRng;

use super::{Grant, KeepError, Keeper, KeyInfo, Sealed};
use crate::frame::Capacity;
use crate::key::Key;
use crate::name::{AccountName, Holder, KeyId, UnixTime};
use crate::note::Note;
use crate::store::{Kind, Slot, Store};

/// A key that takes the place of another.
#[derive(Debug)]
pub struct Replacement {
    /// The key that it replaces.
    pub old: KeyId,
    /// Who holds it.
    pub holder: Option<Holder>,
    /// The new key.
    pub key: Key<Vec<u8>>,
}

/// A rotation whose new records are in the store, while all the old ones still open.
///
/// Now is the time to hand the new keys over. [`Rotation::finish`] then ends the old ones, [`Rotation::abandon`] takes
/// the new ones back. If the process dies in between, both open, and rotating again replaces both.
#[derive(Debug)]
#[must_use = "the old keys open until the rotation is finished"]
pub struct Rotation<'k, 's, S> {
    keeper: &'k Keeper<'s, S>,
    account: AccountName,
    sign: Slot,
    replacements: Vec<Replacement>,
    /// Expired keys, and those whose period of grace a rotation without one cuts short: they get no new key.
    ended: Vec<KeyId>,
    grace: Option<u64>,
}

/// What a rotation makes of a key.
enum Fate {
    /// It is in its period of grace, and stays there.
    Stays,
    /// It opens nothing any more, and gets no new key.
    Ends,
    /// A new key takes its place, with this grant.
    Replaced(Grant),
}

impl<'s, S: Store> Keeper<'s, S> {
    /// How many random bytes [`Keeper::rotate`] draws for a payload of this length, if nobody changes the account meanwhile.
    ///
    /// # Errors
    ///
    /// [`KeepError::NoAccount`], [`KeepError::AllExpired`], [`KeepError::DamagedKey`], and that the payload does not fit.
    pub fn rotation_drawn_len(
        &self,
        account: &AccountName,
        payload_len: usize,
        grant: &Grant,
        grace: Option<u64>,
    ) -> Result<usize, KeepError<S::Error>> {
        let fitting = grant.capacity_for(payload_len)?;
        let mut len = 0;
        for info in self.info(account)? {
            if let Fate::Replaced(Grant { capacity, .. }) = self.fate(&info, grant, fitting, grace) {
                len += Key::<Vec<u8>>::drawn_len(capacity.unwrap_or(fitting));
            }
        }
        if len == 0 {
            return Err(KeepError::AllExpired { account: account.clone().into() });
        }
        // The rotation has an id too.
        Ok(KeyId::LEN + len)
    }

    fn fate(&self, info: &KeyInfo, grant: &Grant, fitting: Capacity, grace: Option<u64>) -> Fate {
        let terms = &info.header.terms;
        let expires = grant.expires.or(terms.expires);
        if info.grace.is_some() {
            if grace.is_some() { Fate::Stays } else { Fate::Ends }
        } else if expires.is_some_and(|at| self.now >= at) {
            Fate::Ends
        } else {
            let holder = grant.holder.clone().or_else(|| terms.holder.clone());
            // Not smaller than before, so that a capacity that hides more stays.
            let capacity = grant.capacity.unwrap_or(fitting.max(info.header.capacity));
            Fate::Replaced(Grant { holder, expires, capacity: Some(capacity) })
        }
    }

    /// Seals a new payload under one new key for each key of the account that opens today.
    ///
    /// A new key has the holder and expiry of the one that it replaces, unless the grant has another. With `grace`, in
    /// seconds, the old keys open the old secret for that long after the rotation is finished; without, not at all, and
    /// earlier periods of grace end too.
    ///
    /// # Errors
    ///
    /// [`KeepError::NoAccount`], [`KeepError::AllExpired`], [`KeepError::DamagedKey`] (revoke that key first),
    /// [`KeepError::Busy`] if somebody else rotates the account. Nothing has changed then.
    pub fn rotate<R>(
        &self,
        account: &AccountName,
        payload: &[u8],
        grant: &Grant,
        grace: Option<u64>,
        rng: &mut R,
    ) -> Result<Rotation<'_, 's, S>, KeepError<S::Error>>
    where
        R: TryCryptoRng,
        R::Error: Send + Sync + 'static,
    {
        self.sweep(account)?;
        // An account that is not there should not get a sign, which makes it look as if it were.
        self.info(account)?;
        let id = KeyId::generate(rng).map_err(|error| KeepError::Randomness(error.into()))?;
        let sign = Slot { account: account.clone(), id, kind: Kind::Rotation };
        let mut rotation = Rotation {
            keeper: self,
            account: account.clone(),
            sign,
            replacements: Vec::new(),
            ended: Vec::new(),
            grace,
        };
        let signed = self.put(&rotation.sign, &Note::Rotating { since: self.now }.encode());
        if let Ok(false) = signed {
            return Err(KeepError::Randomness("it gave the id of a rotation that is under way".into()));
        }
        match signed.and_then(|_| rotation.begin(payload, grant, rng)) {
            Ok(()) => Ok(rotation),
            Err(error) => {
                // What went wrong first is what is told; what can't be taken back is for the next writer.
                let _ = rotation.abandon();
                Err(error)
            }
        }
    }
}

impl<S: Store> Rotation<'_, '_, S> {
    fn begin<R>(&mut self, payload: &[u8], grant: &Grant, rng: &mut R) -> Result<(), KeepError<S::Error>>
    where
        R: TryCryptoRng,
        R::Error: Send + Sync + 'static,
    {
        let keeper = self.keeper;
        if keeper.slots(&self.account, Kind::Rotation)? != [self.sign.id] {
            return Err(KeepError::Busy { account: self.account.clone().into() });
        }
        // From here on nobody issues: they look for the sign after what they wrote. Who revokes leaves a note, which is
        // looked at once the new records are there, and again when the old keys are ended.
        let infos = keeper.info(&self.account)?;
        let records = self.seal_all(infos, payload, grant, rng)?;
        let objects: Vec<(Slot, &[u8])> = self
            .replacements
            .iter()
            .zip(&records)
            .map(|(new, record)| (Slot::record(&self.account, new.key.id()), record.as_slice()))
            .collect();
        let count = keeper.store.put_all(&objects).map_err(KeepError::Store)?;
        if count < objects.len() {
            // The one that was taken is another's: it must not be taken back.
            self.replacements.truncate(count);
            return Err(KeepError::Randomness("it gave the id of a key that exists".into()));
        }
        self.drop_revoked()
    }

    /// Seals one record for each key that opens today.
    fn seal_all<R>(
        &mut self,
        infos: Vec<KeyInfo>,
        payload: &[u8],
        grant: &Grant,
        rng: &mut R,
    ) -> Result<Vec<Vec<u8>>, KeepError<S::Error>>
    where
        R: TryCryptoRng,
        R::Error: Send + Sync + 'static,
    {
        let fitting = Capacity::fitting(payload.len())?;
        let mut records = Vec::new();
        for info in infos {
            let old = info.header.id;
            match self.keeper.fate(&info, grant, fitting, self.grace) {
                Fate::Stays => {}
                Fate::Ends => self.ended.push(old),
                Fate::Replaced(grant) => {
                    let Sealed { key, record } = self.keeper.seal(&self.account, payload, &grant, rng)?;
                    self.replacements.push(Replacement { old, holder: grant.holder, key });
                    records.push(record);
                }
            }
        }
        if records.is_empty() {
            return Err(KeepError::AllExpired { account: self.account.clone().into() });
        }
        Ok(records)
    }

    /// Takes back the new keys of those that were revoked while they were sealed.
    fn drop_revoked(&mut self) -> Result<(), KeepError<S::Error>> {
        let live = self.keeper.records(&self.account)?;
        let mut number = 0;
        // If a step fails, those that are not taken back yet are still there for the one who abandons the rotation.
        while let Some(new) = self.replacements.get(number) {
            if live.contains(&new.old) && self.keeper.note(&self.account, new.old)?.is_none() {
                number += 1;
            } else {
                self.keeper.remove_slot(&Slot::record(&self.account, new.key.id()))?;
                self.replacements.remove(number);
            }
        }
        if self.replacements.is_empty() {
            return Err(KeepError::NoAccount { account: self.account.clone().into() });
        }
        Ok(())
    }

    /// The new keys, in the order of the ids that they replace.
    #[must_use]
    pub fn replacements(&self) -> &[Replacement] {
        &self.replacements
    }

    /// Ends the old keys, at once or with their period of grace. Call it once every new key is where it belongs.
    ///
    /// A key that was revoked meanwhile takes the new one with it.
    ///
    /// # Errors
    ///
    /// The store's. The new keys open all the same, and rotating again ends what is left of the old ones. So it is with
    /// [`KeepError::Busy`], if the rotation took more than [`ROTATION_LIMIT_SECS`](super::ROTATION_LIMIT_SECS) and
    /// somebody took it for a crashed one.
    pub fn finish(self) -> Result<(), KeepError<S::Error>> {
        let ended = self.end_replaced().and_then(|()| self.end(self.ended.iter().copied()));
        let removed = self.keeper.remove_slot(&self.sign);
        ended.and(removed.map(|_| ()))
    }

    /// Ends the keys that have been replaced.
    fn end_replaced(&self) -> Result<(), KeepError<S::Error>> {
        let (keeper, account) = (self.keeper, &self.account);
        if !keeper.is_there(&self.sign)? {
            return Err(KeepError::Busy { account: account.clone().into() });
        }
        for Replacement { old, key, .. } in &self.replacements {
            match self.grace_ends() {
                Some(until) => {
                    keeper.put(&Slot::note(account, *old), &Note::Grace { until }.encode())?;
                }
                None => self.end([*old].into_iter())?,
            }
            if keeper.is_revoked(account, *old)? {
                keeper.remove_slot(&Slot::record(account, key.id()))?;
            }
        }
        Ok(())
    }

    /// Leaves a trace of each key and deletes its record.
    fn end(&self, ids: impl Iterator<Item = KeyId>) -> Result<(), KeepError<S::Error>> {
        let note = Note::Rotated { at: self.keeper.now }.encode();
        for id in ids {
            self.keeper.put(&Slot::note(&self.account, id), &note)?;
            self.keeper.remove_slot(&Slot::record(&self.account, id))?;
        }
        Ok(())
    }

    /// Takes the new keys back; the old ones open as before.
    ///
    /// # Errors
    ///
    /// The store's. New records that are left then have keys that nobody knows.
    pub fn abandon(self) -> Result<(), KeepError<S::Error>> {
        let mut result = Ok(());
        let records = self.replacements.iter().map(|new| Slot::record(&self.account, new.key.id()));
        // What can't be removed keeps nobody from removing the rest.
        for slot in records.chain([self.sign.clone()]) {
            result = result.and(self.keeper.remove_slot(&slot).map(|_| ()));
        }
        result
    }

    /// When the old keys' period of grace ends, if they have one.
    #[must_use]
    pub fn grace_ends(&self) -> Option<UnixTime> {
        self.grace.map(|secs| self.keeper.now.after(secs))
    }
}
