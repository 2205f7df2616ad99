//! `revoke`: rule 5. It takes no ring lock, works without a ring, and may run during a rotation.

use crate::rule::Rule;
use crate::run::{Step, Turn};
use crate::scenario::Kind;

pub(crate) fn step(turn: &mut Turn<'_>) {
    let Kind::Revoke { key, with_ring } = turn.job.kind else { return };
    let ring = turn.job.ring;
    let note_first = turn.on(Rule::NoteBeforeRemoval);
    match turn.run.step {
        Step::MarkEnded => {
            let marks = turn.on(Rule::EndedMark);
            turn.go("marks the key ended in the ring", begin(note_first), |world, _| {
                world.rings[ring].ended[key] |= marks;
                // From here on, rotations skip the key, even if this run crashes.
                world.history.ending[key] = true;
            });
        }
        Step::PutNote => {
            let to = if note_first { Step::RemoveRecord } else { Step::WipeKey };
            turn.go("puts the note", to, |world, _| {
                world.store.notes[key] = true;
                world.history.ending[key] = true;
            });
        }
        Step::RemoveRecord => {
            let to = if note_first { Step::WipeKey } else { Step::PutNote };
            turn.go("removes the record", to, |world, _| {
                world.store.records[key] = None;
                world.history.ending[key] = true;
            });
        }
        Step::WipeKey => {
            let wipes = with_ring && turn.on(Rule::WipedKey);
            turn.end("answers: revoked", |world| {
                if wipes {
                    world.rings[ring].keys[key] = None;
                }
                world.history.revoked[key] = true;
            });
        }
        _ => unreachable!("a step of another file"),
    }
}

/// The note is written before the record is removed, so that no reader misses both.
pub(crate) fn begin(note_first: bool) -> Step {
    if note_first { Step::PutNote } else { Step::RemoveRecord }
}
