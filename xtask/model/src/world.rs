//! A state of everything, and what may happen next in it.

use crate::database::{self, Database};
use crate::history::History;
use crate::ring::Ring;
use crate::run::{Run, Step, Turn};
use crate::scenario::{Kind, Scenario};
use crate::store::{Record, Store};
use crate::{environment, issue, publish, reader, recover, revoke, rotate, successor};

/// Keys, the first ones and later ones. The first two exist at the beginning.
pub const KEYS: usize = 5;
/// The most pages that a key has.
pub const PAGES: usize = 8;
/// Generations, including that of the first records.
pub const GENERATIONS: usize = PAGES;
/// Processes in a scenario.
pub const RUNS: usize = 4;
/// Rotations are numbered like the runs that begin them, from 1.
pub const ROTATIONS: usize = RUNS + 1;
/// The ring, and a copy of it.
pub const RINGS: usize = 2;

/// A state of everything.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct World {
    pub store: Store,
    pub rings: [Ring; RINGS],
    /// Whether the second ring exists.
    pub copied: bool,
    pub backup: Option<Store>,
    pub database: Database,
    pub runs: [Progress; RUNS],
    /// A replace whose sender has given up; it may still arrive at any time.
    pub late: Option<Late>,
    /// How many crashes may still happen.
    pub crashes: u8,
    /// How many answers may still be lost.
    pub lost: u8,
    pub history: History,
}

/// A replace that is under way.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Late {
    pub key: usize,
    pub expected: Option<Record>,
    pub new: Record,
}

/// How far a run has got.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Progress {
    Waiting,
    Running(Run),
    Ended,
}

/// Who did what, for traces.
#[derive(Clone, Copy, Debug)]
pub struct Label {
    /// The number of the run, if a run did it.
    pub who: Option<usize>,
    pub command: bool,
    pub text: &'static str,
}

impl Label {
    pub(crate) fn run(who: usize, text: &'static str) -> Self {
        Self { who: Some(who), command: false, text }
    }

    pub(crate) fn command(who: usize, text: &'static str) -> Self {
        Self { who: Some(who), command: true, text }
    }

    pub(crate) fn environment(text: &'static str) -> Self {
        Self { who: None, command: false, text }
    }
}

impl World {
    /// An account with two keys, both handed over, at generation 0.
    #[must_use]
    pub fn new(scenario: &Scenario) -> Self {
        let mut world = Self {
            store: Store::default(),
            rings: [Ring::default(); RINGS],
            copied: false,
            backup: None,
            late: None,
            database: Database::default(),
            runs: [Progress::Ended; RUNS],
            crashes: scenario.crashes,
            lost: scenario.lost,
            history: History::default(),
        };
        for key in 0..2 {
            world.store.records[key] = Some(Record::FIRST);
            world.rings[0].keys[key] = Some(0);
            world.history.drawn[key] = true;
            world.history.handed_over[key] = true;
            world.history.sealed(key, 0, Record::FIRST.sealing);
        }
        world.runs[..scenario.jobs.len()].fill(Progress::Waiting);
        world
    }

    /// Whether nobody holds a ring's lock: neither a run that took it, nor a command that inherited it.
    #[must_use]
    pub fn ring_is_free(&self, scenario: &Scenario, ring: usize) -> bool {
        let mut runs = self.runs.iter().zip(scenario.jobs);
        let held = |(run, job): (&Progress, &crate::scenario::Job)| {
            matches!(run, Progress::Running(_)) && job.ring == ring && job.kind.takes_ring_lock()
        };
        !runs.any(held) && !database::keeps_lock(scenario, self, ring)
    }

    /// Whether no run but this one holds the account's lock.
    fn account_is_free(&self, who: usize) -> bool {
        let holds = |run: &Progress| matches!(run, Progress::Running(run) if run.holds_account);
        !self.runs.iter().enumerate().any(|(other, run)| other != who && holds(run))
    }

    /// The generation at which a key's record was sealed, as a ring knows it.
    #[must_use]
    pub fn sealed_at(&self, ring: usize, key: usize) -> Option<u8> {
        Some(self.rings[ring].keys[key]? + self.store.records[key]?.page)
    }

    /// Whether nothing is running.
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        let runs = self.runs.iter().any(|run| matches!(run, Progress::Running(_)));
        !runs && self.database.commands.iter().all(Option::is_none)
    }
}

/// Appends each state that may follow, and what led to it.
pub fn next(scenario: &Scenario, world: &World, next: &mut Vec<(Label, World)>) {
    for who in 0..scenario.jobs.len() {
        let job = scenario.jobs[who];
        match world.runs[who] {
            Progress::Waiting if scenario.may_start(world, job) => {
                let mut started = *world;
                started.runs[who] = Progress::Running(Run::new(job.kind.first_step()));
                next.push((Label::run(who, "starts"), started));
            }
            Progress::Running(run) => {
                let waits = scenario.locks && run.step.takes_account_lock() && !world.account_is_free(who);
                if !waits {
                    step(&mut Turn { scenario, world, who, run, job, next });
                }
                if world.crashes > 0 {
                    next.push((Label::run(who, "crashes"), crash(world, who)));
                }
            }
            Progress::Waiting | Progress::Ended => {}
        }
        database::step(world, who, next);
    }
    environment::step(scenario, world, next);
}

/// A run is gone; its command continues without it.
fn crash(world: &World, who: usize) -> World {
    let mut world = *world;
    world.crashes -= 1;
    world.runs[who] = Progress::Ended;
    world.database.commands[who] = world.database.commands[who]
        .filter(|command| !matches!(command.state, database::State::Ended(_)))
        .map(|command| database::Command { orphan: true, ..command });
    world
}

fn step(turn: &mut Turn<'_>) {
    match turn.run.step {
        Step::Classify
        | Step::KeepRecoveryKey
        | Step::PutStaged
        | Step::LookForOthers
        | Step::Withdraw
        | Step::MarkApplying
        | Step::StartCommand
        | Step::AwaitCommand => rotate::step(turn),
        Step::FindStaged | Step::RemoveStaged | Step::WipeRecoveryKey => recover::step(turn),
        Step::ChooseGeneration
        | Step::PutClaim
        | Step::ReadRecord
        | Step::CheckClaim
        | Step::Seal
        | Step::Replace
        | Step::ReadBack => publish::step(turn),
        Step::MakeSuccessor
        | Step::KeepSuccessor
        | Step::NameSuccessor
        | Step::PutSuccessor
        | Step::HandOver
        | Step::EndNote
        | Step::EndRecord
        | Step::EndKey
        | Step::MarkDone => successor::step(turn),
        Step::MarkEnded | Step::PutNote | Step::RemoveRecord | Step::WipeKey => revoke::step(turn),
        Step::ReadSource
        | Step::KeepNewKey
        | Step::PutNewRecord
        | Step::LookAgain
        | Step::HandNewKeyOver
        | Step::TakeBackRecord
        | Step::TakeBackKey => issue::step(turn),
        Step::OpenRecord | Step::OpenNote => reader::step(turn),
    }
}

impl Kind {
    fn first_step(self) -> Step {
        match self {
            Self::Rotate { .. } => Step::Classify,
            Self::Resume | Self::Abort => Step::FindStaged,
            Self::Revoke { with_ring: true, .. } => Step::MarkEnded,
            Self::Revoke { .. } => Step::PutNote,
            Self::Issue => Step::ReadSource,
            Self::Read => Step::OpenRecord,
        }
    }
}
