//! The database's password, and the commands (`--apply CMD`) that change it.

use crate::rule::Rule;
use crate::scenario::Scenario;
use crate::store::Secret;
use crate::world::{Label, RUNS, World};

/// The database, and the commands at work. A command may outlive the run that started it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Database {
    pub password: Secret,
    /// By the number of the run that started it.
    pub commands: [Option<Command>; RUNS],
}

/// A command that is to make `target` the password, and may log in with `old`, too.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Command {
    pub old: Secret,
    pub target: Secret,
    pub state: State,
    /// The run that started it has crashed.
    pub orphan: bool,
}

/// How far a command is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum State {
    Started,
    /// Logged in with the old password, with a change that it may commit at any time.
    LoggedIn,
    Committed,
    Ended(Exit),
}

/// How a command ends. If it is killed, that is [`Exit::Other`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Exit {
    /// 0: the target is the password.
    Done,
    /// 75: this command has changed nothing. It need not know what an earlier one did.
    Unchanged,
    /// Anything else: nobody knows.
    Other,
}

/// Appends what a run's command may do next.
pub fn step(world: &World, who: usize, next: &mut Vec<(Label, World)>) {
    let Some(command) = world.database.commands[who] else { return };
    let mut to = |text, password, state| {
        let mut world = *world;
        world.database.password = password;
        // Nobody waits for an orphan: it just ends, and with it the lock that it inherited.
        let gone = command.orphan && matches!(state, State::Ended(_));
        world.database.commands[who] = (!gone).then_some(Command { state, ..command });
        next.push((Label::command(who, text), world));
    };
    let password = world.database.password;
    match command.state {
        State::Started if password == command.target => to("finds its work done", password, State::Ended(Exit::Done)),
        State::Started if password == command.old => to("logs in", password, State::LoggedIn),
        State::LoggedIn => to("commits", command.target, State::Committed),
        State::Committed => to("ends with 0", password, State::Ended(Exit::Done)),
        State::Started | State::Ended(_) => {}
    }
    match command.state {
        State::Started | State::LoggedIn => {
            to("ends as unchanged", password, State::Ended(Exit::Unchanged));
            to("fails or is killed", password, State::Ended(Exit::Other));
        }
        State::Committed => to("fails after its commit", password, State::Ended(Exit::Other)),
        State::Ended(_) => {}
    }
}

/// Whether a command keeps the ring's lock (rule 6): it inherited the descriptor.
#[must_use]
pub fn keeps_lock(scenario: &Scenario, world: &World, ring: usize) -> bool {
    let commands = world.database.commands.iter().zip(scenario.jobs);
    scenario.on(Rule::CommandInheritsLock) && commands.filter(|(_, job)| job.ring == ring).any(|(at, _)| at.is_some())
}
