//! What a rotation will do with each key, known before the database is touched (rule 8).

use alloc::boxed::Box;
use alloc::vec::Vec;

use super::ledger::Ledger;
use super::ring_keeper::RingKeeper;
use super::rotate::RingRotation;
use crate::buffer::{Buffer, OwnedBuffer};
use crate::frame::Capacity;
use crate::id::KeyId;
use crate::keeper::keeper::Live;
use crate::keeper::{KeepError, Keeper};
use crate::key::Key;
use crate::name::AccountName;
use crate::record::{Header, Record};
use crate::ring::{Entry, Ring};
use crate::seal::verify;
use crate::store::Store;

/// A record, and the ring's key that opens it.
pub(super) struct Known<M: Buffer> {
    pub(super) key: Key<M>,
    pub(super) header: Header,
    pub(super) record: Vec<u8>,
}

/// What a record is to a ring.
pub(super) enum Standing<M: Buffer> {
    /// It is gone, or a note says that its key has ended.
    Ended,
    /// The key was replaced without a ring, and opens an old secret until its grace period ends.
    Grace,
    /// The ring has no key that opens it.
    Unknown,
    /// The ring's key opens it.
    Known(Box<Known<M>>),
}

/// What a rotation does with the keys of an account.
#[derive(Default)]
pub(super) struct Classes {
    /// Keys whose next page is sealed.
    pub(super) resealed: Vec<KeyId>,
    /// Of these, the keys whose records are of an older page than the last finished rotation's.
    pub(super) behind: Vec<KeyId>,
    /// Of the resealed, the keys whose next page is their last one.
    pub(super) last_page: Vec<KeyId>,
    /// Keys whose last page has the new secret already: an earlier run of this rotation sealed it.
    pub(super) served: Vec<KeyId>,
    /// Keys that get a successor and end.
    pub(super) replaced: Vec<KeyId>,
    /// Keys that end without one: expired, replaced before, named by the caller.
    pub(super) ended: Vec<KeyId>,
    /// Records that the ring knows nothing of.
    pub(super) unknown: Vec<KeyId>,
    /// Keys of the ring whose records are gone.
    pub(super) orphaned: Vec<KeyId>,
}

impl<S: Store, R: Ring, M: OwnedBuffer> RingKeeper<'_, '_, S, R, M> {
    /// Reads a record and finds out what it is to the ring.
    pub(super) fn standing(&self, account: &AccountName, id: KeyId) -> Result<Standing<M>, KeepError<S::Error>> {
        let Live { bytes, grace } = match self.keeper.read_live(account, id, Record::max_len(Capacity::MIN)) {
            Ok(live) => live,
            Err(KeepError::NoKey { .. }) => return Ok(Standing::Ended),
            Err(KeepError::Invalid(_)) => return Ok(Standing::Unknown),
            Err(error) => return Err(error),
        };
        if grace.is_some() {
            return Ok(Standing::Grace);
        }
        let Ok(record) = Record::decode(&bytes) else { return Ok(Standing::Unknown) };
        // Rule 5: whatever the store says.
        if self.is_ended(account, id)? {
            return Ok(Standing::Unknown);
        }
        let Some(key) = self.read_key(account, Entry::Key(id), id)? else { return Ok(Standing::Unknown) };
        if verify(&key, &record).is_err() {
            return Ok(Standing::Unknown);
        }
        let header = record.header().clone();
        Ok(Standing::Known(Box::new(Known { key, header, record: bytes })))
    }

    /// Classifies every key of an account.
    pub(super) fn classify(
        &self,
        account: &AccountName,
        records: &[KeyId],
        ledger: &Ledger,
        target: &Target<'_>,
    ) -> Result<Classes, KeepError<S::Error>> {
        let mut classes = Classes::default();
        for id in records.iter().copied() {
            match self.standing(account, id)? {
                Standing::Ended => {}
                // An earlier call was cut short while it ended the key.
                Standing::Unknown if ledger.has_ended(id) && ledger.has_key(id) => classes.ended.push(id),
                Standing::Grace => classes.ended.push(id),
                Standing::Unknown if target.options.end_unknown.contains(&id) => classes.ended.push(id),
                Standing::Unknown => classes.unknown.push(id),
                Standing::Known(known) if target.options.is_expired(&known.header, &self.keeper) => {
                    classes.ended.push(id);
                }
                Standing::Known(known) => self.place(account, id, *known, ledger, target, &mut classes)?,
            }
        }
        classes.orphaned = ledger.keys.iter().copied().filter(|id| records.binary_search(id).is_err()).collect();
        Ok(classes)
    }

    /// Finds the class of a key that opens its record.
    fn place(
        &self,
        account: &AccountName,
        id: KeyId,
        known: Known<M>,
        ledger: &Ledger,
        target: &Target<'_>,
        classes: &mut Classes,
    ) -> Result<(), KeepError<S::Error>> {
        let Known { key, header, .. } = known;
        let pages = key.pages().get();
        let page = self.page_at(account, id, pages, target.generation)?;
        let sealed = self.sealed_at(account, id, &header)?;
        let is_replaced = target.options.new_keys && !self.is_after(account, id, target.base)?;
        // Rule 3: a record of this generation or a later one is another run's, whose claim this run or this ring does not know.
        if sealed >= target.generation && !is_replaced {
            return Err(target.overtaken(account, sealed));
        }
        if page.is_some() && target.payload_len <= key.capacity().bytes() && !is_replaced {
            classes.resealed.push(id);
            if page == Some(pages - 1) {
                classes.last_page.push(id);
            }
            if self.page_at(account, id, pages, ledger.highest_done())?.unwrap_or(0) > header.page {
                classes.behind.push(id);
            }
        } else if sealed > target.base && header.page + 1 == pages && !is_replaced {
            classes.served.push(id);
        } else if self.succeeded_by(account, id)?.is_some() {
            classes.ended.push(id);
        } else {
            classes.replaced.push(id);
        }
        Ok(())
    }
}

/// What a rotation is heading for.
pub(super) struct Target<'a> {
    /// The generation whose pages it seals.
    pub(super) generation: u64,
    /// The generation that the account had reached when it began.
    pub(super) base: u64,
    /// The length of the new payload in bytes.
    pub(super) payload_len: usize,
    /// The new payload, once the database has it.
    pub(super) published: Option<&'a [u8]>,
    pub(super) options: &'a RingRotation,
}

impl<'a> Target<'a> {
    /// Why it can't go on past a record of the generation `sealed`.
    fn overtaken<E>(&self, account: &AccountName, sealed: u64) -> KeepError<E> {
        let account = account.clone().into();
        if self.published.is_some() {
            KeepError::Overtaken { account }
        } else {
            KeepError::StaleRing { account, claimed: sealed, spent: self.base }
        }
    }

    /// The target before the database is touched.
    pub(super) fn before(base: u64, payload_len: usize, options: &'a RingRotation) -> Self {
        Self { generation: base.saturating_add(1), base, payload_len, published: None, options }
    }
}

impl RingRotation {
    fn is_expired<S: Store, M: OwnedBuffer>(&self, header: &Header, keeper: &Keeper<'_, S, M>) -> bool {
        self.expires.or(header.terms.expires).is_some_and(|at| keeper.now >= at)
    }
}
