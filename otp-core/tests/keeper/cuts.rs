//! Every operation cut at each of its steps: nothing that was reported is lost, and the next one clears up.

use std::cell::Cell;
use std::fmt;
use std::ops::ControlFlow;

use otp_core::keeper::ROTATION_LIMIT_SECS;
use otp_core::{Code, Coded, Grant, KeepError, Keeper, Kind, MemoryStore, Note, Slot, Store};

use crate::world::{Held, OLD, account, count, grant, now, rng, two_keys};

/// What the store fails with where it is cut.
#[derive(Debug)]
struct Cut;

impl fmt::Display for Cut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the store was cut off")
    }
}

impl std::error::Error for Cut {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        Some(&Why)
    }
}

/// Why the store was cut off.
#[derive(Debug)]
struct Why;

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the disk was pulled out")
    }
}

impl std::error::Error for Why {}

impl Coded for Cut {
    fn code(&self) -> Code {
        Code::StoreUnavailable
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum How {
    /// One step fails and does nothing; the next ones work.
    OnceBefore,
    /// One step fails although it was done; the next ones work.
    OnceAfter,
    /// The process dies before a step.
    DiesBefore,
    /// The process dies after a step, before it knows that it was done.
    DiesAfter,
}

const WAYS: [How; 4] = [How::OnceBefore, How::OnceAfter, How::DiesBefore, How::DiesAfter];

/// A store that fails at one step.
struct Cutting<'s> {
    store: &'s MemoryStore,
    how: How,
    at: usize,
    steps: Cell<usize>,
}

impl Cutting<'_> {
    fn reached(&self) -> bool {
        self.steps.get() > self.at
    }

    fn step<T>(&self, act: impl FnOnce(&MemoryStore) -> Result<T, std::convert::Infallible>) -> Result<T, Cut> {
        let step = self.steps.replace(self.steps.get() + 1);
        let dead = step > self.at && matches!(self.how, How::DiesBefore | How::DiesAfter);
        if dead || (step == self.at && matches!(self.how, How::OnceBefore | How::DiesBefore)) {
            return Err(Cut);
        }
        let Ok(value) = act(self.store);
        if step == self.at { Err(Cut) } else { Ok(value) }
    }
}

impl Store for Cutting<'_> {
    type Error = Cut;

    fn put(&self, slot: &Slot, bytes: &[u8]) -> Result<bool, Cut> {
        self.step(|store| store.put(slot, bytes))
    }

    fn get(&self, slot: &Slot, buffer: &mut [u8]) -> Result<Option<usize>, Cut> {
        self.step(|store| store.get(slot, buffer))
    }

    fn list(&self, prefix: &str, each: &mut dyn FnMut(&Slot) -> ControlFlow<()>) -> Result<(), Cut> {
        self.step(|store| store.list(prefix, each))
    }

    fn remove(&self, slot: &Slot) -> Result<bool, Cut> {
        self.step(|store| store.remove(slot))
    }
}

/// Runs an operation cut at each of its steps in each way, until a run is not reached by its cut.
fn at_each_cut(mut run: impl FnMut(&MemoryStore, &Cutting<'_>)) {
    let mut cuts = 0;
    for how in WAYS {
        for at in 0.. {
            let store = MemoryStore::new();
            // The world is made on `store`, out of reach of the cut.
            let cutting = Cutting { store: &store, how, at, steps: Cell::new(0) };
            run(&store, &cutting);
            if !cutting.reached() {
                break;
            }
            cuts += 1;
        }
    }
    assert!(cuts >= WAYS.len() * 3, "only {cuts} cuts");
}

fn dies(how: How) -> bool {
    matches!(how, How::DiesBefore | How::DiesAfter)
}

#[test]
fn an_add_that_is_cut_can_be_repeated() {
    at_each_cut(|store, cutting| {
        let added = Keeper::new(cutting, now()).add(&account(), OLD, &grant("first"), &mut rng(2));
        let keeper = Keeper::new(store, now());
        match added {
            Ok(key) => assert_eq!(Held::new(&key).opens(store).unwrap(), OLD),
            Err(error) => {
                assert!(matches!(error, KeepError::Store(Cut)));
                // Only who dies between the record and his report leaves an account whose key nobody has.
                if count(store, Kind::Record) > 0 {
                    assert!(dies(cutting.how));
                    keeper.remove(&account()).unwrap();
                }
                let key = keeper.add(&account(), b"again", &grant("first"), &mut rng(3)).unwrap();
                assert_eq!(Held::new(&key).opens(store).unwrap(), b"again");
            }
        }
        assert_eq!(count(store, Kind::Record), 1);
    });
}

#[test]
fn an_issue_that_is_cut_leaves_every_key_and_can_be_repeated() {
    at_each_cut(|store, cutting| {
        let keys = two_keys(store);
        let issued = Keeper::new(cutting, now()).issue(keys[0].key(), &grant("third"), &mut rng(2));
        let records = count(store, Kind::Record);
        match issued {
            Ok(key) => assert_eq!(Held::new(&key).opens(store).unwrap(), OLD),
            Err(error) => {
                assert!(matches!(error, KeepError::Store(Cut)));
                assert!(records == 2 || dies(cutting.how), "a record is left that could have been taken back");
            }
        }
        let key = Keeper::new(store, now()).issue(keys[0].key(), &grant("third"), &mut rng(3)).unwrap();
        assert_eq!(Held::new(&key).opens(store).unwrap(), OLD);
        for key in &keys {
            assert_eq!(key.opens(store).unwrap(), OLD);
        }
    });
}

#[test]
fn an_issue_beside_a_crashed_rotation_that_is_cut_leaves_every_key() {
    at_each_cut(|store, cutting| {
        let keys = two_keys(store);
        let sign = Slot { kind: Kind::Rotation, ..Slot::record(&account(), keys[0].id) };
        store.put(&sign, &Note::Rotating { since: now() }.encode()).unwrap();
        let later = now().after(ROTATION_LIMIT_SECS);
        if let Err(error) = Keeper::new(cutting, later).issue(keys[0].key(), &grant("third"), &mut rng(2)) {
            assert!(matches!(error, KeepError::Store(Cut)));
        }
        Keeper::new(store, later).issue(keys[1].key(), &grant("fourth"), &mut rng(3)).unwrap();
        assert_eq!(count(store, Kind::Rotation), 0);
        for key in &keys {
            assert_eq!(key.opens(store).unwrap(), OLD);
        }
    });
}

#[test]
fn a_revoke_that_is_cut_never_lets_a_key_open_again() {
    for grace in [false, true] {
        at_each_cut(|store, cutting| {
            let mut keys = two_keys(store);
            let mut other = OLD;
            if grace {
                let keeper = Keeper::new(store, now());
                let rotation = keeper.rotate(&account(), b"new", &Grant::default(), Some(60), &mut rng(4)).unwrap();
                let replaced = rotation.replacements().iter().find(|new| new.old == keys[0].id).unwrap();
                let new = Held::new(&replaced.key);
                rotation.finish().unwrap();
                (keys[0], other) = (new, b"new");
            }
            let id = keys[1].id;
            let before = keys[1].opens(store);
            assert_eq!(before.as_deref(), Some(OLD));

            let revoked = Keeper::new(cutting, now()).revoke(&account(), id);
            let after = keys[1].opens(store);
            assert!(revoked.is_err() || after.is_none());
            // A repeated call ends it, or says that it is ended.
            match Keeper::new(store, now()).revoke(&account(), id) {
                Ok(()) => assert!(revoked.is_err()),
                Err(error) => assert!(matches!(error, KeepError::NoKey { .. }) && after.is_none(), "{error}"),
            }
            assert_eq!(keys[1].opens(store), None);
            assert_eq!(keys[0].opens(store).unwrap(), other);
        });
    }
}

#[test]
fn whoever_a_cut_rotation_finds_has_a_key_that_opens_something_right() {
    for grace in [None, Some(60)] {
        at_each_cut(|store, cutting| {
            let keys = two_keys(store);
            let keeper = Keeper::new(cutting, now());
            let mut handed = Vec::new();
            let mut finished = false;
            if let Ok(rotation) = keeper.rotate(&account(), b"new", &Grant::default(), grace, &mut rng(2)) {
                handed = rotation.replacements().iter().map(|new| (new.old, Held::new(&new.key))).collect();
                assert_eq!(handed.len(), 2);
                finished = rotation.finish().is_ok();
            } else {
                let records = count(store, Kind::Record);
                assert!(records == 2 || dies(cutting.how), "records are left that could have been taken back");
            }
            for key in &keys {
                // Until the new keys were handed over the old one opens, and from then on the new one.
                match handed.iter().find(|(old, _)| *old == key.id) {
                    Some((_, new)) => assert_eq!(new.opens(store).unwrap(), b"new"),
                    None => assert_eq!(key.opens(store).unwrap(), OLD),
                }
                let old = key.opens(store);
                assert!(old.is_none() || old.as_deref() == Some(OLD));
                assert!(!finished || old.is_some() == grace.is_some());
            }

            // Who rotates again needs a lock or an hour's patience if the sign is left: by one who died, or where it
            // was the sign's removal that failed, after all else was done.
            let sign_is_left = count(store, Kind::Rotation) > 0;
            assert!(
                !sign_is_left
                    || dies(cutting.how)
                    || keys.iter().all(|key| key.opens(store).is_some() == grace.is_some())
            );
            let (again, late) = (Keeper::new(store, now()), now().after(ROTATION_LIMIT_SECS));
            let again = match (sign_is_left, cutting.at % 2) {
                (false, _) => again,
                (true, 0) => again.alone(),
                (true, _) => Keeper::new(store, late),
            };
            let rotation = again.rotate(&account(), b"newer", &Grant::default(), None, &mut rng(3)).unwrap();
            let newest: Vec<_> = rotation.replacements().iter().map(|new| Held::new(&new.key)).collect();
            rotation.finish().unwrap();
            assert!(newest.len() >= 2);
            for key in &newest {
                assert_eq!(key.opens_at(store, late).unwrap(), b"newer");
            }
            for key in keys.iter().chain(handed.iter().map(|(_, new)| new)) {
                assert_eq!(key.opens(store), None);
            }
            assert_eq!((count(store, Kind::Record), count(store, Kind::Rotation)), (newest.len(), 0));
        });
    }
}

#[test]
fn an_abandoned_rotation_that_is_cut_changes_nothing_for_anybody() {
    at_each_cut(|store, cutting| {
        let keys = two_keys(store);
        let keeper = Keeper::new(cutting, now());
        if let Ok(rotation) = keeper.rotate(&account(), b"new", &Grant::default(), None, &mut rng(2)) {
            let left = rotation.abandon();
            assert!(left.is_ok() || cutting.reached());
        }
        for key in &keys {
            assert_eq!(key.opens(store).unwrap(), OLD);
        }
        if !dies(cutting.how) {
            let issued = Keeper::new(store, now()).issue(keys[0].key(), &grant("third"), &mut rng(3));
            // The step that failed may be the one that removes the sign.
            assert!(issued.is_ok() || count(store, Kind::Rotation) == 1);
        }
    });
}

#[test]
fn a_removal_that_is_cut_can_be_repeated() {
    at_each_cut(|store, cutting| {
        let keys = two_keys(store);
        Keeper::new(store, now()).revoke(&account(), keys[1].id).unwrap();
        let removed = Keeper::new(cutting, now()).remove(&account());
        match Keeper::new(store, now()).remove(&account()) {
            Ok(()) => assert!(removed.is_err()),
            Err(error) => assert!(matches!(error, KeepError::NoAccount { .. })),
        }
        assert_eq!([Kind::Record, Kind::Note, Kind::Rotation].map(|kind| count(store, kind)), [0; 3]);
        assert!(keys.iter().all(|key| key.opens(store).is_none()));
    });
}

#[test]
fn an_error_of_the_store_is_shown_as_it_is_and_keeps_its_cause() {
    use std::error::Error as _;

    let error = KeepError::Store(Cut);
    assert_eq!((error.to_string(), error.code()), (Cut.to_string(), Code::StoreUnavailable));
    assert_eq!(error.source().unwrap().to_string(), "the disk was pulled out");
}
