//! Objects: put, get, replace, remove.

use alloc::vec;
use alloc::vec::Vec;

use crate::record::Record;
use crate::store::{Kind, Scope, Slot, Store};
use crate::testing::verbs::{Verbs, account, promise, slot};

pub(super) fn put_leaves_what_is_there<S: Store>(store: &S) {
    let (store, place) = (Verbs(store), slot("a", 1, Kind::Record));
    promise(store.read(&place).is_none(), "get: an empty slot gives None");
    promise(store.put(&place, b"first"), "put: it answers true for an empty slot");
    promise(store.read(&place).as_deref() == Some(b"first"), "put: get sees the object once put has returned");
    for other in [&b"other"[..], b"fir", b"the first one and more"] {
        promise(!store.put(&place, other), "put: it answers false for a slot that is taken");
        promise(store.read(&place).as_deref() == Some(b"first"), "put: what was there stays");
    }
}

pub(super) fn get_fits_any_buffer<S: Store>(store: &S) {
    let (store, place) = (Verbs(store), slot("a", 1, Kind::Record));
    let object: Vec<u8> = (0..200).collect();
    promise(store.get(&place, &mut []).is_none(), "get: an empty slot gives None, whatever the buffer");
    promise(store.put(&place, &object), "put: it answers true for an empty slot");
    for room in [0, 1, 199, 200, 201, 1000] {
        let mut buffer = vec![0xee; room];
        let len = store.get(&place, &mut buffer);
        promise(len == Some(object.len()), "get: it returns the object's whole length, whatever the buffer");
        let fits = room.min(object.len());
        promise(buffer[..fits] == object[..fits], "get: the buffer holds what fits, at its front");
    }
}

pub(super) fn get_with_note_reads_both<S: Store>(store: &S) {
    let verbs = Verbs(store);
    let read = |record: &Slot, record_room: usize, note_room: usize| {
        let (mut bytes, mut note) = (vec![0; record_room], vec![0; note_room]);
        let lens = store.get_with_note(&record.account, record.id, &mut bytes, &mut note);
        let lens = lens.unwrap_or_else(|error| panic!("broken promise: get_with_note: it does not fail: {error}"));
        (lens, bytes, note)
    };
    for (id, has_record, has_note) in [(1, false, false), (2, true, false), (3, false, true), (4, true, true)] {
        let (record, note) = (slot("a/b", id, Kind::Record), slot("a/b", id, Kind::Note));
        promise(!has_record || verbs.put(&record, b"the record"), "put: it answers true for an empty slot");
        promise(!has_note || verbs.put(&note, b"the note"), "put: it answers true for an empty slot");
        let lens = (has_record.then_some(10), has_note.then_some(8));
        for (record_room, note_room) in [(0, 0), (3, 20), (10, 8), (20, 3)] {
            let (found, bytes, note) = read(&record, record_room, note_room);
            promise(found == lens, "get_with_note: it returns the length of the record and of the note beside it");
            let holds = |bytes: &[u8], object: &[u8]| bytes.iter().zip(object).all(|(byte, other)| byte == other);
            promise(!has_record || holds(&bytes, b"the record"), "get_with_note: the first buffer holds the record");
            promise(!has_note || holds(&note, b"the note"), "get_with_note: the second buffer holds the note");
        }
    }
}

pub(super) fn each_kind_has_a_slot_of_its_own<S: Store>(store: &S) {
    let store = Verbs(store);
    for (number, kind) in (0..).zip(Kind::ALL) {
        for (name, id) in [("a", 1), ("a", 2), ("a/b", 1)] {
            let place = slot(name, id, *kind);
            promise(store.put(&place, &[number, id]), "put: account, id and kind make a slot of its own");
        }
    }
    for (number, kind) in (0..).zip(Kind::ALL) {
        for (name, id) in [("a", 1), ("a", 2), ("a/b", 1)] {
            let object = store.read(&slot(name, id, *kind));
            promise(object == Some(vec![number, id]), "get: account, id and kind make a slot of its own");
        }
    }
}

pub(super) fn put_many_stops_at_a_taken_slot<S: Store>(store: &S) {
    let store = Verbs(store);
    promise(store.put_many(&[]) == 0, "put_many: of no objects it puts none");
    let places: Vec<Slot> = (0..5).map(|id| slot("a", id, Kind::Record)).collect();
    let objects: Vec<(Slot, &[u8])> = places.iter().map(|place| (place.clone(), &b"of many"[..])).collect();
    promise(store.put_many(&objects[..2]) == 2, "put_many: it returns how many it put");
    for place in &places[..2] {
        promise(store.read(place).as_deref() == Some(b"of many"), "put_many: get sees each object that it put");
    }
    let others: Vec<(Slot, &[u8])> = places.iter().map(|place| (place.clone(), &b"of others"[..])).collect();
    promise(store.put_many(&others[1..]) == 0, "put_many: it stops at a slot that is taken");
    promise(store.put(&places[3], b"before"), "put_many: behind a slot that is taken it puts nothing");
    promise(store.put_many(&objects[2..]) == 1, "put_many: it returns how many it put before the slot that is taken");
    let expected = [Some(&b"of many"[..]), Some(b"of many"), Some(b"of many"), Some(b"before"), None];
    for (place, expected) in places.iter().zip(expected) {
        promise(
            store.read(place).as_deref() == expected,
            "put_many: it puts what is before the taken slot, and no more",
        );
    }
    let twice = [(places[4].clone(), &b"once"[..]), (places[4].clone(), b"twice")];
    promise(store.put_many(&twice) == 1, "put_many: a slot that it has filled is taken");
    promise(store.read(&places[4]).as_deref() == Some(b"once"), "put_many: what was there stays");
}

pub(super) fn replace_compares_the_whole_object<S: Store>(store: &S) {
    let (store, place) = (Verbs(store), slot("a", 1, Kind::Record));
    promise(store.put(&place, b"old"), "put: it answers true for an empty slot");
    for kind in &Kind::ALL[1..] {
        promise(store.put(&slot("a", 1, *kind), b"old"), "put: it answers true for an empty slot");
    }
    let mut held = b"old".to_vec();
    // Longer, shorter, as long, by itself, and the largest.
    for new in [&b"newer"[..], b"n", b"m", b"m", &vec![7; Record::MAX_LEN]] {
        for other in [&b"stale"[..], b"", &[&held[..], b"!"].concat(), &held[..held.len() - 1]] {
            promise(
                !store.replace(&place, other, new),
                "replace: it answers false if the object is not the expected one",
            );
            promise(
                store.read(&place).as_ref() == Some(&held),
                "replace: it leaves an object that is not the expected one",
            );
        }
        promise(store.replace(&place, &held, new), "replace: it answers true if the object is the expected one");
        promise(store.read(&place).as_deref() == Some(new), "replace: get sees the new object once it has returned");
        held = new.to_vec();
    }
    for kind in &Kind::ALL[1..] {
        let object = store.read(&slot("a", 1, *kind));
        promise(object.as_deref() == Some(b"old"), "replace: objects of other kinds stay");
    }
    promise(store.list(Scope::All).len() == Kind::ALL.len(), "replace: it leaves nothing beside the object");
    promise(store.remove(&place) && store.read(&place).is_none(), "remove: it removes what has been replaced");
}

pub(super) fn replace_creates_nothing<S: Store>(store: &S) {
    let store = Verbs(store);
    let (missing, there) = (slot("a", 1, Kind::Record), slot("a", 1, Kind::Note));
    let stays_missing = |why: &str| {
        for expected in [&b"old"[..], b""] {
            promise(!store.replace(&missing, expected, b"new"), why);
            promise(store.read(&missing).is_none(), why);
            promise(!store.list_account(&account("a")).contains(&missing), why);
        }
    };
    stays_missing("replace: it never creates an object, nor an account");
    promise(store.put(&there, b"old"), "put: it answers true for an empty slot");
    stays_missing("replace: it never creates an object beside others");
    promise(
        store.put(&missing, b"old") && store.remove(&missing),
        "remove: it answers true for an object that is there",
    );
    stays_missing("replace: it never brings a removed object back");
}

pub(super) fn remove_empties_one_slot<S: Store>(store: &S) {
    let store = Verbs(store);
    let places: Vec<Slot> = Kind::ALL.iter().map(|kind| slot("a", 1, *kind)).collect();
    promise(!store.remove(&places[0]), "remove: it answers false for an empty slot");
    for place in &places {
        promise(store.put(place, b"object"), "put: it answers true for an empty slot");
    }
    for (gone, place) in places.iter().enumerate() {
        promise(store.remove(place), "remove: it answers true for an object that is there");
        promise(store.read(place).is_none(), "remove: get no longer sees the object");
        promise(!store.remove(place), "remove: the second time it answers false");
        promise(store.list_account(&place.account) == places[gone + 1..], "remove: lists lose the object and no other");
        for other in &places[gone + 1..] {
            promise(store.read(other).as_deref() == Some(b"object"), "remove: other objects stay");
        }
    }
    promise(store.put(&places[0], b"again"), "put: it answers true for a slot that was emptied");
    promise(store.read(&places[0]).as_deref() == Some(b"again"), "put: it fills a slot that was emptied");
}

pub(super) fn the_longest_names_and_objects_fit<S: Store>(store: &S) {
    let store = Verbs(store);
    let object: Vec<u8> = (0..=u8::MAX).cycle().take(Record::MAX_LEN).collect();
    // One segment, and as many as there can be.
    let mut places = Vec::new();
    for name in ["n".repeat(128), "s/".repeat(63) + "st"] {
        for kind in Kind::ALL {
            places.push(slot(&name, 0xff, *kind));
        }
    }
    for place in &places {
        promise(store.put(place, &object), "put: the longest names and objects fit");
        promise(store.read(place).as_ref() == Some(&object), "get: it gives the longest object whole");
    }
    promise(store.list(Scope::All) == places, "list: it gives the longest names whole");
    promise(
        store.list_account(&places[0].account) == places[..Kind::ALL.len()],
        "list_account: the longest name is one",
    );
}
