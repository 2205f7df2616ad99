//! `rotate --resume` and `rotate --abort`, rules 9 and 10; and how every rotation ends.

use crate::rule::Rule;
use crate::run::{Step, Turn};
use crate::scenario::Kind;
use crate::store::Secret;
use crate::world::KEYS;

pub(crate) fn step(turn: &mut Turn<'_>) {
    let (run, ring) = (turn.run, turn.job.ring);
    let rotation = usize::from(run.rotation);
    match run.step {
        Step::FindStaged => find_staged(turn),
        Step::RemoveStaged => {
            let only_own = turn.on(Rule::OnlyOwnStaged);
            turn.go("removes staged", Step::WipeRecoveryKey, |world, _| {
                if only_own {
                    world.store.staged[rotation] = false;
                } else {
                    world.store.staged.fill(false);
                }
            });
        }
        Step::WipeRecoveryKey => turn.end("wipes the recovery key", |world| {
            world.rings[ring].recovery[rotation] = false;
            world.rings[ring].applying[rotation] = None;
        }),
        _ => unreachable!("a step of another file"),
    }
}

fn find_staged(turn: &mut Turn<'_>) {
    let ring = &turn.world.rings[turn.job.ring];
    let Some(rotation) = turn.world.store.staged_rotation() else {
        return turn.end("finds nothing staged", |_| ());
    };
    let number = usize::from(rotation);
    let mine = ring.recovery[number] || !turn.on(Rule::RecoveryKeyFirst);
    if !mine {
        return turn.end("has no recovery key: another ring's rotation", |_| ());
    }
    let Some(begun) = ring.applying[number] else {
        // Rule 9: the command has not been started.
        return turn.go("finds staged without applying", Step::RemoveStaged, |_, run| run.rotation = rotation);
    };
    let reached = ring.spent.max(turn.world.store.highest_claim().0);
    let base = if turn.on(Rule::ApplyingKeepsBase) { begun.base } else { reached };
    let new_keys = begun.new_keys && turn.on(Rule::ApplyingKeepsOptions);
    let secrets = || (0..KEYS).filter_map(|key| turn.world.store.live_secret(key));
    let old: Secret = secrets().find(|secret| *secret != rotation).unwrap_or(rotation);
    // Its command has then ended with 0, and replaces that nobody waits for may still arrive.
    let claimed = reached > base;
    if turn.job.kind == Kind::Abort && turn.on(Rule::AbortBeforeClaim) && claimed {
        return turn.end("finds a generation claimed: it can only be resumed", |_| ());
    }
    turn.go("opens staged", Step::StartCommand, |world, run| {
        run.rotation = rotation;
        run.old = old;
        (run.base, run.new_keys) = (base, new_keys);
        run.seen = core::array::from_fn(|key| world.store.live_secret(key).is_some());
    });
}
