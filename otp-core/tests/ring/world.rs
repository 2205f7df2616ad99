//! An account with callers, a ring, and a database.

use std::cell::RefCell;
use std::num::NonZeroU8;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use otp_core::keeper::ringed::{Applied, Change, Published, RingKeeper, RingRotation};
use otp_core::testing::NOW;
use otp_core::{AccountName, Code, Coded, Grant, Holder, KeepError, Keeper, Key, MemoryRing, MemoryStore};

use crate::fuse::{Blown, Fuse, FusedRing, FusedStore, Seals};

pub(crate) type Failure = KeepError<Blown>;

/// What the database does when it is asked to change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Database {
    Changes,
    SaysUnchanged,
    /// The answer is lost before or after the change.
    DiesBefore,
    DiesAfter,
}

pub(crate) struct World {
    pub(crate) account: AccountName,
    pub(crate) store: MemoryStore,
    pub(crate) ring: MemoryRing,
    pub(crate) seals: Seals,
    pub(crate) password: RefCell<Vec<u8>>,
    /// The callers' keys, as text.
    pub(crate) keys: Vec<String>,
    rng: RefCell<ChaCha20Rng>,
}

impl World {
    /// An account with two callers, whose keys have so many pages.
    pub(crate) fn new(pages: u8) -> Self {
        let mut world = Self {
            account: AccountName::parse("edms/reporting").unwrap(),
            store: MemoryStore::new(),
            ring: MemoryRing::new(),
            seals: Seals::default(),
            password: RefCell::new(b"first".to_vec()),
            keys: Vec::new(),
            rng: RefCell::new(ChaCha20Rng::from_seed([1; 32])),
        };
        let grant =
            |holder| Grant::default().held_by(Some(Holder::parse(holder).unwrap())).with_pages(NonZeroU8::new(pages));
        let fuse = Fuse::whole();
        let (first, second) = world.with(&fuse, |ring, rng| {
            let first = ring.add(&world.account, b"first", &grant("nightly"), rng).unwrap().to_text();
            let key = ring.current_key(&world.account).unwrap();
            (first, ring.issue(key, &grant("hourly"), rng).unwrap().to_text())
        });
        world.keys = [first, second].iter().map(|text| text.as_str().to_owned()).collect();
        world
    }

    pub(crate) fn with<T>(
        &self,
        fuse: &Fuse,
        act: impl FnOnce(&RingKeeper<'_, '_, FusedStore<'_>, FusedRing<'_>>, &mut ChaCha20Rng) -> T,
    ) -> T {
        let store = FusedStore { store: &self.store, fuse, seals: &self.seals };
        let ring = FusedRing { ring: &self.ring, fuse };
        let keeper = Keeper::new(&store, NOW).with_ring(&ring);
        act(&keeper, &mut self.rng.borrow_mut())
    }

    /// Changes the database, as a program that keeps the contract does.
    pub(crate) fn apply(&self, change: Change<'_>, database: Database) -> Applied {
        let mut password = self.password.borrow_mut();
        assert!(*password == change.old || *password == change.new, "neither credential logs in");
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
        }
    }

    pub(crate) fn rotate(
        &self,
        fuse: &Fuse,
        new: &[u8],
        options: &RingRotation,
        database: Database,
    ) -> Result<Published, Failure> {
        let change = |_: &[u8]| Ok(new.to_vec());
        self.with(fuse, |ring, rng| {
            ring.rotate(&self.account, change, options, rng, |_, change| self.apply(change, database), |_| Ok(()))
        })
    }

    pub(crate) fn resume(&self, fuse: &Fuse, database: Database) -> Result<Option<Published>, Failure> {
        let options = RingRotation::default();
        self.with(fuse, |ring, rng| {
            ring.resume(&self.account, &options, rng, |_, change| self.apply(change, database), |_| Ok(()))
        })
    }

    /// What a caller's key opens.
    pub(crate) fn open(&self, key: usize) -> Result<Vec<u8>, Code> {
        let key = Key::parse_owned(self.keys[key].as_bytes()).unwrap();
        let keeper = Keeper::new(&self.store, NOW);
        keeper.open(key).map(|secret| secret.expose().to_vec()).map_err(|error| error.code())
    }

    /// T4: every caller has the secret of the database, and nothing is staged or wrong.
    pub(crate) fn check_at_rest(&self) {
        for key in 0..self.keys.len() {
            assert_eq!(self.open(key).as_ref(), Ok(&*self.password.borrow()), "key {key}");
        }
        let findings = self.with(&Fuse::whole(), |ring, _| ring.verify(&self.account).unwrap());
        assert!(findings.is_empty(), "{findings:?}");
    }
}
