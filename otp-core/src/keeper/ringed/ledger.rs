//! What a ring says of an account.

use alloc::vec::Vec;
use core::ops::ControlFlow;

use super::ring_keeper::{RingKeeper, ring_failed};
use crate::buffer::OwnedBuffer;
use crate::id::KeyId;
use crate::keeper::KeepError;
use crate::keeper::survey::Survey;
use crate::name::AccountName;
use crate::note::Note;
use crate::record::Header;
use crate::ring::{Entry, Ring, generation};
use crate::store::{Slot, Store};

/// How far a store's claims may be ahead of a ring's marks before they are taken for forged.
pub const CLAIMS_AHEAD: u64 = 255;

/// The entries of an account, each kind sorted.
#[derive(Default)]
pub(super) struct Ledger {
    pub(super) keys: Vec<KeyId>,
    pub(super) ended: Vec<KeyId>,
    pub(super) recovery: Vec<KeyId>,
    pub(super) applying: Vec<KeyId>,
    pub(super) spent: Vec<u64>,
    pub(super) done: Vec<u64>,
}

impl Ledger {
    pub(super) fn highest_spent(&self) -> u64 {
        self.spent.last().copied().unwrap_or(0)
    }

    pub(super) fn highest_done(&self) -> u64 {
        self.done.last().copied().unwrap_or(0)
    }

    pub(super) fn has_ended(&self, id: KeyId) -> bool {
        self.ended.binary_search(&id).is_ok()
    }

    pub(super) fn has_key(&self, id: KeyId) -> bool {
        self.keys.binary_search(&id).is_ok()
    }

    /// The generation that the account has reached, as ring and store know it (rule 1).
    pub(super) fn reached<E>(&self, account: &AccountName, survey: &Survey) -> Result<u64, KeepError<E>> {
        let (spent, claimed) = (self.highest_spent(), survey.highest_claim());
        if claimed > spent.saturating_add(CLAIMS_AHEAD) {
            return Err(KeepError::ClaimAhead { account: account.clone().into(), claimed, spent });
        }
        Ok(spent.max(claimed))
    }

    /// Refuses an account whose database was being changed, and whose new secret is no longer staged.
    pub(super) fn check_not_applying<E>(&self, account: &AccountName) -> Result<(), KeepError<E>> {
        if self.applying.is_empty() { Ok(()) } else { Err(KeepError::StagedLost { account: account.clone().into() }) }
    }
}

impl<S: Store, R: Ring, M: OwnedBuffer> RingKeeper<'_, '_, S, R, M> {
    pub(super) fn ledger(&self, account: &AccountName) -> Result<Ledger, KeepError<S::Error>> {
        let mut ledger = Ledger::default();
        let each = &mut |entry| {
            match entry {
                Entry::Key(id) => ledger.keys.push(id),
                Entry::First(_) | Entry::Succeeded(_) => {}
                Entry::Ended(id) => ledger.ended.push(id),
                Entry::Recovery(id) => ledger.recovery.push(id),
                Entry::Applying(id) => ledger.applying.push(id),
                Entry::Spent(generation) => ledger.spent.push(generation),
                Entry::Done(generation) => ledger.done.push(generation),
            }
            ControlFlow::Continue(())
        };
        self.ring.list(account, each).map_err(ring_failed)?;
        let Ledger { keys, ended, recovery, applying, spent, done } = &mut ledger;
        for ids in [keys, ended, recovery, applying] {
            ids.sort_unstable();
        }
        spent.sort_unstable();
        done.sort_unstable();
        Ok(ledger)
    }

    /// The generation at which a key's first page was sealed; `None` if nobody knows.
    pub(super) fn first(&self, account: &AccountName, id: KeyId) -> Result<Option<u64>, KeepError<S::Error>> {
        let mut digits = [0; 20];
        let len = self.ring.get(account, Entry::First(id), &mut digits).map_err(ring_failed)?;
        Ok(len.and_then(|len| generation(digits.get(..len)?)))
    }

    /// Whether a key was issued after a generation: its first page is of a later one.
    pub(super) fn is_after(&self, account: &AccountName, id: KeyId, base: u64) -> Result<bool, KeepError<S::Error>> {
        Ok(self.first(account, id)?.is_some_and(|first| first > base))
    }

    /// The generation at which a record was sealed; 0 if nobody knows.
    pub(super) fn sealed_at(
        &self,
        account: &AccountName,
        id: KeyId,
        header: &Header,
    ) -> Result<u64, KeepError<S::Error>> {
        Ok(self.first(account, id)?.map_or(0, |first| first.saturating_add(header.page.into())))
    }

    /// The page of a key that is sealed at a generation; `None` if it has none left, or nobody knows how many are used.
    pub(super) fn page_at(
        &self,
        account: &AccountName,
        id: KeyId,
        pages: u8,
        at: u64,
    ) -> Result<Option<u8>, KeepError<S::Error>> {
        let page = self.first(account, id)?.and_then(|first| u8::try_from(at.checked_sub(first)?).ok());
        Ok(page.filter(|page| *page < pages))
    }

    /// Turns tombstones into marks, which hold even against those who can write the store but not the ring, and ends
    /// what an earlier call marked as ended (rule 5).
    pub(super) fn note_ended(
        &self,
        account: &AccountName,
        ledger: &mut Ledger,
        survey: &mut Survey,
    ) -> Result<(), KeepError<S::Error>> {
        for id in survey.notes.iter().copied() {
            if !ledger.has_key(id) || ledger.has_ended(id) {
                continue;
            }
            match self.keeper.read_note(&Slot::note(account, id)) {
                Ok(Some(Note::Revoked { .. } | Note::Rotated { .. })) => self.mark(account, Entry::Ended(id))?,
                Ok(_) | Err(KeepError::Invalid(_)) => continue,
                Err(error) => return Err(error),
            }
            ledger.ended.push(id);
            ledger.ended.sort_unstable();
        }
        for id in ledger.ended.iter().copied().filter(|id| ledger.has_key(*id)) {
            self.end(account, id, Note::Revoked { at: self.keeper.now })?;
            survey.records.retain(|other| *other != id);
        }
        let Ledger { keys, ended, .. } = ledger;
        keys.retain(|id| ended.binary_search(id).is_err());
        Ok(())
    }
}
