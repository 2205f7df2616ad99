//! The purpose of a ring: keys that keep their text, and end where they must.

use otp_core::keeper::ringed::RingRotation;
use otp_core::{Code, Coded, KeepError};

use crate::fuse::Fuse;
use crate::world::{Database, World};

#[test]
fn a_key_keeps_its_text_for_as_many_secrets_as_it_has_pages() {
    let world = World::new(3);
    let options = RingRotation::default();
    let done = world.rotate(&Fuse::whole(), b"second", &options, Database::Changes).unwrap();
    assert_eq!((done.generation, done.kept.len(), done.replacements.len()), (1, 2, 0));
    world.check_at_rest();
    // The last page: successors are issued beside the keys, which stay valid.
    let done = world.rotate(&Fuse::whole(), b"third", &options, Database::Changes).unwrap();
    assert_eq!((done.generation, done.kept.len(), done.replacements.len()), (2, 2, 2));
    world.check_at_rest();
    let mut world = world;
    let new: Vec<String> = done.replacements.iter().map(|new| new.key.to_text().as_str().to_owned()).collect();
    let done = world.rotate(&Fuse::whole(), b"fourth", &options, Database::Changes).unwrap();
    assert_eq!((done.generation, done.kept.len(), done.ended.len()), (3, 2, 2));
    assert_eq!((world.open(0), world.open(1)), (Err(Code::NotFound), Err(Code::NotFound)));
    world.keys = new;
    world.check_at_rest();
}

#[test]
fn keys_without_a_page_left_are_ended_only_if_that_is_wanted() {
    let world = World::new(1);
    let refused = world.rotate(&Fuse::whole(), b"second", &RingRotation::default(), Database::Changes);
    let Err(error @ KeepError::UsedUp { .. }) = refused else { panic!("{refused:?}") };
    assert_eq!(error.code(), Code::Usage);
    world.check_at_rest();
    let mut options = RingRotation::default();
    options.new_keys = true;
    let done = world.rotate(&Fuse::whole(), b"second", &options, Database::Changes).unwrap();
    assert_eq!((done.kept.len(), done.replacements.len(), done.ended.len()), (0, 2, 2));
    let mut world = world;
    world.keys = done.replacements.iter().map(|new| new.key.to_text().as_str().to_owned()).collect();
    world.check_at_rest();
}

#[test]
fn an_answer_of_unchanged_leaves_everything_as_it_was() {
    let world = World::new(3);
    let outcome = world.rotate(&Fuse::whole(), b"second", &RingRotation::default(), Database::SaysUnchanged);
    assert!(matches!(outcome, Err(KeepError::NotApplied { .. })), "{outcome:?}");
    assert_eq!(world.open(0).unwrap(), b"first");
    world.check_at_rest();
    assert!(matches!(world.resume(&Fuse::whole(), Database::Changes), Err(KeepError::NotUnfinished { .. })));
}

#[test]
fn any_other_answer_is_in_doubt_until_it_is_resumed_or_aborted() {
    for dies in [Database::DiesBefore, Database::DiesAfter] {
        for abort in [false, true] {
            let world = World::new(4);
            let outcome = world.rotate(&Fuse::whole(), b"second", &RingRotation::default(), dies);
            let Err(error @ KeepError::Unfinished { .. }) = outcome else { panic!("{outcome:?}") };
            assert_eq!(error.code(), Code::InDoubt);
            assert_eq!(world.open(0).unwrap(), b"first");
            // Nobody can begin another rotation meanwhile.
            let again = world.rotate(&Fuse::whole(), b"third", &RingRotation::default(), Database::Changes);
            assert!(matches!(again, Err(KeepError::Unfinished { .. })), "{again:?}");
            if abort {
                world.abort(&Fuse::whole(), Database::Changes).unwrap();
                assert_eq!(*world.password.borrow(), b"first");
            } else {
                world.resume(&Fuse::whole(), Database::Changes).unwrap().unwrap();
                assert_eq!(*world.password.borrow(), b"second");
            }
            world.check_at_rest();
        }
    }
}
