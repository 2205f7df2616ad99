//! T1 and T8: several runs, with one ring or with copies of it, none of which waits for the ring's lock.

use std::cell::RefCell;

use otp_core::KeepError;
use otp_core::keeper::ringed::RingRotation;

use crate::fuse::Fuse;
use crate::watch::Watch;
use crate::world::{Database, Failure, World};

const SECRETS: &[&[u8]] = &[b"first", b"second", b"third", b"fourth"];

/// Ends whatever is unfinished, by force if the runs have removed each other's marks, and rotates once more: that
/// works, and all callers are served.
fn settle(world: &World) {
    match world.resume(&Fuse::whole(), Database::Changes) {
        Ok(_) | Err(KeepError::NotUnfinished { .. }) => {}
        Err(KeepError::StagedLost { .. }) => {
            world.with(&Fuse::whole(), |ring, _| ring.forget_rotation(&world.account)).unwrap();
        }
        Err(error) => panic!("{error:?}"),
    }
    // Somebody sets the password that the callers have, as the messages advise.
    *world.password.borrow_mut() = world.open(0).unwrap();
    world.rotate(&Fuse::whole(), b"fourth", &RingRotation::default(), Database::Changes).unwrap();
    world.check_at_rest();
}

/// Pauses a rotation before each of its steps, while `meanwhile` runs as a whole.
fn paused_everywhere(meanwhile: impl Fn(&World, &Watch), end: impl Fn(&World)) {
    let mut pauses = 0;
    for step in 1.. {
        let (world, watch) = (World::new(20), Watch::new(SECRETS));
        let fuse = Fuse::pausing_at(step, || meanwhile(&world, &watch)).watched(|| watch.look_at_readers(&world));
        let outcome = world.rotate(&fuse, b"second", &RingRotation::default(), Database::Changes);
        if !fuse.is_blown() {
            break;
        }
        pauses += 1;
        check_overtaken(outcome.as_ref().err());
        end(&world);
    }
    assert!(pauses > 40, "{pauses}");
}

/// The ways in which an overtaken run may fail.
fn check_overtaken(error: Option<&Failure>) {
    let expected = [
        matches!(
            error,
            None | Some(KeepError::Overtaken { .. } | KeepError::Unfinished { .. } | KeepError::Busy { .. })
        ),
        // Its recovery key was taken for a leftover of a crash, or its mark for that of a lost rotation.
        matches!(
            error,
            Some(KeepError::StagedLost { .. } | KeepError::StaleRing { .. } | KeepError::NotApplied { .. })
        ),
    ];
    assert!(expected.contains(&true), "{error:?}");
}

#[test]
fn a_slow_run_that_a_resume_overtakes_seals_no_page_again_and_takes_nothing_back() {
    paused_everywhere(
        |world, watch| {
            let _ = world.resume(&Fuse::whole().watched(|| watch.look_at_readers(world)), Database::Changes);
        },
        settle,
    );
}

#[test]
fn a_slow_run_that_a_second_rotation_overtakes_seals_no_page_again_and_takes_nothing_back() {
    paused_everywhere(
        |world, watch| {
            let fuse = || Fuse::whole().watched(|| watch.look_at_readers(world));
            if world.resume(&fuse(), Database::Changes).is_ok() {
                let _ = world.rotate(&fuse(), b"third", &RingRotation::default(), Database::Changes);
            }
        },
        settle,
    );
}

#[test]
fn two_resumes_at_once_seal_no_page_twice() {
    let mut pauses = 0;
    for step in 1.. {
        let (world, watch) = (World::new(20), Watch::new(SECRETS));
        world.rotate(&Fuse::whole(), b"second", &RingRotation::default(), Database::DiesAfter).unwrap_err();
        let meanwhile =
            || drop(world.resume(&Fuse::whole().watched(|| watch.look_at_readers(&world)), Database::Changes));
        let fuse = Fuse::pausing_at(step, meanwhile).watched(|| watch.look_at_readers(&world));
        let outcome = world.resume(&fuse, Database::Changes);
        if !fuse.is_blown() {
            break;
        }
        pauses += 1;
        if !matches!(outcome, Err(KeepError::NotUnfinished { .. })) {
            check_overtaken(outcome.as_ref().err());
        }
        settle(&world);
    }
    assert!(pauses > 20, "{pauses}");
}

#[test]
fn copies_of_a_ring_seal_no_page_twice() {
    let mut pauses = 0;
    for step in 1.. {
        let world = World::new(20);
        let (copy, other) = (world.copy_of_ring(), RefCell::new(None));
        let meanwhile = || {
            let options = RingRotation::default();
            *other.borrow_mut() = Some(world.rotate_with(&copy, &Fuse::whole(), b"third", &options, Database::Changes));
        };
        let fuse = Fuse::pausing_at(step, meanwhile);
        let _ = world.rotate(&fuse, b"second", &RingRotation::default(), Database::Changes);
        if !fuse.is_blown() {
            break;
        }
        pauses += 1;
        // Each continues as far as it can; every sealed page is checked.
        for ring in [&world.ring, &copy, &world.ring, &copy] {
            let _ = world.resume_with(ring, &Fuse::whole(), Database::Changes);
            let _ = world.rotate_with(ring, &Fuse::whole(), b"fourth", &RingRotation::default(), Database::Changes);
        }
    }
    assert!(pauses > 40, "{pauses}");
}

#[test]
fn an_abort_and_another_rotation_seal_no_page_twice() {
    let mut cuts = 0;
    for step in 1.. {
        let (world, watch) = (World::new(20), Watch::new(SECRETS));
        let fuse = Fuse::at(step, crate::fuse::Side::After, false).watched(|| watch.look_at_readers(&world));
        let _ = world.rotate(&fuse, b"second", &RingRotation::default(), Database::DiesAfter);
        let blown = fuse.is_blown();
        cuts += usize::from(blown);
        match world.abort(&Fuse::whole().watched(|| watch.look_at_readers(&world)), Database::Changes) {
            Ok(()) | Err(KeepError::NotUnfinished { .. }) => assert_eq!(*world.password.borrow(), b"first"),
            Err(error) => panic!("{error:?}"),
        }
        settle(&world);
        if !blown {
            break;
        }
    }
    assert!(cuts > 20, "{cuts}");
}
