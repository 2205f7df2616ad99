//! An account with callers, a ring, and a database.

use std::cell::{Cell, RefCell};
use std::num::NonZeroU8;
use std::ops::ControlFlow;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use otp_core::keeper::Replacement;
use otp_core::keeper::ringed::{Applied, Change, Published, RingFinding, RingKeeper, RingRotation};
use otp_core::ring::{Entry, Ring};
use otp_core::store::Scope;
use otp_core::testing::NOW;
use otp_core::{
    AccountName, Code, Coded, Grant, Holder, KeepError, Keeper, Key, KeyId, MemoryRing, MemoryStore, Slot, Store,
    UnixTime,
};

use crate::fuse::{Blown, Fuse, FusedRing, FusedStore, Seals};

pub(crate) type Failure = KeepError<Blown>;
/// A keeper whose store and ring share a fuse.
type Fused<'s, 'r, 'a, 'f> = RingKeeper<'s, 'r, FusedStore<'a, 'f>, FusedRing<'a, 'f>>;

/// How the database reacts to a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    Changes,
    SaysUnchanged,
    /// The answer is lost before or after the change.
    DiesBefore,
    DiesAfter,
    /// It answers nothing, and changes when everybody has gone: an orphan, for which the next run must wait.
    IsLate,
}

impl Database {
    pub(crate) const ALL: [Self; 5] =
        [Self::Changes, Self::SaysUnchanged, Self::DiesBefore, Self::DiesAfter, Self::IsLate];
}

pub(crate) struct World {
    pub(crate) account: AccountName,
    pub(crate) store: MemoryStore,
    pub(crate) ring: MemoryRing,
    pub(crate) seals: Seals,
    pub(crate) now: Cell<UnixTime>,
    pub(crate) password: RefCell<Vec<u8>>,
    /// Whether the database was ever asked to change it.
    pub(crate) was_asked: Cell<bool>,
    /// What an orphan will change the password to.
    late: RefCell<Option<Vec<u8>>>,
    /// The callers' keys, as text.
    pub(crate) keys: Vec<String>,
    /// The texts of new keys, as they were handed over.
    pub(crate) handed_over: RefCell<Vec<String>>,
    draws: Cell<u8>,
}

pub(crate) fn first_password() -> Vec<u8> {
    b"first".to_vec()
}

impl World {
    /// An account with two callers, whose keys have that many pages.
    pub(crate) fn new(pages: u8) -> Self {
        Self::at(NOW, pages)
    }

    /// The same, at another time.
    pub(crate) fn at(now: UnixTime, pages: u8) -> Self {
        let mut world = Self {
            account: AccountName::parse("edms/reporting").unwrap(),
            store: MemoryStore::new(),
            ring: MemoryRing::new(),
            seals: Seals::default(),
            now: Cell::new(now),
            password: RefCell::new(first_password()),
            was_asked: Cell::new(false),
            late: RefCell::new(None),
            keys: Vec::new(),
            handed_over: RefCell::new(Vec::new()),
            draws: Cell::new(0),
        };
        let fuse = Fuse::whole();
        let (first, second) = world.with(&fuse, |ring, rng| {
            let first = ring.add(&world.account, b"first", &grant("nightly", pages), rng).unwrap().to_text();
            let key = ring.current_key(&world.account).unwrap();
            (first, ring.issue(key, &grant("hourly", pages), rng).unwrap().to_text())
        });
        drop(fuse);
        world.keys = [first, second].iter().map(|text| text.as_str().to_owned()).collect();
        world
    }

    pub(crate) fn with<'f, T>(
        &self,
        fuse: &Fuse<'f>,
        act: impl FnOnce(&Fused<'_, '_, '_, 'f>, &mut ChaCha20Rng) -> T,
    ) -> T {
        self.with_ring(&self.ring, fuse, act)
    }

    /// Like [`with`](World::with), with another ring.
    pub(crate) fn with_ring<'f, T>(
        &self,
        ring: &MemoryRing,
        fuse: &Fuse<'f>,
        act: impl FnOnce(&Fused<'_, '_, '_, 'f>, &mut ChaCha20Rng) -> T,
    ) -> T {
        let store = FusedStore { store: &self.store, fuse, seals: &self.seals };
        let ring = FusedRing { ring, fuse };
        let keeper = Keeper::new(&store, self.now.get()).with_ring(&ring);
        self.draws.set(self.draws.get() + 1);
        act(&keeper, &mut ChaCha20Rng::from_seed([self.draws.get(); 32]))
    }

    /// Changes the database as a program that keeps the contract does.
    pub(crate) fn apply(&self, change: Change<'_>, database: Database) -> Applied {
        self.was_asked.set(true);
        let mut password = self.password.borrow_mut();
        if *password != change.old && *password != change.new {
            // Neither credential logs in.
            return Applied::InDoubt;
        }
        match database {
            Database::Changes => {
                *password = change.new.to_vec();
                Applied::Done
            }
            Database::SaysUnchanged if *password == change.new => Applied::Done,
            Database::SaysUnchanged => Applied::Unchanged,
            Database::DiesBefore => Applied::InDoubt,
            Database::DiesAfter => {
                *password = change.new.to_vec();
                Applied::InDoubt
            }
            Database::IsLate => {
                *self.late.borrow_mut() = Some(change.new.to_vec());
                Applied::InDoubt
            }
        }
    }

    /// The next run holds the ring's lock, so the orphan has ended.
    pub(crate) fn wait_for_the_orphan(&self) {
        if let Some(late) = self.late.take() {
            *self.password.borrow_mut() = late;
        }
    }

    pub(crate) fn rotate(
        &self,
        fuse: &Fuse<'_>,
        new: &[u8],
        options: &RingRotation,
        database: Database,
    ) -> Result<Published, Failure> {
        self.rotate_with(&self.ring, fuse, new, options, database)
    }

    pub(crate) fn rotate_with(
        &self,
        ring: &MemoryRing,
        fuse: &Fuse<'_>,
        new: &[u8],
        options: &RingRotation,
        database: Database,
    ) -> Result<Published, Failure> {
        self.wait_for_the_orphan();
        let change = |_: &[u8]| Ok(new.to_vec());
        self.with_ring(ring, fuse, |ring, rng| {
            let apply = |(): &(), change: Change<'_>| self.apply(change, database);
            ring.rotate(&self.account, change, options, rng, apply, |new| {
                self.take(new);
                Ok(())
            })
        })
    }

    pub(crate) fn resume(&self, fuse: &Fuse<'_>, database: Database) -> Result<Option<Published>, Failure> {
        self.resume_with(&self.ring, fuse, database)
    }

    pub(crate) fn resume_with(
        &self,
        ring: &MemoryRing,
        fuse: &Fuse<'_>,
        database: Database,
    ) -> Result<Option<Published>, Failure> {
        self.wait_for_the_orphan();
        let options = RingRotation::default();
        self.with_ring(ring, fuse, |ring, rng| {
            let apply = |(): &(), change: Change<'_>| self.apply(change, database);
            ring.resume(&self.account, &options, rng, apply, |new| {
                self.take(new);
                Ok(())
            })
        })
    }

    pub(crate) fn abort(&self, fuse: &Fuse<'_>, database: Database) -> Result<(), Failure> {
        self.wait_for_the_orphan();
        self.with(fuse, |ring, _| ring.abort(&self.account, |(), change| self.apply(change, database)))
    }

    /// Receives new keys. T7: no key is handed over before its record exists.
    fn take(&self, new: &[Replacement]) {
        for new in new {
            let text = new.key.to_text().as_str().to_owned();
            assert!(self.opened(&text).is_ok(), "a key was handed over that opens nothing");
            self.handed_over.borrow_mut().push(text);
        }
    }

    /// What a caller's key opens.
    pub(crate) fn open(&self, key: usize) -> Result<Vec<u8>, Code> {
        self.opened(&self.keys[key])
    }

    /// What a key opens.
    pub(crate) fn opened(&self, text: &str) -> Result<Vec<u8>, Code> {
        let key = Key::parse_owned(text.as_bytes()).unwrap();
        let keeper = Keeper::new(&self.store, self.now.get());
        keeper.open(key).map(|secret| secret.expose().to_vec()).map_err(|error| error.code())
    }

    pub(crate) fn id(&self, key: usize) -> KeyId {
        Key::parse_owned(self.keys[key].as_bytes()).unwrap().id()
    }

    pub(crate) fn verify(&self) -> Vec<RingFinding> {
        self.with(&Fuse::whole(), |ring, _| ring.verify(&self.account).unwrap())
    }

    /// T4: every caller has the database's secret, and nothing is staged or wrong.
    pub(crate) fn check_at_rest(&self) {
        for key in 0..self.keys.len() {
            assert_eq!(self.open(key).as_ref(), Ok(&*self.password.borrow()), "key {key}");
        }
        let findings = self.verify();
        assert!(findings.is_empty(), "{findings:?}");
    }

    /// Everything in the store.
    pub(crate) fn objects(&self) -> Vec<(Slot, Vec<u8>)> {
        let mut slots = Vec::new();
        let Ok(()) = self.store.list(Scope::All, &mut |slot| {
            slots.push(slot.clone());
            ControlFlow::Continue(())
        });
        slots.into_iter().map(|slot| (slot.clone(), self.object(&slot).unwrap())).collect()
    }

    pub(crate) fn object(&self, slot: &Slot) -> Option<Vec<u8>> {
        let mut bytes = vec![0; 70_000];
        let Ok(len) = self.store.get(slot, &mut bytes);
        bytes.truncate(len?);
        Some(bytes)
    }

    /// Restores an earlier state of the store.
    pub(crate) fn restore_store(&self, objects: &[(Slot, Vec<u8>)]) {
        for (slot, _) in self.objects() {
            assert_eq!(self.store.remove(&slot), Ok(true));
        }
        for (slot, bytes) in objects {
            assert_eq!(self.store.put(slot, bytes), Ok(true));
        }
    }

    /// A copy of the ring.
    pub(crate) fn copy_of_ring(&self) -> MemoryRing {
        let copy = MemoryRing::new();
        for entry in self.entries() {
            assert_eq!(copy.put(&self.account, entry, &self.entry(entry).unwrap()), Ok(true));
        }
        copy
    }

    pub(crate) fn entries(&self) -> Vec<Entry> {
        let mut entries = Vec::new();
        let Ok(()) = self.ring.list(&self.account, &mut |entry| {
            entries.push(entry);
            ControlFlow::Continue(())
        });
        entries
    }

    pub(crate) fn entry(&self, entry: Entry) -> Option<Vec<u8>> {
        self.entry_of(&self.account, entry)
    }

    pub(crate) fn entry_of(&self, account: &AccountName, entry: Entry) -> Option<Vec<u8>> {
        let mut bytes = vec![0; 70_000];
        let Ok(len) = self.ring.get(account, entry, &mut bytes);
        bytes.truncate(len?);
        Some(bytes)
    }
}

pub(crate) fn grant(holder: &str, pages: u8) -> Grant {
    Grant::default().held_by(Some(Holder::parse(holder).unwrap())).with_pages(NonZeroU8::new(pages))
}
