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
        Step::KeepSuccessor => {
            let to = if turn.on(Rule::KeyInRingFirst) { Step::PutSuccessor } else { Step::MakeSuccessor };
            turn.go("keeps the new key in the ring", to, |world, run| {
                world.rings[ring].keys[run.key] = Some(run.generation);
            });
        }
        Step::PutSuccessor => {
            let to = if turn.on(Rule::KeyInRingFirst) { Step::MakeSuccessor } else { Step::KeepSuccessor };
            let sealing = sealing(turn.number(), 0);
            turn.go("puts the new key's record", to, |world, run| put_new(world, run, run.rotation, sealing));
        }
        Step::HandOver => turn.go("hands new keys over", Step::MarkSucceeded, |world, run| {
            for new in fresh(run) {
                world.history.handed_over[new] = true;
            }
        }),
        Step::MarkSucceeded => {
            let to = if turn.on(Rule::EndAfterHandOver) { Step::EndNote } else { Step::MarkDone };
            turn.go("marks their old keys as succeeded", to, |world, run| {
                for old in fresh(run).filter_map(|new| world.history.succeeds[new]) {
                    world.rings[ring].succeeded[old] = true;
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
        }),
        _ => unreachable!("a step of another file"),
    }
}

/// Draws a successor for the next key on its last page, or past it, that has none.
fn make_successor(turn: &mut Turn<'_>) {
    let Some(old) = (0..KEYS).find(|key| needs_successor(turn, *key)) else {
        let to = if turn.on(Rule::EndAfterHandOver) { Step::HandOver } else { Step::EndNote };
        return turn.go("has made all new keys", to, |_, run| run.key = 0);
    };
    let mut history = turn.world.history;
    let Some(new) = history.draw() else {
        return turn.end("runs out of ids", |_| ());
    };
    history.succeeds[new] = Some(old);
    history.handed_over[new] = !turn.on(Rule::HandOverAfterPut);
    let to = if turn.on(Rule::KeyInRingFirst) { Step::KeepSuccessor } else { Step::PutSuccessor };
    turn.go("draws a new key", to, |world, run| {
        world.history = history;
        run.key = new;
        run.fresh[new] = true;
    });
}

fn needs_successor(turn: &Turn<'_>, key: usize) -> bool {
    let (world, run) = (turn.world, turn.run);
    let ring = &world.rings[turn.job.ring];
    let on_last_page = ring.keys[key].is_some_and(|first| run.generation + 1 >= first + turn.scenario.pages(key));
    let has_one = ring.succeeded[key] || fresh(&run).any(|new| world.history.succeeds[new] == Some(key));
    on_last_page && !has_one && !ring.ended[key] && world.store.live_secret(key).is_some()
}

/// Ends the next key that has no page for this generation: note, record, copy.
fn end_note(turn: &mut Turn<'_>) {
    let (run, ring) = (turn.run, &turn.world.rings[turn.job.ring]);
    let used_up = |key: usize| {
        let page = ring.page(key, run.generation, turn.scenario.pages(key));
        ring.keys[key].is_some() && page.is_none() && turn.world.store.live_secret(key).is_some()
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
