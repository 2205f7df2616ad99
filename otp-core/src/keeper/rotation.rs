//! [`Rotation`]: new keys beside the old ones, until they are handed over.

use alloc::vec::Vec;
use core::fmt;

use super::error::KeepError;
use super::keeper::Keeper;
use crate::buffer::{Buffer, OwnedBuffer};
use crate::error::Error;
use crate::id::KeyId;
use crate::key::Key;
use crate::name::{AccountName, Holder};
use crate::note::Note;
use crate::store::{Guard, Slot, Store};
use crate::time::UnixTime;

/// A key that takes the place of another.
#[non_exhaustive]
pub struct Replacement<M: Buffer = Vec<u8>> {
    /// The key that it replaces.
    pub old: KeyId,
    /// Who holds it.
    pub holder: Option<Holder>,
    /// The new key.
    pub key: Key<M>,
}

impl<M: Buffer> fmt::Debug for Replacement<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Replacement({} -> {:?})", self.old, self.key)
    }
}

/// A rotation whose new records are in the store, while all the old ones still open. It holds the account's lock.
///
/// Now is the time to hand over the new keys. [`Rotation::finish`] then ends the old ones; [`Rotation::abandon`] takes
/// the new ones back. If the process dies in between, both open, and rotating again replaces both.
///
/// While it exists, call only `open` and other reading operations for the account: those that change it wait for the
/// lock, or fail.
#[must_use = "the old keys open until the rotation is finished"]
pub struct Rotation<'s, S: Store, M: Buffer = Vec<u8>> {
    keeper: Keeper<'s, S, M>,
    guard: S::Guard<'s>,
    marker: Slot,
    pub(super) replacements: Vec<Replacement<M>>,
    pub(super) ended: Vec<KeyId>,
    pub(super) damaged: Vec<(KeyId, Error)>,
    grace: Option<u64>,
}

impl<'s, S: Store, M: OwnedBuffer> Rotation<'s, S, M> {
    pub(super) fn new(store: &'s S, now: UnixTime, guard: S::Guard<'s>, marker: Slot, grace: Option<u64>) -> Self {
        let keeper = Keeper::in_memory(store, now);
        let (replacements, ended, damaged) = (Vec::new(), Vec::new(), Vec::new());
        Self { keeper, guard, marker, replacements, ended, damaged, grace }
    }

    /// The account that is rotated.
    #[must_use]
    pub fn account(&self) -> &AccountName {
        &self.marker.account
    }

    /// The rotation's own id.
    pub(super) fn id(&self) -> KeyId {
        self.marker.id
    }

    /// Whether all other writers are kept out.
    pub(super) fn is_alone(&self) -> bool {
        self.guard.excludes_others()
    }

    /// The new keys, in the order of the ids that they replace.
    #[must_use]
    pub fn replacements(&self) -> &[Replacement<M>] {
        &self.replacements
    }

    /// Keys that were left as they are, since their records or notes are damaged, each with what is wrong. Revoking one ends it.
    #[must_use]
    pub fn damaged(&self) -> &[(KeyId, Error)] {
        &self.damaged
    }

    /// When the old keys' grace period ends, if they have one.
    #[must_use]
    pub fn grace_ends(&self) -> Option<UnixTime> {
        self.grace.map(|secs| self.keeper.now.after(secs))
    }

    /// Ends the old keys, or starts their grace period. Call it once the new keys are where they belong.
    ///
    /// # Errors
    ///
    /// The store's. The new keys open all the same, and rotating again ends what is left of the old ones. The same is true of
    /// [`KeepError::Busy`]: the rotation took longer than [`ROTATION_LIMIT_SECS`](super::ROTATION_LIMIT_SECS), and another
    /// process took it for a crashed one.
    pub fn finish(self) -> Result<(), KeepError<S::Error>> {
        let ended = self.end_replaced().and_then(|()| self.end(self.ended.iter().copied()));
        let removed = self.keeper.remove_slot(&self.marker);
        ended.and(removed.map(drop))
    }

    fn end_replaced(&self) -> Result<(), KeepError<S::Error>> {
        let (keeper, account) = (&self.keeper, self.account());
        if keeper.store.get(&self.marker, &mut []).map_err(KeepError::Store)?.is_none() {
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
                keeper.take_back(account, key.id())?;
            }
        }
        Ok(())
    }

    /// Leaves a tombstone for each key and deletes its record.
    fn end(&self, ids: impl Iterator<Item = KeyId>) -> Result<(), KeepError<S::Error>> {
        let note = Note::Rotated { at: self.keeper.now }.encode();
        for id in ids {
            self.keeper.put(&Slot::note(self.account(), id), &note)?;
            self.keeper.remove_slot(&Slot::record(self.account(), id))?;
        }
        Ok(())
    }

    /// Takes the new keys back; the old ones open as before.
    ///
    /// # Errors
    ///
    /// The store's. New records that are left then have keys that nobody holds.
    pub fn abandon(self) -> Result<(), KeepError<S::Error>> {
        let mut result = Ok(());
        let records = self.replacements.iter().map(|new| Slot::record(self.account(), new.key.id()));
        // Go on past one that can't be removed.
        for slot in records.chain([self.marker.clone()]) {
            result = result.and(self.keeper.remove_slot(&slot).map(drop));
        }
        result
    }
}

impl<S: Store, M: Buffer> fmt::Debug for Rotation<'_, S, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rotation").field("replacements", &self.replacements).finish_non_exhaustive()
    }
}
