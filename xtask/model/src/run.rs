//! A run: one process of `otp`, and how far it has got.

use crate::database::{Command, State};
use crate::rule::Rule;
use crate::scenario::{Job, Scenario};
use crate::store::{Record, Secret};
use crate::world::{KEYS, Label, Progress, World};

/// What a run does next. Each step is one operation on store, ring or database, with the decisions that follow from it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Step {
    // rotate, up to the command: `rotate`
    Classify,
    KeepRecoveryKey,
    PutStaged,
    LookForOthers,
    Withdraw,
    MarkApplying,
    StartCommand,
    AwaitCommand,
    // --resume and --abort: `recover`
    FindStaged,
    // sealing and replacing records: `publish`
    ChooseGeneration,
    PutClaim,
    ReadRecord,
    CheckClaim,
    Seal,
    Replace,
    ReadBack,
    // new keys where pages run out: `successor`
    MakeSuccessor,
    KeepSuccessor,
    NameSuccessor,
    PutSuccessor,
    HandOver,
    EndNote,
    EndRecord,
    EndKey,
    MarkDone,
    RemoveStaged,
    WipeRecoveryKey,
    // `revoke`
    MarkEnded,
    PutNote,
    RemoveRecord,
    WipeKey,
    // `issue`
    ReadSource,
    KeepNewKey,
    PutNewRecord,
    LookAgain,
    HandNewKeyOver,
    TakeBackRecord,
    TakeBackKey,
    // `reader`
    OpenRecord,
    OpenNote,
}

impl Step {
    /// Whether a run holds the account's lock for this step, if the store has locks.
    #[must_use]
    pub fn takes_account_lock(self) -> bool {
        let without =
            [Self::StartCommand, Self::AwaitCommand, Self::MarkEnded, Self::WipeKey, Self::OpenRecord, Self::OpenNote];
        !without.contains(&self)
    }
}

/// What a run remembers.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Run {
    pub step: Step,
    pub holds_account: bool,
    /// The rotation that it works on; the rotation's number is also the new secret.
    pub rotation: u8,
    pub old: Secret,
    /// The generation that the account had reached when the rotation began, and whether every key is to end.
    pub base: u8,
    pub new_keys: bool,
    pub generation: u8,
    /// The key that it is working on.
    pub key: usize,
    /// The keys that it saw when it classified them.
    pub seen: [bool; KEYS],
    pub expected: Option<Record>,
    pub sealed: Option<Record>,
    /// How often it has sealed one page: more than once only if a rule is taken out.
    pub attempt: u8,
    /// The new keys that it is to hand over.
    pub fresh: [bool; KEYS],
}

impl Run {
    /// A run that begins with a step.
    #[must_use]
    pub fn new(step: Step) -> Self {
        Self {
            step,
            holds_account: false,
            rotation: 0,
            old: 0,
            base: 0,
            new_keys: false,
            generation: 0,
            key: 0,
            seen: [false; KEYS],
            expected: None,
            sealed: None,
            attempt: 0,
            fresh: [false; KEYS],
        }
    }
}

/// One step of one run: what it sees, and where it puts the states that may follow.
pub struct Turn<'a> {
    pub scenario: &'a Scenario,
    pub world: &'a World,
    pub who: usize,
    pub run: Run,
    pub job: Job,
    pub next: &'a mut Vec<(Label, World)>,
}

impl Turn<'_> {
    /// Whether a rule is in force.
    #[must_use]
    pub fn on(&self, rule: Rule) -> bool {
        self.scenario.on(rule)
    }

    /// The number that stands for this run in claims, and for the rotation that it begins.
    #[must_use]
    pub fn number(&self) -> u8 {
        u8::try_from(self.who + 1).expect("a scenario has at most four runs")
    }

    /// Appends a state: the run has done something, and continues at a step.
    pub fn go(&mut self, text: &'static str, step: Step, change: impl FnOnce(&mut World, &mut Run)) {
        let (mut world, mut run) = (*self.world, self.run);
        run.step = step;
        run.holds_account = step.takes_account_lock();
        change(&mut world, &mut run);
        world.runs[self.who] = Progress::Running(run);
        self.next.push((Label::run(self.who, text), world));
    }

    /// Appends a state: the run has done something, and ends.
    pub fn end(&mut self, text: &'static str, change: impl FnOnce(&mut World)) {
        let mut world = *self.world;
        change(&mut world);
        world.runs[self.who] = Progress::Ended;
        self.next.push((Label::run(self.who, text), world));
    }

    /// Appends a state: the command has been started.
    pub fn start_command(&mut self, old: Secret, target: Secret) {
        let who = self.who;
        self.go("starts the command", Step::AwaitCommand, |world, _| {
            world.database.commands[who] = Some(Command { old, target, state: State::Started, orphan: false });
        });
    }
}
