//! T7: new keys, when pages are used up and after a theft, wherever the rotation dies.

use std::collections::BTreeSet;

use otp_core::keeper::ringed::RingRotation;
use otp_core::ring::Entry;
use otp_core::{Code, KeepError, Key, Kind, Record, Slot};

use crate::fuse::{Fuse, Side};
use crate::watch::{the_password_is_somewhere, the_ring_has_every_key};
use crate::world::{Database, World, grant};

/// The holders with a key that opens the database's password.
fn served(world: &World) -> BTreeSet<String> {
    let handed_over = world.handed_over.borrow();
    let open = world.keys.iter().chain(&*handed_over).filter(|text| {
        let opened = world.opened(text);
        opened.as_ref() == Ok(&*world.password.borrow())
    });
    let holder = |text: &String| {
        let id = Key::parse_owned(text.as_bytes()).unwrap().id();
        let record = world.object(&Slot::record(&world.account, id)).unwrap();
        Record::decode(&record).unwrap().header().terms.holder.clone().unwrap().as_str().to_owned()
    };
    open.map(holder).collect()
}

/// Resumes whatever is unfinished; every holder then has a key that was handed over to them.
fn settle(world: &World) {
    match world.resume(&Fuse::whole(), Database::Changes) {
        Ok(_) | Err(KeepError::NotUnfinished { .. }) => {}
        Err(error) => panic!("{error:?}"),
    }
    assert_eq!(served(world), BTreeSet::from(["hourly", "nightly"].map(str::to_owned)));
    let findings = world.verify();
    assert!(findings.is_empty(), "{findings:?}");
    no_successor_is_doubled(world);
}

/// Every key with a record was handed over, or is on its way out, with a successor of its own.
fn no_successor_is_doubled(world: &World) {
    let handed_over = world.handed_over.borrow();
    let texts = world.keys.iter().chain(&*handed_over);
    let known: BTreeSet<_> = texts.map(|text| Key::parse_owned(text.as_bytes()).unwrap().id()).collect();
    for (slot, _) in world.objects().iter().filter(|(slot, _)| slot.kind == Kind::Record) {
        let is_succeeded = world.entry(Entry::Succeeded(slot.id)).is_some();
        assert!(known.contains(&slot.id) || is_succeeded, "nobody has the key {}", slot.id);
    }
}

/// Cuts a rotation off at each of its steps, and its first resume a few steps later.
fn cut_everywhere(pages: u8, options: &RingRotation, check: impl Fn(&World)) {
    for side in [Side::Before, Side::After] {
        for later in [None, Some(25), Some(45)] {
            let mut cuts = 0;
            for step in 1.. {
                let world = World::new(pages);
                let look = || {
                    the_password_is_somewhere_or_handed_over(&world);
                    the_ring_has_every_key(&world);
                };
                let fuse = Fuse::at(step, side, false).watched(look);
                let outcome = world.rotate(&fuse, b"second", options, Database::Changes);
                if !fuse.is_blown() {
                    outcome.unwrap();
                    settle(&world);
                    check(&world);
                    break;
                }
                cuts += 1;
                if let Some(later) = later {
                    let _ = world.resume(&Fuse::at(later, side, false).watched(look), Database::Changes);
                }
                settle(&world);
                check(&world);
            }
            assert!(cuts > 40, "{cuts}");
        }
    }
}

fn the_password_is_somewhere_or_handed_over(world: &World) {
    let handed_over = world.handed_over.borrow();
    if !handed_over.iter().any(|text| world.opened(text).as_ref() == Ok(&*world.password.borrow())) {
        the_password_is_somewhere(world);
    }
}

#[test]
fn a_rotation_to_the_last_page_hands_successors_over_wherever_it_is_cut() {
    cut_everywhere(2, &RingRotation::default(), |world| {
        if *world.password.borrow() == b"second" {
            // Beside keys on their last page, or in place of keys that a cut left without one.
            let handed_over = world.handed_over.borrow();
            let open = handed_over.iter().filter(|text| world.opened(text).is_ok()).count();
            assert!(open >= 2, "{open} of {} successors open", handed_over.len());
        }
    });
}

#[test]
fn a_rotation_to_new_keys_ends_every_old_one_wherever_it_is_cut() {
    let mut options = RingRotation::default();
    options.new_keys = true;
    // Resumed without the option for new keys: the mark remembers it.
    for pages in [1, 9] {
        cut_everywhere(pages, &options, |world| {
            let ended = *world.password.borrow() == b"second";
            for key in 0..2 {
                assert_eq!(world.open(key).err(), ended.then_some(Code::NotFound), "key {key}");
            }
        });
    }
}

#[test]
fn a_successor_that_was_never_handed_over_is_by_the_resume() {
    for (pages, new_keys) in [(2, false), (9, true), (1, true)] {
        let mut options = RingRotation::default();
        options.new_keys = new_keys;
        let mut handed_over_late = 0;
        for step in 1.. {
            let world = World::new(pages);
            let fuse = Fuse::at(step, Side::Before, false);
            let _ = world.rotate(&fuse, b"second", &options, Database::Changes);
            if !fuse.is_blown() {
                break;
            }
            let issued = world.objects().iter().filter(|(slot, _)| slot.kind == Kind::Record).count();
            if !world.handed_over.borrow().is_empty() || issued != 4 {
                continue;
            }
            handed_over_late += 1;
            world.resume(&Fuse::whole(), Database::Changes).unwrap().unwrap();
            let handed_over = world.handed_over.borrow();
            assert!(handed_over.iter().filter(|text| world.opened(text).is_ok()).count() >= 2);
        }
        assert!(handed_over_late > 0, "{pages} {new_keys}");
    }
}

#[test]
fn what_add_and_issue_give_is_in_the_ring_before_its_record_is_in_the_store() {
    for side in [Side::Before, Side::After] {
        let mut cuts = 0;
        for step in 1.. {
            let world = World::new(2);
            let other = otp_core::AccountName::parse("edms/other").unwrap();
            let fuse = Fuse::at(step, side, false).watched(|| the_ring_has_every_key(&world));
            let given = world.with(&fuse, |ring, rng| {
                let key = ring.current_key(&world.account)?;
                let issued = ring.issue(key, &grant("weekly", 2), rng)?;
                ring.add(&other, b"other", &grant("weekly", 2), rng).map(|added| [issued, added])
            });
            let Ok(given) = given else {
                cuts += 1;
                continue;
            };
            assert!(given.iter().all(|key| world.opened(key.to_text().as_str()).is_ok()));
            break;
        }
        assert!(cuts > 15, "{cuts}");
    }
}
