//! What others do to ring and store: copies, backups, and somebody who writes to the store.

use crate::ring::Begun;
use crate::rule::Rule;
use crate::scenario::{Event, Scenario};
use crate::store::Record;
use crate::world::{KEYS, Label, World};

/// Appends what may happen next.
pub(crate) fn step(scenario: &Scenario, world: &World, next: &mut Vec<(Label, World)>) {
    if let Some(late) = world.late {
        let mut changed = World { late: None, ..*world };
        if changed.store.replace(late.key, late.expected, late.new) || !scenario.on(Rule::CompareAndSwap) {
            changed.store.records[late.key] = Some(late.new);
            changed.history.published(late.key, late.new.page);
        }
        next.push((Label::environment("a late replace arrives"), changed));
    }
    for event in scenario.events {
        let mut changed = *world;
        let text = match *event {
            Event::CopyRing if !world.copied => {
                changed.copied = true;
                changed.rings[1] = world.rings[0];
                "the ring is copied"
            }
            Event::RestoreRing if !world.copied => {
                changed.copied = true;
                changed.rings[1] = world.rings[0];
                if scenario.on(Rule::AdoptMarksApplying) {
                    // Taken early: nobody looks at it before it is restored.
                    let adopted = |rotation: usize| {
                        let begun = Begun { base: world.rings[0].done, new_keys: false };
                        world.rings[0].applying[rotation].or(world.rings[0].recovery[rotation].then_some(begun))
                    };
                    changed.rings[1].applying = core::array::from_fn(adopted);
                }
                "the ring is backed up"
            }
            Event::RestoreStore if world.history.restored => continue,
            Event::RestoreStore => match world.backup {
                None => {
                    changed.backup = Some(world.store);
                    "the store is backed up"
                }
                Some(backup) => {
                    changed.store = backup;
                    changed.backup = None;
                    changed.history.restored = true;
                    "the store is restored"
                }
            },
            // Only between runs: during one, a writer who restores what the run expects gets the new record published.
            Event::PutRecordBack(key) | Event::UndoRevocation(key) if may_put_back(world, key) => {
                changed.store.records[key] = Some(Record::FIRST);
                changed.store.notes[key] &= matches!(event, Event::PutRecordBack(_));
                changed.history.restored = true;
                "a removed record is put back"
            }
            Event::Sweep => {
                changed.store.sweep_claims(scenario.on(Rule::HighestClaimStays));
                // The tombstone of a key without a record is old enough.
                for key in (0..KEYS).filter(|_| !scenario.on(Rule::TombstonesStay)) {
                    changed.store.notes[key] &= world.store.records[key].is_some();
                }
                "old claims and tombstones are swept"
            }
            Event::DeleteClaims => {
                changed.store.sweep_claims(false);
                "all claims are deleted"
            }
            Event::CopyRing | Event::RestoreRing | Event::PutRecordBack(_) | Event::UndoRevocation(_) => continue,
        };
        if changed != *world {
            next.push((Label::environment(text), changed));
        }
    }
}

fn may_put_back(world: &World, key: usize) -> bool {
    world.is_at_rest() && world.late.is_none() && world.store.records[key].is_none()
}
