//! Rotations.

use alloc::vec::Vec;

use super::facts::{counts, gone, info, reporting};
use crate::account::{Account, Fields};
use crate::error::Error;
use crate::id::KeyId;
use crate::keeper::{Gone, Grant, KeepError, Keeper, MAX_GRACE_SECS};
use crate::name::Holder;
use crate::store::{Kind, Store};
use crate::testing::verbs::promise;
use crate::testing::world::{HeldKey, NOW, SECRET, TestRng, count, grant, two_keys};

/// Rotates the account, and gives the new keys in the order of the ids that they replace.
fn rotated<S: Store>(store: &S, payload: &[u8], grace: Option<u64>, seed: u64) -> Vec<HeldKey> {
    let keeper = Keeper::new(store, NOW);
    let rotation = keeper.rotate(&reporting(), payload, &Grant::default(), grace, &mut TestRng::new(seed)).unwrap();
    let new = rotation.replacements().iter().map(|new| HeldKey::new(&new.key)).collect();
    rotation.finish().unwrap();
    new
}

fn all_open<S: Store>(store: &S, keys: &[HeldKey], secret: Option<&[u8]>) -> bool {
    keys.iter().all(|key| key.open(store).as_deref() == secret)
}

pub(super) fn without_grace_the_old_keys_end_at_once<S: Store>(store: &S) {
    let name = reporting();
    let keys = two_keys(store, &name);
    let keeper = Keeper::new(store, NOW);
    let rotation = keeper.rotate(&name, b"new", &Grant::default(), None, &mut TestRng::new(2)).unwrap();
    promise(*rotation.account() == name && rotation.grace_ends().is_none(), "rotate: the rotation says what it does");
    let replaced: Vec<_> = rotation.replacements().iter().map(|new| new.old).collect();
    let mut old: Vec<_> = keys.iter().map(HeldKey::id).collect();
    old.sort_unstable();
    promise(replaced == old, "rotate: each key gets a successor, in the order of their ids");
    let new: Vec<_> = rotation.replacements().iter().map(|new| HeldKey::new(&new.key)).collect();
    promise(all_open(store, &keys, Some(SECRET)), "rotate: until it is finished, the old keys open");
    promise(all_open(store, &new, Some(b"new")), "rotate: until it is finished, the new keys open too");
    rotation.finish().unwrap();
    promise(all_open(store, &new, Some(b"new")), "rotate: once it is finished, the new keys open");
    let ended = keys.iter().all(|key| gone(key, store, NOW) == Gone::Rotated { at: NOW });
    promise(ended, "rotate: once it is finished, the old keys open nothing, and say why");
    promise(counts(store, &name) == [2, 2, 0], "rotate: the old records and the marker go, and tombstones stay");
    let mut holders: Vec<_> = info(store, &name).into_iter().filter_map(|info| info.header.terms.holder).collect();
    holders.sort();
    let expected = ["first", "second"].map(|holder| Holder::parse(holder).unwrap());
    promise(holders == expected, "rotate: a new key has the holder of the one that it replaces");
}

pub(super) fn with_grace_both_open_until_it_ends<S: Store>(store: &S) {
    let (name, until) = (reporting(), NOW.after(60));
    let keys = two_keys(store, &name);
    let new = rotated(store, b"new", Some(60), 2);
    let last = keys[0].open_at(store, NOW.after(59)).ok();
    promise(last.as_deref() == Some(SECRET), "rotate: an old key opens until the last second of its grace period");
    promise(all_open(store, &new, Some(b"new")), "rotate: during a grace period, the new keys open");
    promise(
        gone(&keys[0], store, until) == Gone::Rotated { at: until },
        "rotate: after its grace period, a key has ended",
    );
    let infos = info(store, &name);
    promise(infos.len() == 4, "info: during a grace period, it gives old and new keys");
    let in_grace: Vec<_> = infos.iter().filter(|info| info.grace == Some(until)).map(|info| info.header.id).collect();
    let is_old = |id: &KeyId| keys.iter().any(|key| key.id() == *id);
    promise(in_grace.len() == 2 && in_grace.iter().all(is_old), "info: it says when a grace period ends");

    let keeper = Keeper::new(store, NOW);
    let issued = keeper.issue(keys[0].key(), &grant("third"), &mut TestRng::new(3));
    let refused =
        matches!(issued, Err(KeepError::Superseded { id, until: at, .. }) if (id, at) == (keys[0].id(), until));
    promise(refused, "issue: a key that has been replaced gives no new one, although it opens");
    promise(count(store, &name, Kind::Record) == 4, "issue: where it is refused, nothing is left");

    // The next writer after the grace period clears the old records up.
    Keeper::new(store, until).issue(new[0].key(), &grant("third"), &mut TestRng::new(3)).unwrap();
    promise(counts(store, &name) == [3, 2, 0], "rotate: after a grace period, the old records go");
    promise(
        gone(&keys[0], store, until) == Gone::Rotated { at: until },
        "rotate: after its grace period, a key has ended",
    );
}

pub(super) fn a_key_in_its_grace_period_can_be_revoked<S: Store>(store: &S) {
    let name = reporting();
    let keys = two_keys(store, &name);
    let new = rotated(store, b"new", Some(60), 2);
    Keeper::new(store, NOW).revoke(&name, keys[0].id()).unwrap();
    promise(gone(&keys[0], store, NOW) == Gone::Revoked { at: NOW }, "revoke: it ends a grace period");
    promise(all_open(store, &keys[1..], Some(SECRET)), "revoke: other grace periods go on");
    promise(all_open(store, &new, Some(b"new")), "revoke: the successor of a replaced key stays");
}

pub(super) fn an_account_without_a_current_key_is_not_rotated<S: Store>(store: &S) {
    let name = reporting();
    let keys = two_keys(store, &name);
    for new in rotated(store, b"new", Some(60), 2) {
        Keeper::new(store, NOW).revoke(&name, new.id()).unwrap();
    }
    for grace in [None, Some(60)] {
        let grant = Grant::default().expiring(Some(NOW.after(600)));
        let rotated = Keeper::new(store, NOW).rotate(&name, b"newer", &grant, grace, &mut TestRng::new(3)).map(drop);
        let refused = matches!(rotated, Err(KeepError::AllReplaced { account }) if *account == name);
        promise(refused, "rotate: where every key is in its grace period, nobody would get the new secret");
    }
    promise(all_open(store, &keys, Some(SECRET)), "rotate: where it is refused, grace periods go on");
}

pub(super) fn a_grace_period_has_at_most_366_days<S: Store>(store: &S) {
    let name = reporting();
    let keys = two_keys(store, &name);
    let too_long = Some(MAX_GRACE_SECS + 1);
    let refused = Keeper::new(store, NOW).rotate(&name, b"new", &Grant::default(), too_long, &mut TestRng::new(2));
    promise(matches!(refused.map(drop), Err(KeepError::GraceTooLong)), "rotate: a longer grace period is refused");
    promise(counts(store, &name) == [2, 0, 0], "rotate: where it is refused, nothing changes");
    rotated(store, b"new", Some(MAX_GRACE_SECS), 2);
    promise(all_open(store, &keys, Some(SECRET)), "rotate: in the longest grace period, the old keys open");
}

pub(super) fn an_earlier_grace_period_ends_with_a_rotation_without_one<S: Store>(store: &S) {
    let name = reporting();
    let keys = two_keys(store, &name);
    let new = rotated(store, b"new", Some(60), 2);
    let newer = rotated(store, b"newer", Some(600), 3);
    promise(newer.len() == 2, "rotate: a key in its grace period gets no second successor");
    promise(all_open(store, &keys, Some(SECRET)), "rotate: a rotation with a grace period leaves an earlier one");
    let late = keys[0].open_at(store, NOW.after(60));
    promise(late.is_err(), "rotate: an earlier grace period is not made longer");
    let newest = rotated(store, b"newest", None, 4);
    promise(all_open(store, &keys, None), "rotate: a rotation without a grace period ends the earlier ones");
    promise(all_open(store, &new, None) && all_open(store, &newer, None), "rotate: it ends all keys that it replaces");
    promise(newest.len() == 2 && all_open(store, &newest, Some(b"newest")), "rotate: the newest keys open");
}

pub(super) fn an_abandoned_rotation_changes_nothing<S: Store>(store: &S) {
    let name = reporting();
    let keys = two_keys(store, &name);
    let keeper = Keeper::new(store, NOW);
    let rotation = keeper.rotate(&name, b"new", &Grant::default(), None, &mut TestRng::new(2)).unwrap();
    let new = HeldKey::new(&rotation.replacements()[0].key);
    promise(new.open(store).as_deref() == Some(b"new"), "rotate: until it is abandoned, the new keys open");
    rotation.abandon().unwrap();
    promise(gone(&new, store, NOW) == Gone::Unknown, "abandon: the new keys are unknown");
    promise(all_open(store, &keys, Some(SECRET)), "abandon: the old keys open as before");
    promise(counts(store, &name) == [2, 0, 0], "abandon: nothing is left");
}

pub(super) fn a_rotation_may_start_from_the_current_secret<S: Store>(store: &S) {
    let name = reporting();
    let keys = two_keys(store, &name);
    let keeper = Keeper::new(store, NOW);
    let append = |secret: &[u8]| Ok::<_, KeepError<S::Error>>([secret, b" changed"].concat());
    let changed = [SECRET, b" changed"].concat();
    let rotation = keeper.rotate_from(keys[1].key(), append, &Grant::default(), None, &mut TestRng::new(2)).unwrap();
    let new: Vec<_> = rotation.replacements().iter().map(|new| HeldKey::new(&new.key)).collect();
    rotation.finish().unwrap();
    promise(
        new.len() == 2 && all_open(store, &new, Some(&changed)),
        "rotate_from: each new key opens the changed secret",
    );
    promise(all_open(store, &keys, None), "rotate_from: the old keys end");

    let refuse = |_: &[u8]| Err::<Vec<u8>, _>(KeepError::Invalid(Error::MalformedAccount));
    let refused = keeper.rotate_from(new[0].key(), refuse, &Grant::default(), None, &mut TestRng::new(3)).map(drop);
    let own = matches!(refused, Err(KeepError::Invalid(Error::MalformedAccount)));
    promise(own, "rotate_from: it fails with what the change fails with");
    promise(all_open(store, &new, Some(&changed)), "rotate_from: a change that fails changes nothing");
    promise(counts(store, &name) == [2, 2, 0], "rotate_from: a change that fails leaves nothing");
}

pub(super) fn an_old_secret_never_comes_back<S: Store>(store: &S) {
    let (name, keeper) = (reporting(), Keeper::new(store, NOW));
    let fields = |password: &[u8], host: &[u8]| {
        let mut account = Account::new();
        account.set("password", password).unwrap();
        account.set("host", host).unwrap();
        account
    };
    let first = fields(b"old password", b"old host");
    let old = HeldKey::new(&keeper.add(&name, first.payload(), &Grant::default(), &mut TestRng::new(1)).unwrap());
    let new = rotated(store, fields(b"new password", b"old host").payload(), Some(60), 2);

    // The holder of the old key changes one field. With the others, the old password would come back.
    let mut called = false;
    let change = |secret: &[u8]| {
        called = true;
        let mut account = Account::new();
        account.update(Fields::decode(secret)?)?;
        account.set("host", b"new host")?;
        Ok::<_, KeepError<S::Error>>(account.payload().to_vec())
    };
    let refused = keeper.rotate_from(old.key(), change, &Grant::default(), None, &mut TestRng::new(3)).map(drop);
    let superseded = matches!(&refused, Err(KeepError::Superseded { account, id, until })
        if (&**account, *id, *until) == (&name, old.id(), NOW.after(60)));
    promise(superseded, "rotate_from: a key that has been replaced is refused as superseded");
    promise(!called, "rotate_from: the secret of a key that has been replaced is not opened");
    let whole = |_: &[u8]| Ok::<_, KeepError<S::Error>>(b"all new".to_vec());
    let refused = keeper.rotate_from(old.key(), whole, &Grant::default(), None, &mut TestRng::new(3)).map(drop);
    let superseded = matches!(refused, Err(KeepError::Superseded { .. }));
    promise(superseded, "rotate_from: a key that has been replaced is refused, whatever the change");
    promise(counts(store, &name) == [2, 1, 0], "rotate_from: where it is refused, nothing changes");

    let opened = new[0].open(store).unwrap();
    let password = Fields::decode(&opened).unwrap().get("password").map(<[u8]>::to_vec);
    promise(password.as_deref() == Some(b"new password"), "rotate_from: the new password stays for everybody");
    // Without a grace period the old key is gone.
    rotated(store, b"newest", None, 4);
    let refused = keeper.rotate_from(old.key(), whole, &Grant::default(), None, &mut TestRng::new(5)).map(drop);
    let ended = matches!(refused, Err(KeepError::NoKey { gone: Gone::Rotated { .. }, .. }));
    promise(ended, "rotate_from: a key that has ended is refused");
}
