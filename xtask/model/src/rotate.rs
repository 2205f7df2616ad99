//! `rotate`, up to the command's end: rule 6, and what rule 7 makes of each ending.

use crate::database::{Exit, State};
use crate::ring::Begun;
use crate::rule::Rule;
use crate::run::{Step, Turn};
use crate::scenario::Kind;
use crate::world::KEYS;

/// The order of rule 6, with the rule that puts each step before the command.
const ORDER: [(Step, Option<Rule>); 6] = [
    (Step::KeepRecoveryKey, Some(Rule::RecoveryKeyFirst)),
    (Step::PutStaged, Some(Rule::StagedFirst)),
    (Step::LookForOthers, Some(Rule::StagedFirst)),
    (Step::MarkApplying, Some(Rule::ApplyingFirst)),
    (Step::StartCommand, None),
    (Step::AwaitCommand, None),
];

pub(crate) fn step(turn: &mut Turn<'_>) {
    let (run, ring) = (turn.run, turn.job.ring);
    let rotation = usize::from(run.rotation);
    let begun = Begun { base: run.base, new_keys: run.new_keys };
    match run.step {
        Step::Classify => classify(turn),
        Step::KeepRecoveryKey => {
            turn.go("keeps a recovery key in the ring", after(turn), |world, _| {
                world.rings[ring].recovery[rotation] = true;
            });
        }
        Step::PutStaged => {
            turn.go("puts staged", after(turn), |world, _| world.store.staged[rotation] = true);
        }
        Step::LookForOthers => {
            let alone = (1..).zip(&turn.world.store.staged[1..]).all(|(other, staged)| other == rotation || !staged);
            if alone || !turn.on(Rule::OneStaged) {
                turn.go("finds no other staged", after(turn), |_, _| ());
            } else {
                turn.go("finds another staged", Step::Withdraw, |_, _| ());
            }
        }
        Step::Withdraw => turn.end("removes its own staged: busy", |world| {
            world.store.staged[rotation] = false;
            world.rings[ring].recovery[rotation] = false;
        }),
        Step::MarkApplying => {
            turn.go("marks applying", after(turn), |world, _| world.rings[ring].applying[rotation] = Some(begun));
        }
        // `abort` goes back.
        Step::StartCommand if turn.job.kind == Kind::Abort => turn.start_command(run.rotation, run.old),
        Step::StartCommand => turn.start_command(run.old, run.rotation),
        Step::AwaitCommand => await_command(turn),
        _ => unreachable!("a step of another file"),
    }
}

/// Rule 8: looks at every key before anything changes. The list and the reads count as one step.
fn classify(turn: &mut Turn<'_>) {
    let (world, ring) = (turn.world, turn.job.ring);
    let live = |key: usize| world.store.live_secret(key);
    let unknown = (0..KEYS).any(|key| live(key).is_some() && !is_known(turn, key));
    let Some(old) = (0..KEYS).find_map(live).filter(|_| !unknown) else {
        return turn.end("refuses: a key is not in the ring, or there is none", |_| ());
    };
    let base = world.rings[ring].spent.max(world.store.highest_claim().0);
    let new_keys = turn.job.kind == Kind::Rotate { new_keys: true };
    let later = |key: usize| live(key).is_some() && !new_keys && world.sealed_at(ring, key) > Some(base);
    if turn.on(Rule::StopAtLater) && (0..KEYS).any(later) {
        return turn.end("refuses: a record is of a later generation", |_| ());
    }
    let number = turn.number();
    turn.go("classifies all keys", following(turn, None), |world, run| {
        // Rule 5: each ring operation turns tombstones into marks.
        for key in 0..KEYS {
            world.rings[ring].ended[key] |= world.store.notes[key];
        }
        run.old = old;
        run.rotation = number;
        (run.base, run.new_keys) = (base, new_keys);
        if new_keys {
            world.history.ends_all(number);
        }
        run.seen = core::array::from_fn(|key| live(key).is_some());
    });
}

/// Whether the ring has a key and considers it alive.
fn is_known(turn: &Turn<'_>, key: usize) -> bool {
    let ring = &turn.world.rings[turn.job.ring];
    ring.keys[key].is_some() && !(ring.ended[key] && turn.on(Rule::EndedMark))
}

fn await_command(turn: &mut Turn<'_>) {
    let who = turn.who;
    let Some(command) = turn.world.database.commands[who] else { return };
    let State::Ended(exit) = command.state else { return };
    let first = matches!(turn.job.kind, Kind::Rotate { .. });
    let unchanged = match exit {
        Exit::Done => false,
        Exit::Unchanged => first || (turn.job.kind == Kind::Resume && !turn.on(Rule::UnchangedOnlyFirst)),
        Exit::Other => first && !turn.on(Rule::OtherEndKeepsStaged),
    };
    let clear = |world: &mut crate::world::World| world.database.commands[who] = None;
    match exit {
        Exit::Done if turn.job.kind == Kind::Abort => {
            turn.go("sees 0: the old password is back", Step::RemoveStaged, |world, _| clear(world));
        }
        Exit::Done => turn.go("sees 0", after(turn), |world, _| clear(world)),
        _ if unchanged => turn.go("takes it as unchanged", Step::RemoveStaged, |world, _| clear(world)),
        _ => turn.end("keeps staged: in doubt", clear),
    }
}

/// The step that follows the present one.
fn after(turn: &Turn<'_>) -> Step {
    following(turn, Some(turn.run.step))
}

/// The step after a given one, or the first of all. A step whose rule is missing comes after the command.
fn following(turn: &Turn<'_>, step: Option<Step>) -> Step {
    let first = |rule: Option<Rule>| rule.is_none_or(|rule| turn.on(rule));
    let late = matches!(turn.job.kind, Kind::Rotate { .. });
    let before = ORDER.iter().filter(|(_, rule)| first(*rule));
    let behind = ORDER.iter().filter(|(_, rule)| late && !first(*rule));
    let mut steps = before.chain(behind).map(|(step, _)| *step);
    if let Some(step) = step {
        steps.find(|other| *other == step);
    }
    let publish = if turn.on(Rule::StagedGoesLast) { Step::ChooseGeneration } else { Step::RemoveStaged };
    steps.next().unwrap_or(publish)
}
