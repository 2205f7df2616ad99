//! What must hold in every state: T1 to T8 of the design, as predicates.

use crate::scenario::Scenario;
use crate::world::{KEYS, World};

/// An invariant that a scenario checks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Invariant {
    /// T1, T5 and T7 as far as single events break them: a page sealed twice, a revoked key's new record, a key that
    /// ends before its successor is handed over; and what readers saw.
    Events,
    /// T2: a live key opens, and its page never goes back.
    LiveKeysOpen,
    /// T3: the database's password is in a record that somebody opens, or staged with its recovery key in a ring.
    PasswordIsKnown,
    /// T4: at rest and with nothing staged, all live keys have the database's password.
    OneSecret,
    /// T5: after `revoke` has answered, there is no record of that key.
    RevokedIsGone,
    /// T7: if a new key has a record, its text is available.
    TextCanBeHad,
    /// T7: at rest and with nothing staged, a key has one successor at most.
    OneSuccessor,
}

impl Invariant {
    /// All, for scenarios with one ring and a store that only `otp` writes.
    pub const ALL: &[Self] = &[
        Self::Events,
        Self::LiveKeysOpen,
        Self::PasswordIsKnown,
        Self::OneSecret,
        Self::RevokedIsGone,
        Self::TextCanBeHad,
        Self::OneSuccessor,
    ];

    fn broken(self, world: &World) -> Option<&'static str> {
        let all = |holds: &dyn Fn(usize) -> bool| (0..KEYS).all(holds);
        let (store, history) = (&world.store, &world.history);
        let live = |key: usize| history.handed_over[key] && !history.ending[key];
        let holds = match self {
            Self::Events => return history.broken,
            Self::LiveKeysOpen => all(&|key| {
                let opens = store.records[key].is_some_and(|record| record.page >= history.highest(key));
                !live(key) || (opens && !store.notes[key])
            }),
            Self::PasswordIsKnown => password_is_known(world),
            Self::OneSecret => {
                let settled = world.is_at_rest() && store.staged_rotation().is_none();
                let password = Some(world.database.password);
                !settled || all(&|key| !live(key) || store.live_secret(key) == password)
            }
            Self::RevokedIsGone => all(&|key| !history.revoked[key] || store.records[key].is_none()),
            Self::TextCanBeHad => all(&|key| {
                let in_a_ring = world.rings.iter().any(|ring| ring.keys[key].is_some());
                store.live_secret(key).is_none() || history.handed_over[key] || in_a_ring
            }),
            Self::OneSuccessor => {
                let settled = world.is_at_rest() && store.staged_rotation().is_none();
                let successors = |key: usize| {
                    (0..KEYS)
                        .filter(|new| history.succeeds[*new] == Some(key) && store.live_secret(*new).is_some())
                        .count()
                };
                !settled || all(&|key| successors(key) <= 1)
            }
        };
        (!holds).then_some(self.text())
    }

    fn text(self) -> &'static str {
        match self {
            Self::Events => "an event",
            Self::LiveKeysOpen => "T2: a live key does not open, or its page went back",
            Self::PasswordIsKnown => "T3: nobody knows the database's password",
            Self::OneSecret => "T4: at rest, a live key has another secret than the database",
            Self::RevokedIsGone => "T5: a revoked key has a record",
            Self::TextCanBeHad => "T7: a new key's record is there, and its text is lost",
            Self::OneSuccessor => "T7: a key has two successors",
        }
    }
}

fn password_is_known(world: &World) -> bool {
    let password = world.database.password;
    let published = (0..KEYS).any(|key| {
        let known = world.history.handed_over[key] || world.rings.iter().any(|ring| ring.keys[key].is_some());
        known && world.store.live_secret(key) == Some(password)
    });
    let rotation = usize::from(password);
    let staged = world.store.staged[rotation] && world.rings.iter().any(|ring| ring.recovery[rotation]);
    published || staged
}

/// The invariant of a scenario that a state breaks.
pub(crate) fn broken(scenario: &Scenario, world: &World) -> Option<&'static str> {
    scenario.invariants.iter().find_map(|invariant| invariant.broken(world))
}
