//! Lists.

use std::fs;
use std::ops::ControlFlow;

use otp_core::store::{Scope, Slot, Store};

use crate::{entries, listed, listed_of, new_store, record};

#[test]
fn listing_stops_when_told_and_skips_foreign_files() {
    let (_home, store) = new_store();
    for id in 0..5 {
        store.put(&record("a", id), b"").unwrap();
    }
    for foreign in ["a/README", "a/aaaaaaaaaaaaaaaa.otp.bak", "a/.tmp-1", "UPPER", ".hidden", "a.otp"] {
        fs::write(store.root().join(foreign), "").unwrap();
    }
    fs::create_dir(store.root().join("Not An Account")).unwrap();
    assert_eq!(listed(&store, Scope::All), (0..5).map(|id| record("a", id)).collect::<Vec<_>>());
    assert_eq!(listed_of(&store, &"a".parse().unwrap()), (0..5).map(|id| record("a", id)).collect::<Vec<_>>());
    let mut seen = 0;
    store
        .list(Scope::All, &mut |_| {
            seen += 1;
            if seen == 3 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
    assert_eq!(seen, 3);
    store
        .list_account(&"a".parse().unwrap(), &mut |_| {
            seen += 1;
            if seen == 5 { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        })
        .unwrap();
    assert_eq!(seen, 5);
}

#[test]
fn the_callback_of_a_list_may_use_the_store() {
    let (_home, store) = new_store();
    let slots = [record("a", 1), record("a", 2), record("a/b", 1), record("c", 1)];
    for slot in &slots {
        store.put(slot, b"x").unwrap();
    }
    let move_away = &mut |slot: &Slot| {
        let guard = store.lock(&slot.account).unwrap();
        assert!(store.replace(&guard, slot, b"x", b"y").unwrap());
        assert_eq!(listed_of(&store, &slot.account).first().map(|first| &first.account), Some(&slot.account));
        store.remove(slot).unwrap();
        ControlFlow::Continue(())
    };
    store.list_account(&"a".parse().unwrap(), move_away).unwrap();
    assert_eq!(listed(&store, Scope::All), slots[2..]);
    store.list(Scope::All, move_away).unwrap();
    assert_eq!(entries(store.root()), 0);
}
