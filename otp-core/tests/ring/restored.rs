//! T1 and T9: rings and stores restored from backups, and wrong clocks.

use otp_core::keeper::ringed::{RingFault, RingRotation};
use otp_core::ring::Ring;
use otp_core::testing::NOW;
use otp_core::{KeepError, MemoryRing, UnixTime};

use crate::fuse::{Fuse, Side};
use crate::world::{Database, World};

fn rotate(world: &World, new: &[u8]) -> otp_core::keeper::ringed::Published {
    world.rotate(&Fuse::whole(), new, &RingRotation::default(), Database::Changes).unwrap()
}

/// Restores the ring from a copy of it.
fn restore_ring(world: &World, copy: &MemoryRing) {
    for entry in world.entries() {
        let Ok(()) = world.ring.remove(&world.account, entry);
    }
    let mut entries = Vec::new();
    let Ok(()) = copy.list(&world.account, &mut |entry| {
        entries.push(entry);
        std::ops::ControlFlow::Continue(())
    });
    for entry in entries {
        let mut bytes = vec![0; 70_000];
        let Ok(len) = copy.get(&world.account, entry, &mut bytes);
        assert_eq!(world.ring.put(&world.account, entry, &bytes[..len.unwrap()]), Ok(true));
    }
}

#[test]
fn a_ring_that_was_restored_goes_by_the_claims_of_the_store() {
    for step in 1.. {
        let world = World::new(9);
        let backup = world.copy_of_ring();
        // The rotation is cut off anywhere, and the ring is restored.
        let fuse = Fuse::at(step, Side::After, false);
        let _ = world.rotate(&fuse, b"second", &RingRotation::default(), Database::Changes);
        if !fuse.is_blown() {
            break;
        }
        restore_ring(&world, &backup);
        match world.rotate(&Fuse::whole(), b"third", &RingRotation::default(), Database::Changes) {
            Ok(_) => world.check_at_rest(),
            // The staged record does not belong to this ring.
            Err(KeepError::Unfinished { .. }) => {
                let resumed = world.resume(&Fuse::whole(), Database::Changes);
                assert!(matches!(resumed, Err(KeepError::StagedLost { .. })), "{resumed:?}");
                assert!(world.verify().iter().any(|finding| finding.fault == RingFault::StagedLost));
            }
            Err(error) => panic!("{error:?}"),
        }
    }
}

#[test]
fn a_store_that_was_restored_is_named_and_no_page_is_sealed_again() {
    let world = World::new(9);
    let backup = world.objects();
    rotate(&world, b"second");
    rotate(&world, b"third");
    world.restore_store(&backup);
    let faults: Vec<RingFault> = world.verify().iter().map(|finding| finding.fault).collect();
    let behind = RingFault::Behind { page: 0, expected: 2 };
    assert_eq!(faults, [behind, behind, RingFault::Claims { claimed: 0, spent: 2 }]);
    // Callers get an old password until the next rotation; no record has the database's.
    *world.password.borrow_mut() = b"first".to_vec();
    let done = rotate(&world, b"fourth");
    assert_eq!((done.generation, done.behind.len()), (3, 2));
    world.check_at_rest();
}

#[test]
fn after_both_were_restored_new_keys_are_safe_and_old_pages_are_refused_where_a_record_shows_them() {
    let world = World::new(9);
    let (ring, store) = (world.copy_of_ring(), world.objects());
    rotate(&world, b"second");
    let later = world.objects();
    // The ring is old, and somebody removed the claims: the records use a page that the ring takes for unused.
    restore_ring(&world, &ring);
    let records: Vec<_> = later.into_iter().filter(|(slot, _)| slot.kind == otp_core::Kind::Record).collect();
    world.restore_store(&records);
    let before = world.objects();
    let refused = world.rotate(&Fuse::whole(), b"third", &RingRotation::default(), Database::Changes);
    assert!(matches!(refused, Err(KeepError::StaleRing { claimed: 1, spent: 0, .. })), "{refused:?}");
    assert_eq!(world.objects(), before);

    world.restore_store(&store);
    *world.password.borrow_mut() = b"first".to_vec();
    let mut options = RingRotation::default();
    options.new_keys = true;
    let done = world.rotate(&Fuse::whole(), b"third", &options, Database::Changes).unwrap();
    assert_eq!((done.kept.len(), done.replacements.len()), (0, 2));
    let handed_over = world.handed_over.borrow();
    assert!(handed_over.iter().all(|text| world.opened(text) == Ok(b"third".to_vec())));
}

#[test]
fn clocks_at_0_far_ahead_and_going_backwards_change_nothing() {
    let century = 100 * 366 * 24 * 60 * 60;
    let zero = UnixTime::from_secs(0).unwrap();
    let times = [zero, NOW, NOW.after(century), UnixTime::MAX];
    for added in times {
        for rotated in times {
            for resumed in times {
                let mut cut = 0;
                for step in (1..).step_by(3) {
                    let world = World::at(added, 9);
                    world.now.set(rotated);
                    let fuse = Fuse::at(step, Side::After, false);
                    let _ = world.rotate(&fuse, b"second", &RingRotation::default(), Database::Changes);
                    world.now.set(resumed);
                    match world.resume(&Fuse::whole(), Database::Changes) {
                        Ok(_) | Err(KeepError::NotUnfinished { .. }) => {}
                        Err(error) => panic!("{error:?}"),
                    }
                    world.check_at_rest();
                    rotate(&world, b"third");
                    world.check_at_rest();
                    if !fuse.is_blown() {
                        break;
                    }
                    cut += 1;
                }
                assert!(cut > 10, "{cut}");
            }
        }
    }
}
