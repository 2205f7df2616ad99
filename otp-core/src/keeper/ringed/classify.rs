//! What a rotation will do with each key, known before the database is touched (rule 8).

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
    Known(Known<M>),
}

/// What a rotation does with the keys of an account.
#[derive(Default)]
pub(super) struct Classes {
    /// Keys whose next page is sealed.
    pub(super) resealed: Vec<KeyId>,
    /// Of these, the keys whose records are of an older page than the last finished rotation's.
    pub(super) behind: Vec<KeyId>,
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
        let Some(key) = self.read_key(account, Entry::Key(id), id)? else { return Ok(Standing::Unknown) };
        if verify(&key, &record).is_err() {
            return Ok(Standing::Unknown);
        }
        let header = record.header().clone();
        Ok(Standing::Known(Known { key, header, record: bytes }))
    }

    /// Classifies every key for a rotation to the generation `next`, to a payload of `payload_len` bytes.
    pub(super) fn classify(
        &self,
        account: &AccountName,
        records: &[KeyId],
        ledger: &Ledger,
        next: u64,
        payload_len: usize,
        options: &RingRotation,
    ) -> Result<Classes, KeepError<S::Error>> {
        let mut classes = Classes::default();
        for id in records.iter().copied() {
            match self.standing(account, id)? {
                Standing::Ended => {}
                Standing::Grace => classes.ended.push(id),
                Standing::Unknown if options.end_unknown.contains(&id) => classes.ended.push(id),
                Standing::Unknown => classes.unknown.push(id),
                Standing::Known(known) if options.is_expired(&known.header, &self.keeper) => classes.ended.push(id),
                Standing::Known(Known { key, header, .. }) => {
                    let page = self.page_at(account, id, key.pages().get(), next)?;
                    if page.is_none() && ledger.succeeded.binary_search(&id).is_ok() {
                        classes.ended.push(id);
                    } else if page.is_none() || payload_len > key.capacity().bytes() || options.new_keys {
                        classes.replaced.push(id);
                    } else {
                        classes.resealed.push(id);
                        if self.page_at(account, id, key.pages().get(), ledger.highest_done())?.unwrap_or(0)
                            > header.page
                        {
                            classes.behind.push(id);
                        }
                    }
                }
            }
        }
        classes.orphaned = ledger.keys.iter().copied().filter(|id| records.binary_search(id).is_err()).collect();
        Ok(classes)
    }
}

impl RingRotation {
    fn is_expired<S: Store, M: OwnedBuffer>(&self, header: &Header, keeper: &Keeper<'_, S, M>) -> bool {
        self.expires.or(header.terms.expires).is_some_and(|at| keeper.now >= at)
    }
}
