//! A rotation is cut off at each of its steps and resumed, and the resume is cut off at each of its steps, too.

use otp_core::keeper::ringed::RingRotation;
use otp_core::{Code, Coded, Hint, KeepError};

use crate::fuse::{Fuse, Side};
use crate::watch::Watch;
use crate::world::{Database, Failure, World};

const SECRETS: &[&[u8]] = &[b"first", b"second", b"third"];

/// Resumes whatever is unfinished, then makes a rotation, which must succeed.
fn settle(world: &World) {
    match world.resume(&Fuse::whole(), Database::Changes) {
        Ok(_) | Err(KeepError::NotUnfinished { .. }) => {}
        Err(error) => panic!("{error:?}"),
    }
    world.check_at_rest();
    let again = world.rotate(&Fuse::whole(), b"third", &RingRotation::default(), Database::Changes);
    let done = again.unwrap();
    assert_eq!(done.kept.len(), 2, "{done:?}");
    world.check_at_rest();
}

/// Once the database was asked, any failure leaves a rotation to be resumed; before that, nothing is in doubt.
fn check_failure(world: &World, error: &Failure) {
    let resume = matches!(error.hint(), Some(Hint::ResumeRotation { .. }));
    let expected = if world.was_asked.get() { (Code::InDoubt, true) } else { (Code::StoreUnavailable, false) };
    assert_eq!((error.code(), resume), expected, "{error:?}");
}

#[test]
fn a_rotation_that_is_cut_at_any_step_ends_where_one_that_was_not_does() {
    for database in Database::ALL {
        for side in [Side::Before, Side::After] {
            let mut cuts = 0;
            for step in 1.. {
                // Enough pages for those that a cut uses up.
                let (world, watch) = (World::new(9), Watch::new(SECRETS));
                let fuse = Fuse::at(step, side, false).watched(|| watch.look(&world));
                let outcome = world.rotate(&fuse, b"second", &RingRotation::default(), database);
                if !fuse.is_blown() {
                    break;
                }
                cuts += 1;
                if let Err(error) = &outcome {
                    check_failure(&world, error);
                }
                // T6: resumed, and cut off again.
                for again in 1..=12 {
                    let fuse = Fuse::at(again * 3, side, false).watched(|| watch.look(&world));
                    let _ = world.resume(&fuse, Database::Changes);
                    if !fuse.is_blown() {
                        break;
                    }
                }
                settle(&world);
                watch.look(&world);
            }
            assert!(cuts > 30, "{database:?}: {cuts}");
        }
    }
}

#[test]
fn a_lost_answer_seals_no_page_twice() {
    let mut lost = 0;
    for step in 1.. {
        let (world, watch) = (World::new(9), Watch::new(SECRETS));
        let fuse = Fuse::at(step, Side::After, true).watched(|| watch.look(&world));
        let outcome = world.rotate(&fuse, b"second", &RingRotation::default(), Database::Changes);
        if !fuse.is_blown() {
            break;
        }
        lost += 1;
        if let Err(error) = &outcome {
            check_failure(&world, error);
        }
        settle(&world);
    }
    assert!(lost > 30, "{lost}");
}

#[test]
fn an_abort_that_is_cut_at_any_step_is_in_doubt_once_the_database_was_asked() {
    for side in [Side::Before, Side::After] {
        let mut cuts = 0;
        for step in 1.. {
            let world = World::new(9);
            world.rotate(&Fuse::whole(), b"second", &RingRotation::default(), Database::DiesAfter).unwrap_err();
            world.was_asked.set(false);
            let fuse = Fuse::at(step, side, false);
            let outcome = world.abort(&fuse, Database::Changes);
            if !fuse.is_blown() {
                break;
            }
            cuts += 1;
            check_failure(&world, &outcome.unwrap_err());
            settle(&world);
        }
        assert!(cuts > 5, "{cuts}");
    }
}

#[test]
fn an_abort_never_says_that_the_old_password_is_back_if_it_is_not() {
    for side in [Side::Before, Side::After] {
        let mut refused = 0;
        for step in 1.. {
            let world = World::new(9);
            let fuse = Fuse::at(step, side, false);
            let _ = world.rotate(&fuse, b"second", &RingRotation::default(), Database::Changes);
            if !fuse.is_blown() {
                break;
            }
            let has = |password: &[u8]| world.password.borrow().as_slice() == password;
            match world.abort(&Fuse::whole(), Database::Changes) {
                Ok(()) => assert!(has(b"first"), "{side:?} {step}"),
                Err(KeepError::Published { .. }) => {
                    refused += 1;
                    assert!(has(b"second"), "{side:?} {step}");
                }
                Err(KeepError::NotUnfinished { .. }) => {}
                Err(error) => panic!("{error:?}"),
            }
            settle(&world);
        }
        assert!(refused > 5, "{refused}");
    }
}
