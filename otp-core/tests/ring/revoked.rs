//! T5: once a revocation has been answered, that key never has a record again.

use std::cell::Cell;

use otp_core::keeper::ringed::{RingFault, RingRotation};
use otp_core::{Code, KeepError, Keeper, Slot, Store};

use crate::fuse::{Fuse, Side};
use crate::world::{Database, World};

/// Revokes a caller's key without the ring, and so without waiting for the ring's lock.
fn revoke_without_ring(world: &World, key: usize) {
    Keeper::new(&world.store, world.now.get()).revoke(&world.account, world.id(key)).unwrap();
}

fn has_record(world: &World, key: usize) -> bool {
    world.object(&Slot::record(&world.account, world.id(key))).is_some()
}

#[test]
fn a_key_that_is_revoked_at_any_step_of_a_rotation_stays_revoked() {
    for pages in [9, 2] {
        let mut pauses = 0;
        for step in 1.. {
            let (world, revoked) = (World::new(pages), Cell::new(false));
            let check = || assert!(!(revoked.get() && has_record(&world, 0)), "a revoked key came back");
            let pause = || {
                revoke_without_ring(&world, 0);
                revoked.set(true);
            };
            let fuse = Fuse::pausing_at(step, pause).watched(check);
            let outcome = world.rotate(&fuse, b"second", &RingRotation::default(), Database::Changes);
            if !fuse.is_blown() {
                break;
            }
            pauses += 1;
            let _ = outcome;
            let fuse = || Fuse::whole().watched(check);
            let _ = world.resume(&fuse(), Database::Changes);
            let second = world.rotate(&fuse(), b"third", &RingRotation::default(), Database::Changes);
            assert!(second.is_ok(), "{second:?}");
            assert_eq!(world.open(0), Err(Code::NotFound));
            let opened = world
                .keys
                .iter()
                .chain(&*world.handed_over.borrow())
                .filter_map(|text| world.opened(text).ok())
                .collect::<Vec<_>>();
            assert!(!opened.is_empty() && opened.iter().all(|secret| secret == b"third"), "{opened:?}");
        }
        assert!(pauses > 30, "{pauses}");
    }
}

#[test]
fn a_key_that_is_revoked_while_the_database_changes_gets_no_successor() {
    let world = World::new(2);
    let outcome = world.with(&Fuse::whole(), |ring, rng| {
        let apply = |(): &(), change: otp_core::keeper::ringed::Change<'_>| {
            revoke_without_ring(&world, 0);
            world.apply(change, Database::Changes)
        };
        let change = |_: &[u8]| Ok::<_, crate::world::Failure>(b"second".to_vec());
        ring.rotate(&world.account, change, &RingRotation::default(), rng, apply, |_| Ok(()))
    });
    let done = outcome.unwrap();
    assert_eq!((done.kept, done.replacements.len()), (vec![world.id(1)], 1));
    assert_eq!(done.replacements[0].old, world.id(1));
}

#[test]
fn a_revocation_that_was_cut_at_any_step_is_finished_by_the_next_call() {
    for side in [Side::Before, Side::After] {
        let mut cuts = 0;
        for step in 1.. {
            let world = World::new(9);
            let record = world.object(&Slot::record(&world.account, world.id(0))).unwrap();
            let fuse = Fuse::at(step, side, false);
            let _ = world.with(&fuse, |ring, _| ring.revoke(&world.account, world.id(0)));
            if !fuse.is_blown() {
                break;
            }
            cuts += 1;
            // Somebody who can write to the store removes the tombstone, and puts the record back.
            let marked = world.entries().contains(&otp_core::ring::Entry::Ended(world.id(0)));
            let Ok(_) = world.store.remove(&Slot::note(&world.account, world.id(0)));
            let Ok(_) = world.store.put(&Slot::record(&world.account, world.id(0)), &record);
            match world.rotate(&Fuse::whole(), b"second", &RingRotation::default(), Database::Changes) {
                // The mark binds, whatever the store says.
                Ok(_) if marked => assert_eq!(world.open(0), Err(Code::NotFound)),
                Ok(_) => assert_eq!(world.open(0), Ok(b"second".to_vec())),
                Err(KeepError::UnknownKeys { ids, .. }) => {
                    assert_eq!((marked, ids), (true, vec![world.id(0)]));
                    assert_eq!(world.verify()[0].fault, RingFault::Ended);
                }
                Err(error) => panic!("{error:?}"),
            }
            assert!(world.open(1).is_ok());
        }
        assert!(cuts > 5, "{cuts}");
    }
}
