//! Lists: what they give, in which order, and what a callback may do.

use alloc::vec::Vec;
use core::ops::ControlFlow;

use crate::name::AccountName;
use crate::store::{Kind, Scope, Slot, Store};
use crate::testing::verbs::{Verbs, account, promise, slot};

/// Names that are the start of others, as text and as paths, and whose order as paths is not that of their bytes.
const NAMES: [&str; 8] = ["a", "a-b", "a.b", "a/b", "a/b-c", "a/b/c", "ab", "b/c"];

/// Fills a store with slots of each name and kind, and gives them sorted.
///
/// The ids sort differently as bytes and as text: base32 has its digits after its letters.
fn filled<S: Store>(store: &Verbs<'_, S>) -> Vec<Slot> {
    let mut slots = Vec::new();
    for name in NAMES {
        for id in [0, 0x7f, 0xff] {
            slots.extend(Kind::ALL.iter().map(|kind| slot(name, id, *kind)));
        }
    }
    slots.sort();
    // 7 has no divisor in common with the number of slots, so every slot is put, in an order that nothing sorts by.
    for number in 0..slots.len() {
        let place = &slots[number * 7 % slots.len()];
        promise(store.put(place, b"object"), "put: it answers true for an empty slot");
    }
    slots
}

/// Whether an account is a name or below it: its segments start with those of the name.
fn is_below(account: &AccountName, top: &AccountName) -> bool {
    let segments: Vec<&str> = account.as_str().split('/').collect();
    let top: Vec<&str> = top.as_str().split('/').collect();
    segments.starts_with(&top)
}

pub(super) fn list_gives_all_sorted<S: Store>(store: &S) {
    let store = Verbs(store);
    promise(store.list(Scope::All).is_empty(), "list: a fresh store has no slot");
    promise(store.list(Scope::Below(&account("a"))).is_empty(), "list: a fresh store has no slot below a name");
    let slots = filled(&store);
    let listed = store.list(Scope::All);
    promise(listed.is_sorted(), "list: slots come sorted by account as bytes, then id, then kind");
    promise(listed == slots, "list: it gives every slot once");
    for name in NAMES.into_iter().chain(["b", "a/b/c/d", "c"]) {
        let top = account(name);
        let below: Vec<Slot> = slots.iter().filter(|slot| is_below(&slot.account, &top)).cloned().collect();
        let listed = store.list(Scope::Below(&top));
        promise(listed.is_sorted(), "list: slots below a name come sorted");
        promise(listed == below, "list: below a name are its own slots and those of accounts under it, and no others");
    }
}

pub(super) fn list_account_gives_one_account<S: Store>(store: &S) {
    let store = Verbs(store);
    promise(store.list_account(&account("a")).is_empty(), "list_account: an account that is not there has no slot");
    let slots = filled(&store);
    for name in NAMES.into_iter().chain(["b", "c"]) {
        let account = account(name);
        let own: Vec<Slot> = slots.iter().filter(|slot| slot.account == account).cloned().collect();
        promise(
            store.list_account(&account) == own,
            "list_account: it gives each slot of the account once, and no others",
        );
    }
}

pub(super) fn a_list_ends_when_the_callback_breaks<S: Store>(store: &S) {
    let verbs = Verbs(store);
    let slots = filled(&verbs);
    for most in 1..4 {
        let mut seen = Vec::new();
        let mut each = |slot: &Slot| {
            seen.push(slot.clone());
            if seen.len() < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        promise(store.list(Scope::All, &mut each).is_ok(), "list: it does not fail if the callback breaks");
        promise(seen == slots[..most], "list: it ends when the callback breaks");

        let mut calls = 0;
        let mut each = |_: &Slot| {
            calls += 1;
            if calls < most { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
        };
        let result = store.list_account(&account("a"), &mut each);
        promise(result.is_ok(), "list_account: it does not fail if the callback breaks");
        promise(calls == most, "list_account: it ends when the callback breaks");
    }
}

pub(super) fn a_callback_may_use_the_store<S: Store>(store: &S) {
    let verbs = Verbs(store);
    let slots = filled(&verbs);
    let mut seen = Vec::new();
    let mut each = |place: &Slot| {
        // What the callback itself puts may be listed, or not.
        if place.account == account("new") {
            return ControlFlow::Continue(());
        }
        promise(verbs.read(place).is_some(), "list: a callback may read what is listed");
        promise(verbs.list_account(&place.account).contains(place), "list: a callback may list");
        let is_first = seen.is_empty();
        let bytes = if is_first { &b"new"[..] } else { b"other" };
        promise(verbs.put(&slot("new", 1, Kind::Record), bytes) == is_first, "list: a callback may put");
        promise(verbs.remove(place), "list: a callback may remove what is listed");
        seen.push(place.clone());
        ControlFlow::Continue(())
    };
    promise(store.list(Scope::All, &mut each).is_ok(), "list: it does not fail if the callback uses the store");
    promise(seen == slots, "list: it gives every slot, also if the callback removes those that it was given");
    let left = [slot("new", 1, Kind::Record)];
    promise(verbs.list(Scope::All) == left, "list: what its callback did is done");

    for kind in Kind::ALL {
        promise(verbs.put(&slot("a", 1, *kind), b"object"), "put: it answers true for a slot that was emptied");
    }
    let mut calls = 0;
    let mut each = |place: &Slot| {
        promise(verbs.read(place).is_some(), "list_account: a callback may read what is listed");
        promise(verbs.list(Scope::All).contains(place), "list_account: a callback may list");
        promise(verbs.remove(place), "list_account: a callback may remove what is listed");
        promise(verbs.put(&slot("a/b", calls, Kind::Record), b"new"), "list_account: a callback may put");
        calls += 1;
        ControlFlow::Continue(())
    };
    let result = store.list_account(&account("a"), &mut each);
    promise(result.is_ok(), "list_account: it does not fail if the callback uses the store");
    promise(
        usize::from(calls) == Kind::ALL.len(),
        "list_account: it gives every slot, also if the callback removes it",
    );
}
