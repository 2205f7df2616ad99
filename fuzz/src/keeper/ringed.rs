//! Sequences of operations with a ring, interrupted by crashes, while others write to the store.

use std::cell::{Cell, RefCell};
use std::num::NonZeroU8;

use arbitrary::{Arbitrary, Unstructured};
use otp_core::keeper::ringed::{Applied, Change, RingKeeper, RingRotation};
use otp_core::rand_core::TryCryptoRng;
use otp_core::{
    AccountName, Grant, KeepError, Keeper, Key, KeyId, Kind, MemoryRing, MemoryStore, Slot, Store, UnixTime,
};
use otp_reference::rng;

use super::cutting::{Cutting, Dead, Seals};
use crate::objects::objects;
use crate::valid::{account, time};

#[derive(Arbitrary, Clone, Copy, Debug)]
enum Database {
    Changes,
    SaysUnchanged,
    DiesBefore,
    DiesAfter,
}

#[derive(Arbitrary, Debug)]
enum Act {
    Add {
        pages: u8,
    },
    Issue {
        pages: u8,
    },
    Revoke {
        key: u8,
        with_ring: bool,
    },
    Rotate {
        new_keys: bool,
        database: Database,
    },
    Resume {
        database: Database,
    },
    Abort {
        database: Database,
    },
    Forget,
    Remove {
        force: bool,
    },
    /// Others put an old object back, take one away, or plant a new one.
    Restore {
        step: u8,
        object: u8,
    },
    TakeAway {
        object: u8,
    },
    Plant {
        kind: u8,
        id: u8,
        bytes: Vec<u8>,
    },
}

#[derive(Arbitrary, Debug)]
struct Step {
    act: Act,
    /// After how many steps of the store the process dies.
    dies: Option<u8>,
    after: bool,
}

struct World {
    account: AccountName,
    store: MemoryStore,
    ring: MemoryRing,
    seals: Seals,
    now: UnixTime,
    password: RefCell<Vec<u8>>,
    /// Every secret that the account may have had, in order.
    secrets: Vec<Vec<u8>>,
    /// The keys that were handed over, and for each that ended, how many secrets there were by then.
    keys: RefCell<Vec<(String, Option<usize>)>>,
    /// The store's contents before each step.
    past: Vec<Vec<(Slot, Vec<u8>)>>,
    /// Whether nobody else has written to the store.
    honest: bool,
    draws: u64,
}

/// Performs the steps that arbitrary bytes describe.
pub(super) fn ringed(data: &[u8]) {
    let Ok(steps) = Vec::<Step>::arbitrary_take_rest(Unstructured::new(data)) else { return };
    let mut world = World {
        account: account("a"),
        store: MemoryStore::new(),
        ring: MemoryRing::new(),
        seals: Seals::default(),
        now: time(1_800_000_000),
        password: RefCell::new(b"0".to_vec()),
        secrets: vec![b"0".to_vec()],
        keys: RefCell::new(Vec::new()),
        past: Vec::new(),
        honest: true,
        draws: 0,
    };
    for step in steps.iter().take(16) {
        let Ok(before) = objects(&world.store);
        world.past.push(before);
        world.perform(step);
        world.check();
    }
}

type TheKeeper<'s, 'm, 'r> = RingKeeper<'s, 'r, Cutting<'m>, MemoryRing>;

impl World {
    fn with<T>(&mut self, step: &Step, act: impl FnOnce(&Self, &TheKeeper<'_, '_, '_>, &mut dyn Random) -> T) -> T {
        self.draws += 1;
        let left = Cell::new(step.dies.map_or(usize::MAX, usize::from));
        let store = Cutting { store: &self.store, seals: &self.seals, left, after: step.after };
        let keeper = Keeper::new(&store, self.now).with_ring(&self.ring);
        act(self, &keeper, &mut rng(self.draws))
    }

    fn apply(&self, change: Change<'_>, database: Database) -> Applied {
        let mut password = self.password.borrow_mut();
        if *password != change.old && *password != change.new {
            return Applied::InDoubt;
        }
        match database {
            Database::SaysUnchanged if *password != change.new => return Applied::Unchanged,
            Database::DiesBefore => return Applied::InDoubt,
            Database::Changes | Database::SaysUnchanged | Database::DiesAfter => *password = change.new.to_vec(),
        }
        if matches!(database, Database::DiesAfter) { Applied::InDoubt } else { Applied::Done }
    }

    fn give(&self, key: &Key<Vec<u8>>) {
        self.keys.borrow_mut().push((key.to_text().as_str().to_owned(), None));
    }

    fn perform(&mut self, step: &Step) {
        let grant = |pages: u8| Grant::default().with_pages(NonZeroU8::new(pages % 6));
        let take =
            |world: &Self, new: &[otp_core::keeper::Replacement]| new.iter().for_each(|new| world.give(&new.key));
        match step.act {
            Act::Add { pages } => self.with(step, |world, keeper, mut rng| {
                let password = world.password.borrow().clone();
                if let Ok(key) = keeper.add(&world.account, &password, &grant(pages), &mut rng) {
                    world.give(&key);
                }
            }),
            Act::Issue { pages } => self.with(step, |world, keeper, mut rng| {
                let source = keeper.current_key(&world.account);
                if let Ok(key) = source.and_then(|source| keeper.issue(source, &grant(pages), &mut rng)) {
                    world.give(&key);
                }
            }),
            Act::Revoke { key, with_ring } => {
                let count = self.keys.borrow().len();
                let at = usize::from(key) % count.max(1);
                let Some(id) = self.keys.borrow().get(at).map(|(text, _)| held(text).id()) else { return };
                let revoked = self.with(step, |world, keeper, _| {
                    if with_ring {
                        keeper.revoke(&world.account, id)
                    } else {
                        keeper.keeper().revoke(&world.account, id)
                    }
                });
                // Without the ring, a revocation does not bind those who can write to the store.
                if revoked.is_ok() && (with_ring || self.honest) {
                    self.keys.borrow_mut()[at].1.get_or_insert(self.secrets.len());
                }
            }
            Act::Rotate { new_keys, database } => {
                let new = self.secrets.len().to_string().into_bytes();
                self.secrets.push(new.clone());
                let mut options = RingRotation::default();
                options.new_keys = new_keys;
                let done = self.with(step, |world, keeper, mut rng| {
                    let change = |_: &[u8]| Ok::<_, KeepError<Dead>>(new);
                    let apply = |(): &(), change: Change<'_>| world.apply(change, database);
                    keeper.rotate(&world.account, change, &options, &mut rng, apply, |new| {
                        take(world, new);
                        Ok(())
                    })
                });
                self.check_served(done.is_ok());
            }
            Act::Resume { database } => {
                let done = self.with(step, |world, keeper, mut rng| {
                    let apply = |(): &(), change: Change<'_>| world.apply(change, database);
                    let options = RingRotation::default();
                    let take = |new: &[otp_core::keeper::Replacement]| {
                        take(world, new);
                        Ok::<_, KeepError<Dead>>(())
                    };
                    keeper.resume(&world.account, &options, &mut rng, apply, take)
                });
                self.check_served(matches!(done, Ok(Some(_))));
            }
            Act::Abort { database } => {
                let apply = |world: &Self, change: Change<'_>| world.apply(change, database);
                let _ = self.with(step, |world, keeper, _| {
                    keeper.abort(&world.account, |(): &(), change| apply(world, change))
                });
            }
            Act::Forget => {
                let _ = self.with(step, |world, keeper, _| keeper.forget_rotation(&world.account));
                // Somebody may or may not set the password by hand.
                self.honest = false;
            }
            Act::Remove { force } => {
                let _ = self.with(step, |world, keeper, _| keeper.remove(&world.account, force));
                self.honest = false;
            }
            Act::Restore { step, object } => {
                let past = &self.past[usize::from(step) % self.past.len()];
                if let Some((slot, bytes)) = past.get(usize::from(object) % past.len().max(1)) {
                    let Ok(_) = self.store.remove(slot);
                    let Ok(_) = self.store.put(slot, bytes);
                }
                self.honest = false;
            }
            Act::TakeAway { object } => {
                let Ok(all) = objects(&self.store);
                all.get(usize::from(object) % all.len().max(1)).map(|(slot, _)| self.store.remove(slot));
                self.honest = false;
            }
            Act::Plant { kind, id, ref bytes } => {
                let kind = Kind::ALL[usize::from(kind) % Kind::ALL.len()];
                // A claim that is near, a distant one, or an id as other objects have.
                let id = if id < 200 { Slot::claim(&self.account, id.into()).id } else { KeyId::from_bytes([id; 10]) };
                let Ok(_) =
                    self.store.put(&Slot { account: self.account.clone(), id, kind }, &bytes[..bytes.len().min(600)]);
                self.honest = false;
            }
        }
    }

    fn open(&self, text: &str) -> Option<Vec<u8>> {
        Keeper::new(&self.store, self.now).open(held(text)).ok().map(|secret| secret.expose().to_vec())
    }

    /// Whatever happens, a key opens only secrets of its account, and none newer than its own end.
    fn check(&self) {
        for (text, ended) in &*self.keys.borrow() {
            if let Some(secret) = self.open(text) {
                let at = self.secrets.iter().position(|other| *other == secret).expect("a secret of the account");
                assert!(ended.is_none_or(|ended| at < ended), "a revoked key got a new secret");
            }
        }
    }

    /// The published secret is the database's, and every key that opens has it.
    fn check_served(&self, published: bool) {
        if published && self.honest {
            let keeper = Keeper::new(&self.store, self.now).with_ring(&self.ring);
            let held = keeper.held(&self.account).unwrap().keys;
            // Including keys that nobody got because an answer was lost.
            let ids: Vec<KeyId> = held.iter().filter(|key| key.header.is_some()).map(|key| key.id).collect();
            let texts = ids.iter().map(|id| keeper.export(&self.account, *id).unwrap().to_text());
            let opened: Vec<_> = texts.map(|text| self.open(text.as_str())).collect();
            let password = Some(self.password.borrow().clone());
            assert!(opened.iter().all(|secret| *secret == password), "{opened:?}");
            // Revoking a new key while the old ones are about to end can leave nobody.
            let is_revoked = self.keys.borrow().iter().any(|(_, ended)| ended.is_some());
            assert!(!opened.is_empty() || is_revoked, "nobody is served");
            let given = self.keys.borrow().iter().filter_map(|(text, _)| self.open(text)).collect::<Vec<_>>();
            assert!(given.into_iter().all(|secret| Some(secret) == password));
        }
    }
}

/// A source as a trait object.
trait Random: TryCryptoRng<Error = std::convert::Infallible> {}

impl<R: TryCryptoRng<Error = std::convert::Infallible>> Random for R {}

fn held(text: &str) -> Key<Vec<u8>> {
    Key::parse_owned(text.as_bytes()).unwrap()
}
