//! New keys where pages run out, and the end of used-up ones: the second half of rule 7.

use crate::publish::sealing;
use crate::rule::Rule;
use crate::run::{Run, Step, Turn};
use crate::store::Record;
use crate::world::{KEYS, World};

pub(crate) fn step(turn: &mut Turn<'_>) {
    let ring = turn.job.ring;
    match turn.run.step {
        Step::MakeSuccessor => make_successor(turn),
        Step::KeepSuccessor => turn.go("keeps the new key in the ring", after(turn), |world, run| {
            world.rings[ring].keys[run.key] = Some(run.generation);
        }),
        Step::NameSuccessor => turn.go("names it as the old key's successor", after(turn), |world, run| {
            if let Some(old) = world.history.succeeds[run.key] {
                world.rings[ring].succeeded[old] = Some(run.key);
            }
        }),
        Step::PutSuccessor => {
            let sealing = sealing(turn.number(), 0);
            turn.go("puts the new key's record", after(turn), |world, run| put_new(world, run, run.rotation, sealing));
        }
        Step::HandOver => {
            let to = if turn.on(Rule::EndAfterHandOver) { Step::EndNote } else { Step::MarkDone };
            turn.go("hands new keys over", to, |world, run| {
                for new in fresh(run) {
                    world.history.handed_over[new] = true;
                }
                run.key = 0;
            });
        }
        Step::EndNote => end_note(turn),
        Step::EndRecord => turn.go("removes its record", Step::EndKey, |world, run| {
            world.store.records[run.key] = None;
        }),
        Step::EndKey => turn.go("wipes its copy", Step::EndNote, |world, run| {
            world.rings[ring].keys[run.key] = None;
            run.key += 1;
        }),
        Step::MarkDone => turn.go("marks the generation done", Step::RemoveStaged, |world, run| {
            world.rings[ring].done = run.generation;
            let live = core::array::from_fn(|key| world.store.live_secret(key).is_some());
            world.history.done(run.rotation, live);
        }),
        _ => unreachable!("a step of another file"),
    }
}

/// The order of the steps that make a new key.
fn order(turn: &Turn<'_>) -> [Step; 3] {
    let (keep, name, put) = (Step::KeepSuccessor, Step::NameSuccessor, Step::PutSuccessor);
    match (turn.on(Rule::KeyInRingFirst), turn.on(Rule::SuccessorNamedFirst)) {
        (false, _) => [put, keep, name],
        (true, false) => [keep, put, name],
        (true, true) => [keep, name, put],
    }
}

/// The step that follows the present one.
fn after(turn: &Turn<'_>) -> Step {
    let mut steps = order(turn).into_iter().skip_while(|step| *step != turn.run.step);
    steps.nth(1).unwrap_or(Step::MakeSuccessor)
}

/// Draws a successor for the next key that needs one, or hands over one that an earlier run of this rotation issued.
fn make_successor(turn: &mut Turn<'_>) {
    let ring = &turn.world.rings[turn.job.ring];
    let issued = |key: usize| issued_successor(turn, key).filter(|new| ring.is_after(*new, turn.run.base));
    let waiting = (0..KEYS).filter(|key| needs_successor(turn, *key)).filter_map(issued);
    let mut fresh = turn.run.fresh;
    waiting.for_each(|new| fresh[new] = true);
    let has_one = |key: usize| {
        issued_successor(turn, key).is_some()
            || (0..KEYS).any(|new| fresh[new] && turn.world.history.succeeds[new] == Some(key))
    };
    let Some(old) = (0..KEYS).find(|key| needs_successor(turn, *key) && !has_one(*key)) else {
        let to = if turn.on(Rule::EndAfterHandOver) { Step::HandOver } else { Step::EndNote };
        return turn.go("has made all new keys", to, |_, run| (run.key, run.fresh) = (0, fresh));
    };
    let mut history = turn.world.history;
    let Some(new) = history.draw() else {
        return turn.end("runs out of ids", |_| ());
    };
    history.succeeds[new] = Some(old);
    history.handed_over[new] = !turn.on(Rule::HandOverAfterPut);
    turn.go("draws a new key", order(turn)[0], |world, run| {
        world.history = history;
        run.key = new;
        run.fresh[new] = true;
    });
}

/// Whether a key is on its last page or past it, or is to end with all others.
fn needs_successor(turn: &Turn<'_>, key: usize) -> bool {
    let (world, run) = (turn.world, turn.run);
    let ring = &world.rings[turn.job.ring];
    let on_last_page = ring.keys[key].is_some_and(|first| run.generation + 1 >= first + turn.scenario.pages(key));
    let replaced = run.new_keys && ring.keys[key].is_some() && !ring.is_after(key, run.base);
    (on_last_page || replaced) && !ring.ended[key] && world.store.live_secret(key).is_some()
}

/// The key that was issued to replace a key: if it has no record, it was only begun.
fn issued_successor(turn: &Turn<'_>, key: usize) -> Option<usize> {
    let (store, ring) = (&turn.world.store, &turn.world.rings[turn.job.ring]);
    ring.succeeded[key].filter(|new| ring.ended[*new] || store.live_secret(*new).is_some())
}

/// Ends the next key that has no page for this generation, or is to end with all others: note, record, copy.
fn end_note(turn: &mut Turn<'_>) {
    let (run, ring) = (turn.run, &turn.world.rings[turn.job.ring]);
    let used_up = |key: usize| {
        let page = ring.page(key, run.generation, turn.scenario.pages(key));
        let replaced = run.new_keys && !ring.is_after(key, run.base);
        ring.keys[key].is_some() && (page.is_none() || replaced) && turn.world.store.live_secret(key).is_some()
    };
    let Some(key) = (run.key..KEYS).find(|key| used_up(*key)) else {
        let to = if turn.on(Rule::EndAfterHandOver) { Step::MarkDone } else { Step::HandOver };
        return turn.go("has ended all used-up keys", to, |_, _| ());
    };
    turn.go("puts a used-up key's note", Step::EndRecord, |world, run| {
        world.history.used_up(key);
        world.store.notes[key] = true;
        run.key = key;
    });
}

fn fresh(run: &Run) -> impl Iterator<Item = usize> + use<> {
    let fresh = run.fresh;
    (0..KEYS).filter(move |key| fresh[*key])
}

/// Puts the first record of a new key.
pub(crate) fn put_new(world: &mut World, run: &Run, secret: u8, sealing: u8) {
    world.history.sealed(run.key, 0, sealing);
    if world.store.put_record(run.key, Record { page: 0, secret, sealing }) {
        world.history.published(run.key, 0);
    }
}
