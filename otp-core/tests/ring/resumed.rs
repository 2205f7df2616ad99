//! An interrupted rotation ends as planned, even if the resuming command repeats none of its options.

use std::num::NonZeroU8;

use otp_core::keeper::ringed::RingRotation;
use otp_core::testing::NOW;
use otp_core::{Capacity, Keeper, KeyId, Kind, Record};

use crate::fuse::Fuse;
use crate::world::{Database, World, grant};

/// A rotation with every option; one key is on its last page, and one is not in the ring.
fn with_every_option(database: Database) -> (World, KeyId) {
    let world = World::new(2);
    let unknown = world.with(&Fuse::whole(), |ring, rng| {
        let key = ring.current_key(&world.account).unwrap();
        Keeper::new(&world.store, NOW).issue(key, &grant("stranger", 2), rng).unwrap().id()
    });
    let mut options = RingRotation::default();
    options.expires = Some(NOW.after(1_000));
    options.capacity = Capacity::fitting(200).ok();
    options.pages = NonZeroU8::new(7);
    options.end_unknown = vec![unknown];
    let outcome = world.rotate(&Fuse::whole(), b"second", &options, database);
    assert_eq!(outcome.is_ok(), database == Database::Changes, "{outcome:?}");
    (world, unknown)
}

/// What everybody can see of each record, sorted: pages, capacity, expiry, holder.
fn headers(world: &World) -> Vec<String> {
    let objects = world.objects();
    let records = objects.iter().filter(|(slot, _)| slot.kind == Kind::Record);
    let mut headers: Vec<String> = records
        .map(|(_, bytes)| {
            let header = Record::decode(bytes).unwrap().header().clone();
            format!("{} {:?} {:?} {:?}", header.pages, header.capacity, header.terms.expires, header.terms.holder)
        })
        .collect();
    headers.sort();
    headers
}

#[test]
fn every_option_is_remembered() {
    let (whole, unknown) = with_every_option(Database::Changes);
    let expected = headers(&whole);
    assert_eq!(expected.len(), 4, "two keys and their successors: {expected:?}");
    for dies in [Database::DiesBefore, Database::DiesAfter] {
        let (world, also_unknown) = with_every_option(dies);
        assert_eq!(also_unknown, unknown);
        let done = world.resume(&Fuse::whole(), Database::Changes).unwrap().unwrap();
        assert_eq!((done.ended, done.unknown), (vec![unknown], vec![]));
        assert_eq!(headers(&world), expected, "{dies:?}");
    }
}
