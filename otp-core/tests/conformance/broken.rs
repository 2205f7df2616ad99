//! A store in memory that breaks one promise.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::ControlFlow;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::{self, ThreadId};

use otp_core::store::{ErrorKind, Guard, Scope, StoreError};
use otp_core::{AccountName, KeyId, Kind, MemoryStore, Slot, Store};

/// Which promise is broken.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fault {
    PutOverwrites,
    PutAnswersTrue,
    PutRefusesLongNames,
    PutMixesKinds,
    PutLosesARace,
    PutManyGoesOn,
    PutManyCountsAll,
    GetReturnsWhatFits,
    GetReadsFromTheEnd,
    GetWithNoteHasNoNote,
    ReplaceIgnoresExpected,
    ReplaceComparesTheStart,
    ReplaceCreates,
    ReplaceRemovesOtherKinds,
    ReplaceLosesARace,
    ReplaceRemovesFirst,
    RemoveAnswersTrue,
    RemoveRemovesOtherKinds,
    ListIsReversed,
    ListSortsByPath,
    ListSortsByText,
    ListTakesTextForPath,
    ListLeavesTheTopOut,
    ListGoesOn,
    ListSkips,
    ListAccountGivesAccountsBelow,
    ListAccountGoesOn,
    ListAccountSkips,
    LockStays,
    LockIsOneForAll,
    LockExcludesNobody,
}

/// Each fault, and the verb that the suite blames.
pub(crate) const FAULTS: &[(Fault, &str)] = &[
    (Fault::PutOverwrites, "put"),
    (Fault::PutAnswersTrue, "put"),
    (Fault::PutRefusesLongNames, "put"),
    (Fault::PutMixesKinds, "put"),
    (Fault::PutLosesARace, "put"),
    (Fault::PutManyGoesOn, "put_many"),
    (Fault::PutManyCountsAll, "put_many"),
    (Fault::GetReturnsWhatFits, "get"),
    (Fault::GetReadsFromTheEnd, "get"),
    (Fault::GetWithNoteHasNoNote, "get_with_note"),
    (Fault::ReplaceIgnoresExpected, "replace"),
    (Fault::ReplaceComparesTheStart, "replace"),
    (Fault::ReplaceCreates, "replace"),
    (Fault::ReplaceRemovesOtherKinds, "replace"),
    (Fault::ReplaceLosesARace, "replace"),
    (Fault::ReplaceRemovesFirst, "replace"),
    (Fault::RemoveAnswersTrue, "remove"),
    (Fault::RemoveRemovesOtherKinds, "remove"),
    (Fault::ListIsReversed, "list"),
    (Fault::ListSortsByPath, "list"),
    (Fault::ListSortsByText, "list"),
    (Fault::ListTakesTextForPath, "list"),
    (Fault::ListLeavesTheTopOut, "list"),
    (Fault::ListGoesOn, "list"),
    (Fault::ListSkips, "list"),
    (Fault::ListAccountGivesAccountsBelow, "list_account"),
    (Fault::ListAccountGoesOn, "list_account"),
    (Fault::ListAccountSkips, "list_account"),
    (Fault::LockStays, "lock"),
    (Fault::LockIsOneForAll, "lock"),
    (Fault::LockExcludesNobody, "lock"),
];

#[derive(Debug)]
pub(crate) struct Refused(ErrorKind);

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused: {:?}", self.0)
    }
}

impl std::error::Error for Refused {}

impl StoreError for Refused {
    fn kind(&self) -> ErrorKind {
        self.0
    }
}

pub(crate) struct Broken {
    store: MemoryStore,
    fault: Fault,
    /// Which thread put or replaced an object, and what it expected to find there.
    writers: Mutex<BTreeMap<Slot, (ThreadId, Vec<u8>)>>,
    locked: Mutex<BTreeSet<String>>,
    holders: AtomicUsize,
}

/// The lock's name, while it is held.
pub(crate) struct Held<'s> {
    store: &'s Broken,
    name: String,
}

impl Guard for Held<'_> {
    fn excludes_others(&self) -> bool {
        self.store.fault == Fault::LockExcludesNobody
    }
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        self.store.holders.fetch_sub(1, Ordering::SeqCst);
        if self.store.fault != Fault::LockStays {
            self.store.locked.lock().unwrap().remove(&self.name);
        }
    }
}

type Each<'a> = &'a mut dyn FnMut(&Slot) -> ControlFlow<()>;

impl Broken {
    pub(crate) fn new(fault: Fault) -> Self {
        Self {
            store: MemoryStore::new(),
            fault,
            writers: Mutex::default(),
            locked: Mutex::default(),
            holders: AtomicUsize::new(0),
        }
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn remove_other_kinds(&self, slot: &Slot) {
        for kind in Kind::ALL.iter().filter(|kind| **kind != slot.kind) {
            let Ok(_) = self.store.remove(&Slot { kind: *kind, ..slot.clone() });
        }
    }

    /// Whether another thread has just written to this object, expecting the same contents.
    fn has_lost(&self, slot: &Slot, expected: &[u8]) -> bool {
        let this = thread::current().id();
        let mut writers = self.writers.lock().unwrap();
        match writers.get(slot) {
            Some((other, before)) if before == expected => *other != this,
            _ => {
                writers.insert(slot.clone(), (this, expected.to_vec()));
                false
            }
        }
    }

    fn slots(&self, wanted: impl Fn(&AccountName) -> bool) -> Vec<Slot> {
        let mut slots = Vec::new();
        let Ok(()) = self.store.list(Scope::All, &mut |slot| {
            slots.extend(wanted(&slot.account).then(|| slot.clone()));
            ControlFlow::Continue(())
        });
        slots
    }

    /// Visits the wanted slots by number: if a callback removes an object, the next one is skipped.
    fn each_by_number(&self, wanted: impl Fn(&AccountName) -> bool, each: Each<'_>) {
        let mut number = 0;
        while let Some(slot) = self.slots(&wanted).get(number) {
            if each(slot).is_break() {
                break;
            }
            number += 1;
        }
    }
}

impl Store for Broken {
    type Error = Refused;
    type Guard<'s> = Held<'s>;

    fn lock(&self, account: &AccountName) -> Result<Held<'_>, Refused> {
        let name = if self.is(Fault::LockIsOneForAll) { "all" } else { account.as_str() }.to_owned();
        let exclusive = matches!(self.fault, Fault::LockStays | Fault::LockIsOneForAll);
        if !self.locked.lock().unwrap().insert(name.clone()) && exclusive {
            return Err(Refused(ErrorKind::Locked));
        }
        self.holders.fetch_add(1, Ordering::SeqCst);
        // The racing threads have no name; here, one of them waits for another.
        if self.is(Fault::LockExcludesNobody) && thread::current().name().is_none() {
            let _ = (0..1000).find(|_| {
                thread::yield_now();
                self.holders.load(Ordering::SeqCst) > 1
            });
        }
        Ok(Held { store: self, name })
    }

    fn put(&self, slot: &Slot, bytes: &[u8]) -> Result<bool, Refused> {
        if self.is(Fault::PutRefusesLongNames) && slot.account.as_str().len() > 100 {
            return Err(Refused(ErrorKind::Other));
        }
        let mixed = Slot { kind: Kind::Record, ..slot.clone() };
        let slot = if self.is(Fault::PutMixesKinds) && slot.kind == Kind::Staged { &mixed } else { slot };
        if self.is(Fault::PutOverwrites) {
            let Ok(_) = self.store.remove(slot);
        }
        let Ok(put) = self.store.put(slot, bytes);
        let lost = self.is(Fault::PutLosesARace) && self.has_lost(slot, b"");
        Ok(put || lost || self.is(Fault::PutAnswersTrue))
    }

    fn put_many(&self, objects: &[(Slot, &[u8])]) -> Result<usize, Refused> {
        let mut count = 0;
        for (slot, bytes) in objects {
            if self.put(slot, bytes)? {
                count += 1;
            } else if !self.is(Fault::PutManyGoesOn) {
                break;
            }
        }
        Ok(if self.is(Fault::PutManyCountsAll) { objects.len() } else { count })
    }

    fn get(&self, slot: &Slot, buffer: &mut [u8]) -> Result<Option<usize>, Refused> {
        let Ok(len) = self.store.get(slot, buffer);
        let room = buffer.len();
        if self.is(Fault::GetReadsFromTheEnd) && len.is_some_and(|len| len > room) {
            buffer.reverse();
        }
        Ok(if self.is(Fault::GetReturnsWhatFits) { len.map(|len| len.min(room)) } else { len })
    }

    fn get_with_note(
        &self,
        account: &AccountName,
        id: KeyId,
        record: &mut [u8],
        note: &mut [u8],
    ) -> Result<(Option<usize>, Option<usize>), Refused> {
        let Ok((record, note)) = self.store.get_with_note(account, id, record, note);
        Ok((record, note.filter(|_| !self.is(Fault::GetWithNoteHasNoNote))))
    }

    fn replace(&self, _guard: &Held<'_>, slot: &Slot, expected: &[u8], new: &[u8]) -> Result<bool, Refused> {
        let mut held = vec![0; 100_000];
        let Ok(len) = self.store.get(slot, &mut held);
        let held = len.map(|len| held[..len].to_vec());
        match self.fault {
            Fault::ReplaceIgnoresExpected if held.is_some() => {
                let Ok(replaced) = self.store.replace(&(), slot, held.as_deref().unwrap_or_default(), new);
                return Ok(replaced);
            }
            Fault::ReplaceComparesTheStart if held.as_ref().is_some_and(|held| held.starts_with(expected)) => {
                let Ok(replaced) = self.store.replace(&(), slot, held.as_deref().unwrap_or_default(), new);
                return Ok(replaced);
            }
            Fault::ReplaceCreates if held.is_none() => return self.put(slot, new),
            Fault::ReplaceRemovesOtherKinds => self.remove_other_kinds(slot),
            Fault::ReplaceRemovesFirst if held.as_deref() == Some(expected) => {
                let Ok(removed) = self.store.remove(slot);
                (0..1000).for_each(|_| thread::yield_now());
                return Ok(removed && self.put(slot, new)?);
            }
            _ => {}
        }
        let Ok(replaced) = self.store.replace(&(), slot, expected, new);
        let lost = self.is(Fault::ReplaceLosesARace) && expected == b"the start" && self.has_lost(slot, expected);
        Ok(replaced || lost)
    }

    fn remove(&self, slot: &Slot) -> Result<bool, Refused> {
        if self.is(Fault::RemoveRemovesOtherKinds) {
            self.remove_other_kinds(slot);
        }
        let Ok(removed) = self.store.remove(slot);
        Ok(removed || self.is(Fault::RemoveAnswersTrue))
    }

    fn list(&self, scope: Scope<'_>, each: Each<'_>) -> Result<(), Refused> {
        let wanted = |account: &AccountName| match (self.fault, scope) {
            (Fault::ListTakesTextForPath, Scope::Below(top)) => account.as_str().starts_with(top.as_str()),
            (Fault::ListLeavesTheTopOut, Scope::Below(top)) => account != top && scope.contains(account),
            _ => scope.contains(account),
        };
        if self.is(Fault::ListSkips) {
            self.each_by_number(wanted, each);
            return Ok(());
        }
        let mut slots = self.slots(wanted);
        match self.fault {
            Fault::ListIsReversed => slots.reverse(),
            Fault::ListSortsByPath => {
                slots.sort_by_key(|slot| (slot.account.as_str().replace('/', "\0"), slot.id, slot.kind));
            }
            Fault::ListSortsByText => slots.sort_by_key(|slot| (slot.account.clone(), slot.name().to_string())),
            _ => {}
        }
        for slot in &slots {
            if each(slot).is_break() && !self.is(Fault::ListGoesOn) {
                break;
            }
        }
        Ok(())
    }

    fn list_account(&self, account: &AccountName, each: Each<'_>) -> Result<(), Refused> {
        let below = self.is(Fault::ListAccountGivesAccountsBelow);
        let wanted = |other: &AccountName| other == account || below && Scope::Below(account).contains(other);
        if self.is(Fault::ListAccountSkips) {
            self.each_by_number(wanted, each);
            return Ok(());
        }
        for slot in &self.slots(wanted) {
            if each(slot).is_break() && !self.is(Fault::ListAccountGoesOn) {
                break;
            }
        }
        Ok(())
    }
}
