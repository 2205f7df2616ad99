//! T6: whatever the program that changes the database answers, if anything, and however often it is resumed.

use otp_core::KeepError;
use otp_core::keeper::ringed::RingRotation;

use crate::fuse::Fuse;
use crate::watch::{Watch, the_password_is_somewhere};
use crate::world::{Database, World, first_password};

const SECRETS: &[&[u8]] = &[b"first", b"second", b"third"];

/// Checks an outcome against the account, and says whether the rotation is unfinished.
fn is_unfinished<T: std::fmt::Debug>(world: &World, outcome: Result<T, crate::world::Failure>) -> bool {
    match outcome {
        Ok(_) => {}
        Err(KeepError::NotApplied { .. }) => {
            assert_eq!((world.open(0), &*world.password.borrow()), (Ok(first_password()), &first_password()));
        }
        Err(KeepError::Unfinished { .. }) => return true,
        Err(error) => panic!("{error:?}"),
    }
    world.check_at_rest();
    false
}

#[test]
fn every_answer_and_every_two_of_a_resume_end_with_one_secret_everywhere() {
    for first in Database::ALL {
        for second in Database::ALL {
            for third in Database::ALL {
                let (world, watch) = (World::new(9), Watch::new(SECRETS));
                let fuse = || Fuse::whole().watched(|| watch.look(&world));
                let outcome = world.rotate(&fuse(), b"second", &RingRotation::default(), first);
                let mut unfinished = is_unfinished(&world, outcome);
                for database in [second, third, Database::Changes] {
                    if unfinished {
                        unfinished = is_unfinished(&world, world.resume(&fuse(), database));
                    }
                }
                assert!(!unfinished);
                world.rotate(&fuse(), b"third", &RingRotation::default(), Database::Changes).unwrap();
                world.check_at_rest();
            }
        }
    }
}

#[test]
fn every_answer_to_an_abort_leaves_a_rotation_that_can_be_aborted_or_resumed() {
    for first in [Database::DiesBefore, Database::DiesAfter, Database::IsLate] {
        for second in Database::ALL {
            for resumes in [false, true] {
                let (world, watch) = (World::new(9), Watch::new(SECRETS));
                let fuse = || Fuse::whole().watched(|| watch.look(&world));
                let outcome = world.rotate(&fuse(), b"second", &RingRotation::default(), first);
                assert!(is_unfinished(&world, outcome));
                let unfinished = is_unfinished(&world, world.abort(&fuse(), second));
                let changed = if !unfinished {
                    false
                } else if resumes {
                    assert!(!is_unfinished(&world, world.resume(&fuse(), Database::Changes)));
                    true
                } else {
                    assert!(!is_unfinished(&world, world.abort(&fuse(), Database::Changes)));
                    false
                };
                assert_eq!(*world.password.borrow(), if changed { &b"second"[..] } else { b"first" });
                world.rotate(&fuse(), b"third", &RingRotation::default(), Database::Changes).unwrap();
                world.check_at_rest();
            }
        }
    }
}

#[test]
fn what_was_forgotten_can_be_rotated_again_once_the_database_has_the_old_password() {
    let world = World::new(9);
    let outcome = world.rotate(&Fuse::whole(), b"second", &RingRotation::default(), Database::DiesAfter);
    assert!(is_unfinished(&world, outcome));
    the_password_is_somewhere(&world);
    world.with(&Fuse::whole(), |ring, _| ring.forget_rotation(&world.account)).unwrap();
    *world.password.borrow_mut() = first_password();
    world.check_at_rest();
    world.rotate(&Fuse::whole(), b"third", &RingRotation::default(), Database::Changes).unwrap();
    world.check_at_rest();
}
