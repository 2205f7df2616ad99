//! The operations, and what must hold after each wherever it was cut off.

use alloc::vec::Vec;

use super::case::Case;
use super::cutting::Cut;
use crate::keeper::{Grant, KeepError, Keeper, ROTATION_LIMIT_SECS, Rotation, Tombstone};
use crate::note::Note;
use crate::store::{Guard, Kind, Slot, Store};
use crate::testing::world::{HeldKey, NOW, SECRET, TestRng, count, grant, two_keys};
use crate::time::UnixTime;

const NEW: &[u8] = b"the new secret";
const NEWEST: &[u8] = b"the newest secret";

impl<S: Store> Case<'_, S> {
    fn count(&self, kind: Kind) -> usize {
        count(self.store, &self.account, kind)
    }

    fn all_open(&self, keys: &[HeldKey], secret: Option<&[u8]>) -> bool {
        keys.iter().all(|key| key.open(self.store).as_deref() == secret)
    }

    /// Fails if an operation failed for any reason but the cut.
    #[track_caller]
    fn failed_by_the_cut(&self, error: &KeepError<Cut>) {
        self.promise(matches!(error, KeepError::Store(Cut)), "an operation that is cut off reports the store's error");
    }
}

pub(super) fn add<S: Store>(case: &Case<'_, S>) {
    let (store, account) = (case.store, &case.account);
    let added = Keeper::new(&case.cutting, NOW).add(account, SECRET, &grant("first"), &mut TestRng::new(2));
    match added {
        Ok(key) => {
            let opened = HeldKey::new(&key).open(store);
            case.promise(opened.as_deref() == Some(SECRET), "add: a key that was given opens what was sealed");
        }
        Err(error) => {
            case.failed_by_the_cut(&error);
            let keeper = Keeper::new(store, NOW);
            if case.count(Kind::Record) > 0 {
                // Nobody has the key of a record whose process died before it could hand the key over.
                case.promise(case.cutting.dies(), "add: a record whose key was not given is taken back");
                keeper.remove(account).unwrap();
            }
            let key = keeper.add(account, NEW, &grant("first"), &mut TestRng::new(3)).unwrap();
            let opened = HeldKey::new(&key).open(store);
            case.promise(opened.as_deref() == Some(NEW), "add: it can be repeated");
        }
    }
    case.promise(case.count(Kind::Record) == 1, "add: the account has one key");
}

pub(super) fn issue<S: Store>(case: &Case<'_, S>) {
    let (store, keys) = (case.store, two_keys(case.store, &case.account));
    let issued = Keeper::new(&case.cutting, NOW).issue(keys[0].key(), &grant("third"), &mut TestRng::new(2));
    match issued {
        Ok(key) => {
            let opened = HeldKey::new(&key).open(store);
            case.promise(opened.as_deref() == Some(SECRET), "issue: a key that was given opens the secret");
        }
        Err(error) => {
            case.failed_by_the_cut(&error);
            let is_clean = case.count(Kind::Record) == 2;
            case.promise(is_clean || case.cutting.dies(), "issue: a record whose key was not given is taken back");
        }
    }
    let again = Keeper::new(store, NOW).issue(keys[0].key(), &grant("third"), &mut TestRng::new(3)).unwrap();
    case.promise(HeldKey::new(&again).open(store).as_deref() == Some(SECRET), "issue: it can be repeated");
    case.promise(case.all_open(&keys, Some(SECRET)), "issue: other keys open as before");
}

pub(super) fn issue_beside_a_crashed_rotation<S: Store>(case: &Case<'_, S>) {
    let (store, account, keys) = (case.store, &case.account, two_keys(case.store, &case.account));
    let marker = Slot::rotation(account, keys[0].id());
    assert!(matches!(store.put(&marker, &Note::Rotating { since: NOW }.encode()), Ok(true)));
    let later = NOW.after(ROTATION_LIMIT_SECS);
    let issued = Keeper::new(&case.cutting, later).issue(keys[0].key(), &grant("third"), &mut TestRng::new(2));
    if let Err(error) = issued {
        case.failed_by_the_cut(&error);
    }
    Keeper::new(store, later).issue(keys[1].key(), &grant("fourth"), &mut TestRng::new(3)).unwrap();
    case.promise(case.count(Kind::Rotation) == 0, "issue: the marker of a crashed rotation is cleared up");
    case.promise(case.all_open(&keys, Some(SECRET)), "issue: other keys open as before");
}

pub(super) fn revoke<S: Store>(case: &Case<'_, S>, grace: bool) {
    let (store, account) = (case.store, &case.account);
    let [mut other, revoked] = two_keys(store, account);
    let mut secret = SECRET;
    if grace {
        let keeper = Keeper::new(store, NOW);
        let rotation = keeper.rotate(account, NEW, &Grant::default(), Some(60), &mut TestRng::new(4)).unwrap();
        let successor = rotation.replacements().iter().find(|new| new.old == other.id()).unwrap();
        (other, secret) = (HeldKey::new(&successor.key), NEW);
        rotation.finish().unwrap();
    }
    let result = Keeper::new(&case.cutting, NOW).revoke(account, revoked.id());
    let after = revoked.open(store);
    case.promise(result.is_err() || after.is_none(), "revoke: once it is reported, the key opens nothing");
    match &result {
        Ok(Tombstone::Missing(Cut)) => {
            let is_reached = case.cutting.is_reached();
            case.promise(is_reached, "revoke: a tombstone is missing only if it could not be written");
        }
        Ok(Tombstone::Left) => {}
        Err(error) => case.failed_by_the_cut(error),
    }
    match Keeper::new(store, NOW).revoke(account, revoked.id()) {
        Ok(_) => case.promise(result.is_err(), "revoke: a key is revoked once"),
        Err(KeepError::NoKey { .. }) => case.promise(after.is_none(), "revoke: it can be repeated while the key opens"),
        Err(error) => panic!("revoke: it can be repeated ({}): {error}", case.cutting),
    }
    case.promise(revoked.open(store).is_none(), "revoke: a revoked key never opens again");
    case.promise(other.open(store).as_deref() == Some(secret), "revoke: other keys open as before");
}

/// Begins a rotation to the new secret, from a key's secret or not.
fn begin<'k, S: Store>(
    keeper: &Keeper<'k, S>,
    case: &Case<'_, impl Store>,
    from: Option<&HeldKey>,
    grace: Option<u64>,
) -> Result<Rotation<'k, S>, KeepError<S::Error>> {
    let (grant, rng) = (Grant::default(), &mut TestRng::new(2));
    let change = |secret: &[u8]| {
        case.promise(secret == SECRET, "rotate_from: it changes the current secret");
        Ok(NEW)
    };
    match from {
        Some(key) => keeper.rotate_from(key.key(), change, &grant, grace, rng),
        None => keeper.rotate(&case.account, NEW, &grant, grace, rng),
    }
}

pub(super) fn rotate<S: Store>(case: &Case<'_, S>, from_key: bool, grace: Option<u64>) {
    let (store, keys) = (case.store, two_keys(case.store, &case.account));
    let mut given = Vec::new();
    let mut is_finished = false;
    match begin(&Keeper::new(&case.cutting, NOW), case, from_key.then_some(&keys[0]), grace) {
        Ok(rotation) => {
            given = rotation.replacements().iter().map(|new| (new.old, HeldKey::new(&new.key))).collect();
            case.promise(given.len() == 2, "rotate: each key gets a successor");
            is_finished = rotation.finish().is_ok();
        }
        Err(error) => {
            case.failed_by_the_cut(&error);
            let is_clean = case.count(Kind::Record) == 2;
            case.promise(is_clean || case.cutting.dies(), "rotate: records whose keys were not given are taken back");
        }
    }
    for key in &keys {
        let old = key.open(store);
        match given.iter().find(|(old, _)| *old == key.id()) {
            Some((_, new)) => {
                case.promise(
                    new.open(store).as_deref() == Some(NEW),
                    "rotate: a key that was given opens the new secret",
                );
            }
            None => case.promise(old.as_deref() == Some(SECRET), "rotate: until new keys are given, the old ones open"),
        }
        case.promise(old.is_none() || old.as_deref() == Some(SECRET), "rotate: an old key opens the old secret alone");
        let ended = old.is_some() == grace.is_some();
        case.promise(!is_finished || ended, "rotate: once it is finished, old keys open in a grace period alone");
    }
    let time = after_a_cut_rotation(case, &keys, grace);
    let keeper = Keeper::new(store, time);
    let rotation = keeper.rotate(&case.account, NEWEST, &Grant::default(), None, &mut TestRng::new(3)).unwrap();
    let newest: Vec<_> = rotation.replacements().iter().map(|new| HeldKey::new(&new.key)).collect();
    rotation.finish().unwrap();
    case.promise(newest.len() >= 2, "rotate: it can be repeated, for every holder");
    let open = newest.iter().all(|key| key.open_at(store, time).is_ok_and(|secret| secret == NEWEST));
    case.promise(open, "rotate: repeated, it gives keys that open the newest secret");
    let given: Vec<_> = given.into_iter().map(|(_, key)| key).collect();
    case.promise(case.all_open(&keys, None) && case.all_open(&given, None), "rotate: repeated, it ends all other keys");
    let left = (case.count(Kind::Record), case.count(Kind::Rotation));
    case.promise(left == (newest.len(), 0), "rotate: repeated, it leaves no other record and no marker");
}

/// When the account can be rotated again.
///
/// A marker is left if the process died, or if removing it, after all else was done, is what failed. Where a lock shows
/// that nobody is rotating, the marker is in nobody's way; otherwise it is for an hour.
fn after_a_cut_rotation<S: Store>(case: &Case<'_, S>, keys: &[HeldKey], grace: Option<u64>) -> UnixTime {
    if case.count(Kind::Rotation) == 0 {
        return NOW;
    }
    let is_done = keys.iter().all(|key| key.open(case.store).is_some() == grace.is_some());
    case.promise(case.cutting.dies() || is_done, "rotate: its marker is removed");
    let is_exclusive = case.store.lock(&case.account).unwrap().excludes_others();
    if is_exclusive { NOW } else { NOW.after(ROTATION_LIMIT_SECS) }
}

pub(super) fn abandon<S: Store>(case: &Case<'_, S>) {
    let keys = two_keys(case.store, &case.account);
    if let Ok(rotation) = begin(&Keeper::new(&case.cutting, NOW), case, None, None) {
        let result = rotation.abandon();
        case.promise(result.is_ok() || case.cutting.is_reached(), "abandon: it fails by the cut alone");
    }
    case.promise(case.all_open(&keys, Some(SECRET)), "abandon: the old keys open as before");
    if !case.cutting.dies() {
        let left = case.count(Kind::Record) - 2 + case.count(Kind::Rotation);
        case.promise(left <= 1, "abandon: where one object can't be removed, the others are");
        let issued = Keeper::new(case.store, NOW).issue(keys[0].key(), &grant("third"), &mut TestRng::new(3));
        // The step that failed may be the one that removes the marker.
        let is_free = issued.is_ok() || case.count(Kind::Rotation) == 1;
        case.promise(is_free, "abandon: the account can be changed again");
    }
}

pub(super) fn remove<S: Store>(case: &Case<'_, S>) {
    let (account, keys) = (&case.account, two_keys(case.store, &case.account));
    Keeper::new(case.store, NOW).revoke(account, keys[1].id()).unwrap();
    let removed = Keeper::new(&case.cutting, NOW).remove(account);
    if let Err(error) = &removed {
        case.failed_by_the_cut(error);
    }
    match Keeper::new(case.store, NOW).remove(account) {
        Ok(()) => case.promise(removed.is_err(), "remove: an account is removed once"),
        Err(error) => {
            let is_gone = matches!(error, KeepError::NoAccount { .. });
            case.promise(is_gone, "remove: it can be repeated until nothing is left");
        }
    }
    let left = [Kind::Record, Kind::Note, Kind::Rotation].map(|kind| case.count(kind));
    case.promise(left == [0; 3], "remove: nothing is left");
    case.promise(case.all_open(&keys, None), "remove: the keys open nothing");
}
