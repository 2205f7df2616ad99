//! T10: a store that somebody else writes to. Nothing opens wrongly, nothing changes before the database is asked, and
//! `verify` names what is wrong.

use otp_core::keeper::ringed::{RingFault, RingRotation};
use otp_core::{Code, Coded, Grant, KeepError, Keeper, KeyId, Note, Slot, Store};

use crate::fuse::Fuse;
use crate::world::{Database, World, grant};

/// An account that has been rotated once.
fn rotated() -> (World, Vec<u8>) {
    let world = World::new(9);
    let older = world.object(&Slot::record(&world.account, world.id(0))).unwrap();
    world.rotate(&Fuse::whole(), b"second", &RingRotation::default(), Database::Changes).unwrap();
    (world, older)
}

/// Puts something into the store, replacing what is there.
fn plant(world: &World, slot: &Slot, bytes: &[u8]) {
    let Ok(_) = world.store.remove(slot);
    assert_eq!(world.store.put(slot, bytes), Ok(true));
}

fn faults(world: &World) -> Vec<RingFault> {
    world.verify().iter().map(|finding| finding.fault).collect()
}

/// A rotation is refused, and changes neither the store nor the database.
fn check_refused(world: &World, options: &RingRotation, is_expected: impl Fn(&KeepError<crate::fuse::Blown>) -> bool) {
    let (before, password) = (world.objects(), world.password.borrow().clone());
    let refused = world.rotate(&Fuse::whole(), b"third", options, Database::Changes).unwrap_err();
    assert!(is_expected(&refused), "{refused:?}");
    assert_eq!((world.objects(), world.password.borrow().clone()), (before, password));
}

fn slot_of(world: &World, key: usize) -> Slot {
    Slot::record(&world.account, world.id(key))
}

/// A rotation works, and the other caller is served.
fn check_rotates(world: &World, key: usize) {
    world.rotate(&Fuse::whole(), b"third", &RingRotation::default(), Database::Changes).unwrap();
    assert_eq!(world.open(key), Ok(b"third".to_vec()));
}

#[test]
fn an_older_page_is_named_and_the_next_rotation_puts_it_right() {
    let (world, older) = rotated();
    plant(&world, &slot_of(&world, 0), &older);
    assert_eq!(faults(&world), [RingFault::Behind { page: 0, expected: 1 }]);
    check_rotates(&world, 0);
    world.check_at_rest();
}

#[test]
fn records_that_no_key_of_the_ring_opens_are_named_and_refused_unless_they_are_to_end() {
    let (world, _) = rotated();
    // A record that the forger made, and that is whole.
    let theirs = otp_core::MemoryStore::new();
    let key = Keeper::new(&theirs, world.now.get())
        .add(&world.account, b"planted", &Grant::default(), &mut otp_reference::rng(9))
        .unwrap();
    let mut record = vec![0; 1024];
    let Ok(len) = theirs.get(&Slot::record(&world.account, key.id()), &mut record);
    record.truncate(len.unwrap());
    let planted = Slot::record(&world.account, key.id());
    let (own, other) = (slot_of(&world, 0), slot_of(&world, 1));
    let cases: [(&Slot, Vec<u8>); 4] = [
        (&planted, record.clone()),
        (&planted, b"junk".to_vec()),
        (&own, record),
        (&own, world.object(&other).unwrap()),
    ];
    for (slot, bytes) in cases {
        let (world, _) = rotated();
        plant(&world, slot, &bytes);
        assert_eq!(faults(&world), [RingFault::Unknown]);
        let mut options = RingRotation::default();
        check_refused(&world, &options, |error| {
            matches!(error, KeepError::UnknownKeys { ids, .. } if *ids == [slot.id]) && error.code() == Code::WrongKey
        });
        options.end_unknown = vec![slot.id];
        world.rotate(&Fuse::whole(), b"third", &options, Database::Changes).unwrap();
        assert_eq!((world.object(slot), world.open(1)), (None, Ok(b"third".to_vec())));
    }
}

#[test]
fn a_record_that_is_gone_is_named_and_the_others_go_on() {
    let (world, _) = rotated();
    assert_eq!(world.store.remove(&slot_of(&world, 0)), Ok(true));
    assert_eq!(faults(&world), [RingFault::Orphaned]);
    check_rotates(&world, 1);
}

#[test]
fn a_forged_note_is_named_and_a_damaged_one_refused() {
    let (probe, _) = rotated();
    let now = probe.now.get();
    for note in [Note::Revoked { at: now }, Note::Rotated { at: now }, Note::Grace { until: now.after(1000) }] {
        let (world, _) = rotated();
        plant(&world, &Slot::note(&world.account, world.id(0)), &note.encode());
        assert_eq!(faults(&world), [RingFault::Noted], "{note:?}");
        // A note is policy: it ends the key, and gains its writer nothing.
        check_rotates(&world, 1);
        assert_eq!(world.open(0), Err(Code::NotFound));
    }
    let (world, _) = rotated();
    plant(&world, &Slot::note(&world.account, world.id(0)), b"junk");
    assert_eq!(faults(&world), [RingFault::Unknown]);
    check_refused(&world, &RingRotation::default(), |error| matches!(error, KeepError::UnknownKeys { .. }));
}

#[test]
fn a_forged_staged_record_is_named_and_stops_the_next_rotation() {
    let (world, older) = rotated();
    for bytes in [b"junk".to_vec(), older] {
        plant(&world, &Slot::staged(&world.account, KeyId::from_bytes([9; 10])), &bytes);
        assert_eq!(faults(&world), [RingFault::StagedLost]);
        check_refused(&world, &RingRotation::default(), |error| matches!(error, KeepError::Unfinished { .. }));
        let resumed = world.resume(&Fuse::whole(), Database::Changes);
        assert!(matches!(resumed, Err(KeepError::StagedLost { .. })), "{resumed:?}");
    }
    world.with(&Fuse::whole(), |ring, _| ring.forget_rotation(&world.account)).unwrap();
    check_rotates(&world, 0);
    world.check_at_rest();
}

#[test]
fn a_forged_claim_is_named_and_costs_pages_at_most() {
    let (world, _) = rotated();
    plant(&world, &Slot::claim(&world.account, 4), b"forged");
    assert_eq!(faults(&world), [RingFault::Claims { claimed: 4, spent: 1 }]);
    check_rotates(&world, 0);
    world.check_at_rest();
    for claimed in [5 + 256, u64::MAX - 1, u64::MAX] {
        let slot = Slot::claim(&world.account, claimed);
        plant(&world, &slot, b"forged");
        assert_eq!(faults(&world), [RingFault::Claims { claimed, spent: 5 }]);
        let hint = otp_core::Hint::RemoveClaim { account: &world.account, claimed };
        check_refused(&world, &RingRotation::default(), |error| {
            error.code() == Code::StaleRing && error.hint() == Some(hint)
        });
        let refused = world.with(&Fuse::whole(), |ring, rng| {
            let key = ring.current_key(&world.account).unwrap();
            ring.issue(key, &Grant::default(), rng).unwrap_err()
        });
        assert_eq!(refused.code(), Code::StaleRing);
        assert_eq!(world.store.remove(&slot), Ok(true));
    }
    world.check_at_rest();
}

#[test]
fn the_largest_claim_planted_while_the_database_changes_loses_nothing() {
    let (world, _) = rotated();
    let slot = Slot::claim(&world.account, u64::MAX);
    world.rotate(&Fuse::whole(), b"third", &RingRotation::default(), Database::DiesAfter).unwrap_err();
    plant(&world, &slot, b"forged");
    let resumed = world.resume(&Fuse::whole(), Database::Changes).unwrap_err();
    let hint = otp_core::Hint::RemoveClaim { account: &world.account, claimed: u64::MAX };
    assert_eq!((resumed.code(), resumed.hint()), (Code::InDoubt, Some(hint)));
    crate::watch::the_password_is_somewhere(&world);
    assert_eq!(world.store.remove(&slot), Ok(true));
    world.resume(&Fuse::whole(), Database::Changes).unwrap().unwrap();
    world.check_at_rest();
}

#[test]
fn claims_that_are_taken_away_free_no_page() {
    let (world, _) = rotated();
    assert_eq!(world.store.remove(&Slot::claim(&world.account, 1)), Ok(true));
    assert_eq!(faults(&world), [RingFault::Claims { claimed: 0, spent: 1 }]);
    check_rotates(&world, 0);
    world.check_at_rest();
}

#[test]
fn a_key_that_was_issued_under_a_forged_claim_keeps_its_pages_when_that_is_taken_away() {
    let (mut world, _) = rotated();
    plant(&world, &Slot::claim(&world.account, 4), b"forged");
    let issued = world.with(&Fuse::whole(), |ring, rng| {
        let key = ring.current_key(&world.account).unwrap();
        ring.issue(key, &grant("weekly", 9), rng).unwrap().to_text().as_str().to_owned()
    });
    world.keys.push(issued);
    assert_eq!(world.store.remove(&Slot::claim(&world.account, 4)), Ok(true));
    check_rotates(&world, 2);
    world.check_at_rest();
}

#[test]
fn a_revoked_key_whose_record_is_restored_gets_no_new_secret() {
    for with_ring in [true, false] {
        let (world, _) = rotated();
        let record = world.object(&slot_of(&world, 0)).unwrap();
        if with_ring {
            world.with(&Fuse::whole(), |ring, _| ring.revoke(&world.account, world.id(0))).unwrap();
        } else {
            Keeper::new(&world.store, world.now.get()).revoke(&world.account, world.id(0)).unwrap();
            // The next call with the ring turns the tombstone into a mark.
            let issued = world.with(&Fuse::whole(), |ring, rng| {
                let key = ring.current_key(&world.account).unwrap();
                ring.issue(key, &grant("weekly", 9), rng).map(drop)
            });
            issued.unwrap();
        }
        assert_eq!(world.store.remove(&Slot::note(&world.account, world.id(0))), Ok(true));
        plant(&world, &slot_of(&world, 0), &record);
        assert_eq!(faults(&world), [RingFault::Ended], "{with_ring}");
        check_refused(&world, &RingRotation::default(), |error| matches!(error, KeepError::UnknownKeys { .. }));
        let mut options = RingRotation::default();
        options.end_unknown = vec![world.id(0)];
        world.rotate(&Fuse::whole(), b"third", &options, Database::Changes).unwrap();
        assert_eq!((world.open(0), world.open(1)), (Err(Code::NotFound), Ok(b"third".to_vec())));
    }
}
