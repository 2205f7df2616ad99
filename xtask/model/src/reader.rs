//! A caller that opens a key: the record, then the note. It takes no lock.

use crate::run::{Step, Turn};
use crate::world::World;

/// The key that it opens.
const KEY: usize = 1;

pub(crate) fn step(turn: &mut Turn<'_>) {
    match turn.run.step {
        Step::OpenRecord => turn.go("reads the record", Step::OpenNote, |world, run| {
            run.expected = world.store.records[KEY];
            // The page that was current when the read began. The first step is the read itself.
            run.generation = world.history.highest(KEY);
        }),
        Step::OpenNote => {
            let (run, note) = (turn.run, turn.world.store.notes[KEY]);
            let broken = |world: &mut World, text| world.history.broken = Some(text);
            match run.expected {
                Some(record) if record.page < run.generation => {
                    turn.end("opens an older page", |world| broken(world, "T2: a reader got an older secret"));
                }
                Some(_) => turn.end("opens the record, or sees the note", |_| ()),
                None if note => turn.end("sees the note", |_| ()),
                None => turn.end("sees nothing", |world| broken(world, "T2: a reader saw neither record nor note")),
            }
        }
        _ => unreachable!("a step of another file"),
    }
}
