//! Guards: what they keep out, and what they don't.

use core::ops::ControlFlow;

use crate::store::{Kind, Scope, Store};
use crate::testing::verbs::{Verbs, account, promise, slot};

pub(super) fn a_guard_can_be_taken_again<S: Store>(store: &S) {
    let verbs = Verbs(store);
    for name in ["a", "not/there"] {
        for _ in 0..3 {
            let first = store.lock(&account(name));
            promise(first.is_ok(), "lock: a lock that nobody holds can be taken, and taken again once it is dropped");
        }
    }
    promise(verbs.list(Scope::All).is_empty(), "lock: it leaves nothing that is listed");
    promise(verbs.put(&slot("a", 1, Kind::Record), b"object"), "put: it answers true for an empty slot");
    let guard = store.lock(&account("a"));
    promise(guard.is_ok() && verbs.list(Scope::All).len() == 1, "lock: it leaves nothing that is listed");
}

pub(super) fn a_guard_keeps_out_no_reader<S: Store>(store: &S) {
    let verbs = Verbs(store);
    let (place, other) = (slot("a", 1, Kind::Record), slot("a", 2, Kind::Record));
    promise(verbs.put(&place, b"object"), "put: it answers true for an empty slot");
    let guard = verbs.lock(&account("a"));
    promise(verbs.read(&place).as_deref() == Some(b"object"), "lock: readers are not kept out");
    let mut buffer = [0; 6];
    let both = store.get_with_note(&place.account, place.id, &mut buffer, &mut []);
    promise(matches!(both, Ok((Some(6), None))), "lock: readers are not kept out");
    promise(verbs.list(Scope::All).len() == 1, "lock: lists are not kept out");
    promise(verbs.list_account(&account("a")).len() == 1, "lock: lists are not kept out");
    promise(verbs.put(&other, b"object"), "lock: put is not kept out");
    let replaced = store.replace(&guard, &place, b"object", b"newer!");
    promise(matches!(replaced, Ok(true)), "replace: it works under the guard of the slot's account");
    promise(verbs.read(&place).as_deref() == Some(b"newer!"), "lock: readers see what was replaced under it");
    promise(verbs.remove(&place), "lock: its holder can remove");
    drop(guard);
    promise(verbs.read(&other).is_some() && verbs.read(&place).is_none(), "lock: what was done under it stays");
}

pub(super) fn accounts_have_locks_of_their_own<S: Store>(store: &S) {
    let verbs = Verbs(store);
    let names = ["a", "a-b", "a/b", "a/b/c", "b"].map(account);
    // Taken and dropped in either order, also of accounts below each other.
    for order in [[0, 1, 2, 3, 4], [4, 3, 2, 1, 0], [2, 0, 3, 1, 4]] {
        let guards = order.map(|number| (&names[number], store.lock(&names[number])));
        for (name, guard) in guards {
            let own = "lock: each account has a lock of its own";
            let guard = guard.unwrap_or_else(|error| panic!("broken promise: {own}: {error}"));
            let place = slot(name.as_str(), 1, Kind::Record);
            promise(verbs.put(&place, b"old"), "put: it answers true for an empty slot");
            let replaced = store.replace(&guard, &place, b"old", b"new");
            promise(matches!(replaced, Ok(true)), "replace: it works under one of several guards");
            promise(verbs.remove(&place), "remove: it works under one of several guards");
        }
    }
    let each = &mut |_: &_| ControlFlow::Break(());
    promise(store.list(Scope::All, each).is_ok(), "lock: it leaves nothing behind that a list fails at");
}
