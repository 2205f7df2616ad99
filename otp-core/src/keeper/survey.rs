//! What an account has in its store, and what others left there to be cleared up.

use alloc::vec::Vec;
use core::ops::ControlFlow;

use super::error::KeepError;
use super::keeper::Keeper;
use crate::buffer::OwnedBuffer;
use crate::error::Error;
use crate::id::KeyId;
use crate::name::AccountName;
use crate::note::Note;
use crate::store::{Guard, Kind, Slot, Store};

/// How long the tombstone of a revoked or replaced key is kept: 400 days, in seconds. Then the key is unknown.
pub const TOMBSTONE_SECS: u64 = 400 * 24 * 60 * 60;

/// The ids of an account's objects, by kind, each sorted.
#[derive(Default)]
pub(super) struct Survey {
    pub(super) records: Vec<KeyId>,
    pub(super) notes: Vec<KeyId>,
    pub(super) rotations: Vec<KeyId>,
    pub(super) staged: Vec<KeyId>,
    /// The generations that were claimed.
    pub(super) claims: Vec<u64>,
}

impl Survey {
    pub(super) fn check_no_rotation<E>(&self, account: &AccountName) -> Result<(), KeepError<E>> {
        self.check_no_marker(account)?;
        self.check_not_staged(account)
    }

    pub(super) fn check_no_marker<E>(&self, account: &AccountName) -> Result<(), KeepError<E>> {
        if self.rotations.is_empty() { Ok(()) } else { Err(KeepError::Busy { account: account.clone().into() }) }
    }

    pub(super) fn check_not_staged<E>(&self, account: &AccountName) -> Result<(), KeepError<E>> {
        if self.staged.is_empty() { Ok(()) } else { Err(KeepError::Unfinished { account: account.clone().into() }) }
    }

    /// The highest generation that was claimed; 0 for none.
    pub(super) fn highest_claim(&self) -> u64 {
        self.claims.last().copied().unwrap_or(0)
    }
}

impl<S: Store, M: OwnedBuffer> Keeper<'_, S, M> {
    /// Lists what an account has.
    pub(super) fn survey(&self, account: &AccountName) -> Result<Survey, KeepError<S::Error>> {
        let mut survey = Survey::default();
        let each = &mut |slot: &Slot| {
            match slot.kind {
                Kind::Record => survey.records.push(slot.id),
                Kind::Note => survey.notes.push(slot.id),
                Kind::Rotation => survey.rotations.push(slot.id),
                Kind::Claim => survey.claims.push(slot.generation()),
                Kind::Staged => survey.staged.push(slot.id),
            }
            ControlFlow::Continue(())
        };
        self.store.list_account(account, each).map_err(KeepError::Store)?;
        for ids in [&mut survey.records, &mut survey.notes, &mut survey.rotations, &mut survey.staged] {
            ids.sort_unstable();
        }
        survey.claims.sort_unstable();
        Ok(survey)
    }

    /// Clears up what others left: records whose notes say that they ended, old tombstones, markers of crashed rotations.
    /// Returns what remains.
    ///
    /// Unreadable notes are kept; operations that need them fail, and revoking the key replaces its note.
    pub(super) fn tidy(&self, account: &AccountName, guard: &impl Guard) -> Result<Survey, KeepError<S::Error>> {
        let mut survey = self.survey(account)?;
        for id in survey.notes.clone() {
            let (record, note) = (Slot::record(account, id), Slot::note(account, id));
            let ended = match self.read_note(&note) {
                Ok(Some(Note::Revoked { at } | Note::Rotated { at } | Note::Grace { until: at })) if self.now >= at => {
                    at
                }
                Ok(_) | Err(KeepError::Invalid(_)) => continue,
                Err(error) => return Err(error),
            };
            self.remove_slot(&record)?;
            survey.records.retain(|other| *other != id);
            // Rule 5: a ring that has not seen the tombstone would take a restored record for a live one.
            if survey.claims.is_empty() && self.now >= ended.after(TOMBSTONE_SECS) {
                self.remove_slot(&note)?;
                survey.notes.retain(|other| *other != id);
            }
        }
        for id in survey.rotations.clone() {
            let marker = Slot::rotation(account, id);
            if guard.excludes_others() || self.has_crashed(&marker)? {
                self.remove_slot(&marker)?;
                survey.rotations.retain(|other| *other != id);
            }
        }
        Ok(survey)
    }

    /// Whether the rotation behind a marker has crashed.
    fn has_crashed(&self, marker: &Slot) -> Result<bool, KeepError<S::Error>> {
        match self.read_note(marker) {
            Ok(Some(marker @ Note::Rotating { .. })) => Ok(marker.has_crashed(self.now)),
            // Otherwise an unreadable marker would stay for ever.
            Ok(Some(_)) | Err(KeepError::Invalid(Error::DamagedNote)) => Ok(true),
            Ok(None) | Err(KeepError::Invalid(_)) => Ok(false),
            Err(error) => Err(error),
        }
    }
}
