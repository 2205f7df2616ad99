//! What holds at every moment, during a rotation and after it was cut off.

use std::cell::RefCell;

use otp_core::ring::Entry;
use otp_core::{Key, Kind, Record, Slot, open_ignoring_expiry, verify};

use crate::world::World;

/// An account's secrets in the order in which they became current, and how far each caller has got.
pub(crate) struct Watch {
    secrets: &'static [&'static [u8]],
    seen: RefCell<Vec<usize>>,
}

impl Watch {
    pub(crate) fn new(secrets: &'static [&'static [u8]]) -> Self {
        Self { secrets, seen: RefCell::new(vec![0; 2]) }
    }

    pub(crate) fn look(&self, world: &World) {
        self.readers_go_forward(world);
        the_password_is_somewhere(world);
        the_ring_has_every_key(world);
    }

    /// What holds even for runs that don't wait for one another.
    pub(crate) fn look_at_readers(&self, world: &World) {
        self.readers_go_forward(world);
    }

    /// T2: each live key opens, and never to an older secret than before.
    fn readers_go_forward(&self, world: &World) {
        for (key, seen) in self.seen.borrow_mut().iter_mut().enumerate() {
            let secret = world.open(key).unwrap_or_else(|code| panic!("key {key} does not open: {code:?}"));
            let at = self.secrets.iter().position(|other| **other == secret).expect("a secret of the account");
            assert!(at >= *seen, "key {key} went back from {seen} to {at}");
            *seen = at;
        }
    }
}

/// T3: a record has the database's password, or a staged record opens to it with a key in the ring.
pub(crate) fn the_password_is_somewhere(world: &World) {
    let password = world.password.borrow();
    let published = (0..world.keys.len()).any(|key| world.open(key).as_ref() == Ok(&*password));
    let staged = world.entries().into_iter().any(|entry| match entry {
        Entry::Recovery(id) => {
            let key = Key::parse_owned(&world.entry(entry).unwrap()).unwrap();
            let Some(bytes) = world.object(&Slot::staged(&world.account, id)) else { return false };
            open_ignoring_expiry(key, &Record::decode(&bytes).unwrap()).unwrap().expose() == *password
        }
        _ => false,
    });
    assert!(published || staged, "the database's password is lost");
}

/// T7: once a key's record exists, the ring has its text.
pub(crate) fn the_ring_has_every_key(world: &World) {
    for (slot, bytes) in world.objects() {
        if slot.kind == Kind::Record {
            let text = world.entry_of(&slot.account, Entry::Key(slot.id)).expect("the ring has the key");
            let key = Key::parse_owned(&text).unwrap();
            assert_eq!(verify(&key, &Record::decode(&bytes).unwrap()), Ok(()));
        }
    }
}
