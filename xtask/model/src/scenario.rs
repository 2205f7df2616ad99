//! The subject of a search: who runs what, what may go wrong, and which invariants must hold.

use crate::checker::Model;
use crate::invariants::{self, Invariant};
use crate::rule::Rule;
use crate::world::{self, Label, Progress, World};

/// A search.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    pub name: &'static str,
    /// Each runs once, at any time when it gets its locks.
    pub jobs: &'static [Job],
    /// Pages of each of the first two keys; new keys have as many as the second.
    pub pages: [u8; 2],
    /// Whether the store has locks (files), or not (object stores).
    pub locks: bool,
    pub crashes: u8,
    pub lost: u8,
    pub events: &'static [Event],
    pub invariants: &'static [Invariant],
    /// Rules that are taken out.
    pub without: &'static [Rule],
}

/// A process that a scenario runs.
#[derive(Clone, Copy, Debug)]
pub struct Job {
    pub kind: Kind,
    pub ring: usize,
}

/// A command of `otp`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Rotate {
        /// Whether every key ends and gets a successor.
        new_keys: bool,
    },
    Resume,
    Abort,
    Revoke {
        key: usize,
        with_ring: bool,
    },
    Issue,
    Read,
}

/// What others may do to store and ring.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// Copies the ring once, as it is then; both copies are used.
    CopyRing,
    /// Backs the ring up, once; once the copy is used, the original is not.
    RestoreRing,
    /// Backs the store up, once, and restores it, once.
    RestoreStore,
    /// Puts the first record of a key back, as from a backup, and leaves its tombstone.
    PutRecordBack(usize),
    /// Puts the first record of a key back, and deletes its tombstone.
    UndoRevocation(usize),
    /// Removes claims that are not the highest, and old tombstones where no rule protects them.
    Sweep,
    /// Removes every claim.
    DeleteClaims,
}

impl Scenario {
    /// Whether a rule is in force.
    #[must_use]
    pub fn on(&self, rule: Rule) -> bool {
        !self.without.contains(&rule)
    }

    /// How many pages a key has.
    #[must_use]
    pub fn pages(&self, key: usize) -> u8 {
        self.pages[key.min(1)]
    }

    /// Whether a job's ring exists, and its lock is free if the job takes it.
    #[must_use]
    pub fn may_start(&self, world: &World, job: Job) -> bool {
        let free = |ring| !job.kind.takes_ring_lock() || world.ring_is_free(self, ring);
        let exists = job.ring == 0 || world.copied;
        let restores = self.events.contains(&Event::RestoreRing);
        let in_use = !restores || if job.ring == 0 { !self.copy_is_used(world) } else { free(0) };
        exists && free(job.ring) && in_use
    }

    fn copy_is_used(&self, world: &World) -> bool {
        self.jobs.iter().zip(world.runs).any(|(job, run)| job.ring == 1 && run != Progress::Waiting)
    }

    /// The same scenario without some rules.
    #[must_use]
    pub fn without(self, rules: &'static [Rule]) -> Self {
        Self { without: rules, ..self }
    }
}

impl Job {
    /// Whether it changes the store without the ring's lock.
    #[must_use]
    pub fn takes_account_lock_only(&self) -> bool {
        matches!(self.kind, Kind::Revoke { .. } | Kind::Issue)
    }
}

impl Kind {
    /// Whether a command holds the ring's lock while it runs.
    #[must_use]
    pub fn takes_ring_lock(self) -> bool {
        matches!(self, Self::Rotate { .. } | Self::Resume | Self::Abort)
    }
}

impl Model for Scenario {
    type State = World;
    type Label = Label;

    fn initial(&self) -> World {
        World::new(self)
    }

    fn next(&self, state: &World, next: &mut Vec<(Label, World)>) {
        world::next(self, state, next);
    }

    fn broken(&self, state: &World) -> Option<&'static str> {
        invariants::broken(self, state)
    }
}
