//! `issue`: rule 4. It takes no ring lock, and may run during a rotation if the store has no locks.

use crate::publish::sealing;
use crate::rule::Rule;
use crate::run::{Step, Turn};
use crate::successor::put_new;

/// The key whose secret is sealed once more.
const SOURCE: usize = 0;

pub(crate) fn step(turn: &mut Turn<'_>) {
    let (run, ring) = (turn.run, turn.job.ring);
    match run.step {
        Step::ReadSource => read_source(turn),
        Step::KeepNewKey => turn.go("keeps the new key in the ring", Step::PutNewRecord, |world, run| {
            world.rings[ring].keys[run.key] = Some(run.generation);
        }),
        Step::PutNewRecord => {
            let sealing = sealing(turn.number(), 0);
            let to = if turn.on(Rule::LookAfterIssue) { Step::LookAgain } else { Step::HandNewKeyOver };
            turn.go("puts the record", to, |world, run| put_new(world, run, run.old, sealing));
        }
        Step::LookAgain => {
            let store = &turn.world.store;
            let same = store.records[SOURCE] == run.expected && !store.notes[SOURCE];
            if same && store.staged_rotation().is_none() && store.highest_claim().0 == run.generation {
                turn.go("sees that nothing has changed", Step::HandNewKeyOver, |_, _| ());
            } else {
                turn.go("sees a rotation", Step::TakeBackRecord, |_, _| ());
            }
        }
        Step::HandNewKeyOver => turn.end("hands the key over", |world| world.history.handed_over[run.key] = true),
        Step::TakeBackRecord => {
            turn.go("removes the record", Step::TakeBackKey, |world, run| world.store.records[run.key] = None);
        }
        Step::TakeBackKey => turn.end("wipes the key: busy", |world| world.rings[ring].keys[run.key] = None),
        _ => unreachable!("a step of another file"),
    }
}

/// Opens the source; page 0 of the new key belongs to the current generation.
fn read_source(turn: &mut Turn<'_>) {
    let (store, mut history) = (&turn.world.store, turn.world.history);
    let secret = store.live_secret(SOURCE).filter(|_| store.staged_rotation().is_none());
    let (Some(secret), Some(new)) = (secret, history.draw()) else {
        return turn.end("refuses: a rotation, or no source", |_| ());
    };
    let generation = store.highest_claim().0.max(turn.world.rings[turn.job.ring].spent);
    turn.go("opens the source", Step::KeepNewKey, |world, run| {
        run.key = new;
        run.old = secret;
        run.expected = world.store.records[SOURCE];
        run.generation = generation;
        world.history = history;
    });
}
