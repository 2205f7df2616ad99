//! Sealing and replacing: rules 1 to 3, and the loop of rule 7.

use crate::rule::Rule;
use crate::run::{Run, Step, Turn};
use crate::scenario::Kind;
use crate::store::Record;
use crate::world::{GENERATIONS, KEYS, Late, World};

pub(crate) fn step(turn: &mut Turn<'_>) {
    match turn.run.step {
        Step::ChooseGeneration => choose_generation(turn),
        Step::PutClaim => put_claim(turn),
        Step::ReadRecord => read_record(turn),
        Step::CheckClaim => check_claim(turn),
        Step::Seal => seal(turn),
        Step::Replace => replace(turn),
        Step::ReadBack => read_back(turn),
        _ => unreachable!("a step of another file"),
    }
}

/// Rule 1: `g = 1 + max(ring, store)`, and the ring's mark.
fn choose_generation(turn: &mut Turn<'_>) {
    let ring = turn.job.ring;
    let spent = turn.world.rings[ring].spent;
    if turn.job.kind == Kind::Resume && !turn.on(Rule::ResumeClaimsAnew) && spent > 0 {
        return turn.go("takes the claim of the run before", Step::ReadRecord, |_, run| run.generation = spent);
    }
    let seen = [(Rule::GenerationAboveRing, spent), (Rule::GenerationAboveStore, turn.world.store.highest_claim().0)];
    let highest = seen.iter().filter(|(rule, _)| turn.on(*rule)).map(|(_, seen)| *seen).max().unwrap_or(0);
    // A refused claim is not tried again.
    let generation = 1 + highest.max(turn.run.generation);
    if usize::from(generation) >= GENERATIONS {
        return turn.end("runs out of generations", |_| ());
    }
    let marks = turn.on(Rule::SpentMarkBeforeClaim);
    turn.go("chooses a generation and marks it spent", Step::PutClaim, |world, run| {
        run.generation = generation;
        if marks {
            let spent = &mut world.rings[ring].spent;
            *spent = generation.max(*spent);
        }
    });
}

/// Rule 1: the put of the claim must be answered with `true`.
fn put_claim(turn: &mut Turn<'_>) {
    let (generation, number) = (turn.run.generation, turn.number());
    let mut store = turn.world.store;
    let put = store.put_claim(generation, number);
    if put {
        turn.go("claims: true", Step::ReadRecord, |world, _| world.store = store);
    } else if turn.on(Rule::ClaimAnsweredTrue) {
        turn.go("claims: false", Step::ChooseGeneration, |_, _| ());
    } else {
        turn.go("claims: false, and goes on", Step::ReadRecord, |_, _| ());
    }
    if turn.world.lost > 0 {
        let then = if turn.on(Rule::ClaimInDoubtIsLost) { Step::ChooseGeneration } else { Step::ReadRecord };
        turn.go("claims: answer lost", then, |world, _| {
            world.lost -= 1;
            world.store = store;
        });
        turn.go("claims: request lost", then, |world, _| world.lost -= 1);
    }
}

/// Rule 7: for each key, from a fresh list: if it has no record, or a note, skip it.
fn read_record(turn: &mut Turn<'_>) {
    let (key, run) = (turn.run.key, turn.run);
    if key == KEYS {
        return turn.go("is at the end of the list", Step::MakeSuccessor, |_, _| ());
    }
    let ring = &turn.world.rings[turn.job.ring];
    let listed = turn.on(Rule::ListAfresh) || run.seen[key];
    let ended = ring.ended[key] && turn.on(Rule::EndedMark);
    let page = ring.page(key, run.generation, turn.scenario.pages(key));
    let live = listed && !ended && turn.world.store.live_secret(key).is_some();
    let replaced = run.new_keys && !ring.is_after(key, run.base);
    if page.is_none() || !live || replaced {
        return turn.go("skips a key", Step::ReadRecord, next_key);
    }
    // Rule 3: it belongs to another run.
    if turn.on(Rule::StopAtLater) && turn.world.sealed_at(turn.job.ring, key) >= Some(run.generation) {
        return turn.end("finds a record of this generation or later: overtaken", |_| ());
    }
    let expected = turn.world.store.records[key];
    turn.go("reads a record", Step::CheckClaim, |_, run| run.expected = expected);
}

/// Rule 1: the run's own claim is the highest.
fn check_claim(turn: &mut Turn<'_>) {
    let (generation, by) = turn.world.store.highest_claim();
    // The claim that a resumed run takes over, if no rule forbids it, is another run's.
    let takes_over = turn.job.kind == Kind::Resume && !turn.on(Rule::ResumeClaimsAnew);
    let named = by == Some(turn.number()) || takes_over || !turn.on(Rule::ClaimNamesRun);
    if turn.on(Rule::OwnClaimIsHighest) && (generation != turn.run.generation || !named) {
        return turn.end("finds a later claim: overtaken", |_| ());
    }
    turn.go("finds its claim the highest", Step::Seal, |_, _| ());
}

/// Rule 1: the run's own staged record is still there. Then the page is sealed.
fn seal(turn: &mut Turn<'_>) {
    let (run, key) = (turn.run, turn.run.key);
    if turn.on(Rule::OwnStagedIsThere) && !turn.world.store.staged[usize::from(run.rotation)] {
        return turn.end("finds its staged gone: stops", |_| ());
    }
    let ring = &turn.world.rings[turn.job.ring];
    let Some(page) = ring.page(key, run.generation, turn.scenario.pages(key)) else {
        return turn.end("finds the key wiped from the ring", |_| ());
    };
    let sealing = sealing(turn.number(), run.attempt);
    turn.go("seals a page", Step::Replace, |world, run| {
        world.history.sealed(key, page, sealing);
        run.sealed = Some(Record { page, secret: run.rotation, sealing });
    });
}

/// Rule 3: a record is replaced if it is the expected one.
fn replace(turn: &mut Turn<'_>) {
    let (run, key) = (turn.run, turn.run.key);
    let Some(new) = run.sealed else { return };
    let mut after = *turn.world;
    let expected = if turn.on(Rule::ReadBeforeChecks) { run.expected } else { after.store.records[key] };
    let replaced = if turn.on(Rule::CompareAndSwap) {
        after.store.replace(key, expected, new)
    } else {
        after.store.records[key] = Some(new);
        true
    };
    if replaced {
        after.history.published(key, new.page);
        turn.go("replaces the record", Step::ReadRecord, |world, run| {
            *world = after;
            next_key(world, run);
        });
    } else {
        turn.go("is refused the replace", Step::ReadBack, |_, _| ());
    }
    if turn.world.lost > 0 {
        turn.go("replaces: answer lost", Step::ReadBack, |world, _| {
            *world = after;
            world.lost -= 1;
        });
        turn.go("replaces: request late or lost", Step::ReadBack, |world, _| {
            world.lost -= 1;
            world.late = Some(Late { key, expected, new });
        });
    }
}

/// Rule 3: read again after a replace that was refused or is in doubt.
fn read_back(turn: &mut Turn<'_>) {
    let run = turn.run;
    match turn.world.store.records[run.key] {
        None => turn.go("finds no record: revoked", Step::ReadRecord, next_key),
        found if found == run.sealed => turn.go("finds its own record", Step::ReadRecord, next_key),
        found if found == run.expected && turn.on(Rule::SameBytesAgain) => {
            turn.go("finds the old record: again", Step::Replace, |_, _| ());
        }
        found if found == run.expected => {
            turn.go("finds the old record: seals anew", Step::CheckClaim, |_, run| run.attempt += 1);
        }
        Some(_) => turn.end("finds another record: overtaken", |_| ()),
    }
}

fn next_key(_: &mut World, run: &mut Run) {
    run.key += 1;
    run.expected = None;
    run.sealed = None;
    run.attempt = 0;
}

/// A number for each sealing.
pub(crate) fn sealing(run: u8, attempt: u8) -> u8 {
    run * 16 + attempt.min(15)
}
