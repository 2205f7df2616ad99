//! Keys and accounts, but for rotations.

use alloc::vec::Vec;
use core::ops::ControlFlow;

use super::facts::{counts, gone, info, names, reporting};
use crate::error::Error;
use crate::frame::Capacity;
use crate::id::KeyId;
use crate::keeper::{AccountInfo, Gone, Grant, KeepError, Keeper, TOMBSTONE_SECS};
use crate::name::AccountName;
use crate::store::{Kind, Scope, Store};
use crate::testing::verbs::{Verbs, account, promise};
use crate::testing::world::{HeldKey, NOW, SECRET, TestRng, count, grant, two_keys};

pub(super) fn an_account_is_added_once<S: Store>(store: &S) {
    let (name, keeper) = (reporting(), Keeper::new(store, NOW));
    let keys = two_keys(store, &name);
    let added = keeper.add(&name, b"new", &Grant::default(), &mut TestRng::new(2));
    let refused = matches!(added, Err(KeepError::Exists { account }) if *account == name);
    promise(refused, "add: an account that exists is refused");
    promise(keys.iter().all(|key| key.open(store).as_deref() == Some(SECRET)), "add: an account that exists stays");
    promise(counts(store, &name) == [2, 0, 0], "add: an account that exists gets nothing more");
}

pub(super) fn accounts_below_an_account_are_others<S: Store>(store: &S) {
    let (name, keeper) = (reporting(), Keeper::new(store, NOW));
    let keys = two_keys(store, &name);
    for other in ["edms", "edms/reporting/daily", "edms/reporting-2", "edms/reportin"].map(account) {
        promise(info(store, &other).is_empty(), "info: an account near another one is not there");
        keeper.add(&other, b"another's", &Grant::default(), &mut TestRng::new(9)).unwrap();
        promise(info(store, &other).len() == 1 && info(store, &name).len() == 2, "info: each account has its own keys");
        keeper.remove(&other).unwrap();
    }
    promise(keys.iter().all(|key| key.open(store).as_deref() == Some(SECRET)), "remove: other accounts stay");
}

pub(super) fn accounts_are_listed_by_name<S: Store>(store: &S) {
    let keeper = Keeper::new(store, NOW);
    let sorted = ["a", "a-b", "a/b", "a/b/c", "ab"].map(account);
    for number in [3, 0, 4, 1, 2] {
        two_keys(store, &sorted[number]);
    }
    // An account whose keys are all revoked has only tombstones.
    let ended = account("a/ended");
    for key in two_keys(store, &ended) {
        keeper.revoke(&ended, key.id()).unwrap();
    }
    promise(names(store, Scope::All) == sorted, "accounts: it gives each account with a record once, by name");
    promise(
        names(store, Scope::Below(&sorted[0])) == [0, 2, 3].map(|at| sorted[at].clone()),
        "accounts: it keeps to its scope",
    );
    let mut calls = 0;
    let each = |_: &_| {
        calls += 1;
        ControlFlow::Break(())
    };
    keeper.accounts(Scope::All, each).unwrap();
    promise(calls == 1, "accounts: it ends when the callback breaks");

    let mut found = Vec::new();
    let each = |account: &AccountName, info: AccountInfo| {
        let ids: Vec<_> = info.keys.iter().map(|info| info.header.id).collect();
        promise(
            ids.len() == 2 && ids.is_sorted(),
            "accounts with keys: it gives the keys of each account, sorted by id",
        );
        found.push(account.clone());
        if found.len() == 2 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    };
    keeper.accounts_with_keys(Scope::All, |account| *account != sorted[0], each).unwrap();
    promise(
        found == sorted[1..3],
        "accounts with keys: it gives those that are wanted, by name, until the callback breaks",
    );
}

pub(super) fn information_is_what_was_granted<S: Store>(store: &S) {
    let (name, keeper) = (reporting(), Keeper::new(store, NOW));
    let keys = two_keys(store, &name);
    let grant = grant("nightly").expiring(Some(NOW.after(5))).with_capacity(Some(Capacity::ALL[3]));
    let key = keeper.issue(keys[0].key(), &grant, &mut TestRng::new(2)).unwrap();
    let infos = info(store, &name);
    promise(infos.len() == 3 && infos.is_sorted_by_key(|info| info.header.id), "info: it gives each key, sorted by id");
    let header = &infos.iter().find(|info| info.header.id == key.id()).unwrap().header;
    let terms = (&header.terms.holder, header.terms.expires, header.terms.created);
    promise(terms == (&grant.holder, grant.expires, NOW), "info: it gives the terms that were granted");
    let rest = (&header.account, header.page, header.pages, header.capacity);
    promise(rest == (&name, 0, 1, Capacity::ALL[3]), "info: it gives account, page and capacity");
    promise(infos.iter().all(|info| info.grace.is_none()), "info: a key that was not replaced has no grace period");
}

pub(super) fn a_key_has_the_capacity_that_is_asked_for<S: Store>(store: &S) {
    let (name, keeper) = (reporting(), Keeper::new(store, NOW));
    let of = |number: usize| Grant::default().with_capacity(Some(Capacity::ALL[number]));
    let too_long = |result| matches!(result, Err(KeepError::Invalid(Error::PayloadTooLong { len: 65, capacity: 64 })));
    promise(too_long(keeper.add(&name, &[7; 65], &of(0), &mut TestRng::new(4)).map(drop)), "add: a payload must fit");
    promise(Verbs(store).list(Scope::All).is_empty(), "add: a payload that does not fit leaves nothing");
    let first = HeldKey::new(&keeper.add(&name, &[7; 65], &of(3), &mut TestRng::new(1)).unwrap());
    promise(first.key().capacity() == Capacity::ALL[3], "add: the key has the capacity that is asked for");
    let second = keeper.issue(first.key(), &Grant::default(), &mut TestRng::new(2)).unwrap();
    promise(second.capacity() == Capacity::ALL[3], "issue: the key has the capacity of the one that it came from");
    let third = keeper.issue(first.key(), &of(1), &mut TestRng::new(3)).unwrap();
    promise(third.capacity() == Capacity::ALL[1], "issue: the key has the capacity that is asked for");
    promise(too_long(keeper.issue(first.key(), &of(0), &mut TestRng::new(4)).map(drop)), "issue: a payload must fit");
    promise(counts(store, &name) == [3, 0, 0], "issue: a payload that does not fit leaves nothing");
}

pub(super) fn a_key_expires_at_its_time<S: Store>(store: &S) {
    let (name, late) = (reporting(), NOW.after(5));
    let grant = Grant::default().expiring(Some(late));
    let key = HeldKey::new(&Keeper::new(store, NOW).add(&name, SECRET, &grant, &mut TestRng::new(1)).unwrap());
    let opened = key.open_at(store, NOW.after(4)).ok();
    promise(opened.as_deref() == Some(SECRET), "open: a key opens until the second before it expires");
    let error = key.open_at(store, late);
    let expired = matches!(error, Err(KeepError::Invalid(Error::Expired { at })) if at == late);
    promise(expired, "open: a key does not open from the second on in which it expires");

    // An expiring key can't get itself one that never expires.
    let issue = |expires, seed| {
        let grant = Grant::default().expiring(expires);
        let issued = Keeper::new(store, NOW).issue(key.key(), &grant, &mut TestRng::new(seed)).unwrap();
        let info = Keeper::new(store, NOW).key_info(&name, issued.id()).unwrap().unwrap();
        Keeper::new(store, NOW).withdraw(&name, issued.id()).unwrap();
        info.header.terms.expires
    };
    promise(issue(None, 5) == Some(late), "issue: a key expires when the one that it came from does");
    let later = Some(late.after(9));
    promise(issue(later, 6) == later, "issue: a key expires when it is asked for");

    let keeper = Keeper::new(store, late);
    promise(keeper.verify(&key.key()).is_ok(), "verify: a key fits its record, whether or not it has expired");
    let issued = keeper.issue(key.key(), &Grant::default(), &mut TestRng::new(2));
    let refused = matches!(issued, Err(KeepError::Invalid(Error::Expired { .. })));
    promise(refused, "issue: an expired key gives no new one");
    let rotated = keeper.rotate(&name, b"new", &Grant::default(), None, &mut TestRng::new(3)).map(drop);
    promise(
        matches!(rotated, Err(KeepError::AllExpired { .. })),
        "rotate: without a live key there is nothing to rotate",
    );
    promise(counts(store, &name) == [1, 0, 0], "rotate: where there is nothing to rotate, nothing changes");
    // The new key's own expiry counts.
    let grant = Grant::default().expiring(Some(late.after(60)));
    let rotation = keeper.rotate(&name, b"new", &grant, None, &mut TestRng::new(3)).unwrap();
    let new = HeldKey::new(&rotation.replacements()[0].key);
    rotation.finish().unwrap();
    let opened = new.open_at(store, late).ok();
    promise(
        opened.as_deref() == Some(b"new"),
        "rotate: an expired key can be replaced by one with an expiry of its own",
    );
}

pub(super) fn a_revoked_key_leaves_a_tombstone<S: Store>(store: &S) {
    let (name, keeper) = (reporting(), Keeper::new(store, NOW));
    let keys = two_keys(store, &name);
    keeper.revoke(&name, keys[1].id()).unwrap();
    promise(gone(&keys[1], store, NOW) == Gone::Revoked { at: NOW }, "revoke: the key opens nothing, and says why");
    promise(counts(store, &name) == [1, 1, 0], "revoke: the record goes, and a tombstone stays");
    promise(keys[0].open(store).as_deref() == Some(SECRET), "revoke: other keys stay");
    let again = keeper.revoke(&name, keys[1].id());
    let known = matches!(again, Err(KeepError::NoKey { gone: Gone::Revoked { at: NOW }, .. }));
    promise(known, "revoke: a revoked key is known as revoked");
    let issued = keeper.issue(keys[1].key(), &Grant::default(), &mut TestRng::new(2));
    promise(matches!(issued, Err(KeepError::NoKey { .. })), "issue: a revoked key gives no new one");

    // The next writer clears the tombstone up, and not a second early.
    for (seed, secs, left) in [(3, TOMBSTONE_SECS - 1, Gone::Revoked { at: NOW }), (4, TOMBSTONE_SECS, Gone::Unknown)] {
        let later = NOW.after(secs);
        Keeper::new(store, later).issue(keys[0].key(), &grant("x"), &mut TestRng::new(seed)).unwrap();
        promise(gone(&keys[1], store, later) == left, "revoke: a tombstone stays for 400 days, and no longer");
    }
}

pub(super) fn a_withdrawn_key_leaves_nothing<S: Store>(store: &S) {
    let (name, keeper) = (reporting(), Keeper::new(store, NOW));
    let keys = two_keys(store, &name);
    keeper.withdraw(&name, keys[1].id()).unwrap();
    promise(gone(&keys[1], store, NOW) == Gone::Unknown, "withdraw: the key is unknown");
    promise(counts(store, &name) == [1, 0, 0], "withdraw: the record goes, and nothing stays");
    keeper.withdraw(&name, keys[1].id()).unwrap();
    promise(keys[0].open(store).as_deref() == Some(SECRET), "withdraw: other keys stay");
}

pub(super) fn a_key_without_an_expiry_opens_for_ever<S: Store>(store: &S) {
    let (name, late) = (reporting(), NOW.after(2 * TOMBSTONE_SECS));
    let keys = two_keys(store, &name);
    Keeper::new(store, late).issue(keys[0].key(), &grant("third"), &mut TestRng::new(2)).unwrap();
    promise(keys.iter().all(|key| key.open_at(store, late).is_ok()), "open: a key without an expiry opens for ever");
}

pub(super) fn a_mistyped_name_leaves_nothing<S: Store>(store: &S) {
    let keeper = Keeper::new(store, NOW);
    let (name, nobody, unknown) = (reporting(), account("edms/reportinh"), KeyId::from_bytes([7; 10]));
    let no_account = |result| matches!(result, Err(KeepError::NoAccount { .. }));
    let no_key = |result| matches!(result, Err(KeepError::NoKey { gone: Gone::Unknown, .. }));
    for accounts in [0, 1] {
        if accounts == 1 {
            two_keys(store, &name);
        }
        let listed = Verbs(store).list(Scope::All);
        let rotated = keeper.rotate(&nobody, b"new", &Grant::default(), None, &mut TestRng::new(2)).map(drop);
        promise(no_account(rotated), "rotate: an account that is not there is not rotated");
        promise(no_account(keeper.remove(&nobody)), "remove: an account that is not there is not removed");
        promise(
            no_key(keeper.revoke(&nobody, unknown).map(drop)),
            "revoke: a key of an account that is not there is unknown",
        );
        promise(no_key(keeper.revoke(&name, unknown).map(drop)), "revoke: a key that was never there is unknown");
        promise(no_account(keeper.info(&nobody).map(drop)), "info: an account that is not there has none");
        let info = keeper.key_info(&name, unknown);
        promise(matches!(info, Ok(None)), "key_info: a key that was never there has none");
        promise(Verbs(store).list(Scope::All) == listed, "revoke, remove, rotate: a mistyped name leaves nothing");
    }
}

pub(super) fn a_removed_account_leaves_nothing<S: Store>(store: &S) {
    let (name, keeper) = (reporting(), Keeper::new(store, NOW));
    let keys = two_keys(store, &name);
    keeper.revoke(&name, keys[1].id()).unwrap();
    // As if the process had died during a rotation: its marker stays.
    drop(keeper.rotate(&name, b"new", &Grant::default(), None, &mut TestRng::new(2)).unwrap());
    promise(count(store, &name, Kind::Rotation) == 1, "rotate: a rotation in progress has a marker");
    keeper.remove(&name).unwrap();
    promise(counts(store, &name) == [0; 3], "remove: records, tombstones and markers go");
    promise(gone(&keys[0], store, NOW) == Gone::Unknown, "remove: the keys are unknown");
    let again = keeper.remove(&name);
    promise(matches!(again, Err(KeepError::NoAccount { .. })), "remove: the second time there is no account");
    let key = HeldKey::new(&keeper.add(&name, b"again", &Grant::default(), &mut TestRng::new(3)).unwrap());
    promise(key.open(store).as_deref() == Some(b"again"), "add: a removed account can be added again");
}
