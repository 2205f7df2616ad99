//! Two operations at once, without a lock: whatever their steps' order, the outcome is that of one after the other.
//!
//! A schedule lets one do `i` steps, then the other `j`, then the first its rest or `k`, and then both theirs. All are
//! tried for all pairs. Allowed is what some order of the two gives, without what reported an error.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ops::ControlFlow;
use std::sync::{Condvar, Mutex};

use otp_core::{Grant, Keeper, KeyId, MemoryStore, Slot, Store};

use crate::world::{Held, OLD, account, grant, now, rng, two_keys};

#[derive(Clone, Copy, Debug, PartialEq)]
enum Op {
    Add,
    Issue(usize),
    Revoke(usize),
    Rotate(Option<u64>),
    Remove,
    Open(usize),
}

const OPS: [Op; 9] = [
    Op::Add,
    Op::Issue(0),
    Op::Issue(1),
    Op::Revoke(0),
    Op::Revoke(1),
    Op::Rotate(None),
    Op::Rotate(Some(60)),
    Op::Remove,
    Op::Open(0),
];

/// What an operation reported: the keys that it gave, by the key that they replace.
type Report = Option<Vec<(Option<KeyId>, Held)>>;

/// Does one operation; `who` makes its randomness and its secret its own.
fn perform<S: Store>(op: Op, who: u8, store: &S, keys: &[Held]) -> Report {
    let (keeper, mut rng, secret) = (Keeper::new(store, now()), rng(10 + who), [who; 5]);
    let holder = grant("another");
    match op {
        Op::Add => Some(vec![(None, Held::new(&keeper.add(&account(), &secret, &holder, &mut rng).ok()?))]),
        Op::Issue(key) => {
            let new = keeper.issue(keys.get(key)?.key(), &holder, &mut rng).ok()?;
            Some(vec![(None, Held::new(&new))])
        }
        Op::Revoke(key) => keeper.revoke(&account(), keys.get(key)?.id).ok().map(|()| Vec::new()),
        Op::Rotate(grace) => {
            let rotation = keeper.rotate(&account(), &secret, &Grant::default(), grace, &mut rng).ok()?;
            let new = rotation.replacements().iter().map(|new| (Some(new.old), Held::new(&new.key))).collect();
            rotation.finish().ok().map(|()| new)
        }
        Op::Remove => keeper.remove(&account()).ok().map(|()| Vec::new()),
        Op::Open(key) => {
            let opened = keys.get(key)?.opens(store)?;
            assert!([OLD, &[0; 5], &[1; 5]].contains(&opened.as_slice()));
            Some(Vec::new())
        }
    }
}

/// What everybody's key opens in the end: the first two, and those that each operation reported for a holder of them.
///
/// A key that opens nothing is the same as one that was never given.
type Outcome = BTreeMap<(Option<usize>, Option<usize>), Vec<u8>>;

fn outcome(store: &MemoryStore, keys: &[Held], reports: &[Report; 2]) -> Outcome {
    let mut outcome = Outcome::new();
    for (index, key) in keys.iter().enumerate() {
        outcome.extend(key.opens(store).map(|secret| ((None, Some(index)), secret)));
    }
    for (who, report) in reports.iter().enumerate() {
        for (old, key) in report.iter().flatten() {
            let replaced = old.map(|id| keys.iter().position(|key| key.id == id));
            // A key that was put and taken back may have been replaced before that: nobody asked for its successor.
            if replaced != Some(None) {
                outcome.extend(key.opens(store).map(|secret| ((Some(who), replaced.flatten()), secret)));
            }
        }
    }
    outcome
}

/// Does some operations one after the other, and gives whether all of them succeeded, and the outcome.
fn one_by_one(sequence: &[(usize, Op)], empty: bool) -> ([Option<bool>; 2], Outcome) {
    let store = MemoryStore::new();
    let keys = if empty { Vec::new() } else { two_keys(&store).to_vec() };
    let mut reports = [None, None];
    let mut succeeded = [None; 2];
    for &(who, op) in sequence {
        reports[who] = perform(op, u8::try_from(who).unwrap(), &store, &keys);
        succeeded[who] = Some(reports[who].is_some());
    }
    (succeeded, outcome(&store, &keys, &reports))
}

/// A store that two threads use, one step at a time and in the order of a schedule.
struct Scheduled {
    store: Mutex<MemoryStore>,
    plan: Mutex<Plan>,
    turn: Condvar,
}

struct Plan {
    /// Who does how many steps, the next one last.
    segments: Vec<(usize, usize)>,
    done: [bool; 2],
    steps: [usize; 2],
}

impl Plan {
    /// Whose turn it is.
    fn next(&mut self) -> Option<usize> {
        while let Some(&(who, left)) = self.segments.last() {
            if left > 0 && !self.done[who] {
                return Some(who);
            }
            self.segments.pop();
        }
        None
    }
}

/// More steps than any operation has.
const TO_THE_END: usize = 1 << 20;

/// One thread's hold of the scheduled store.
struct Hand<'s> {
    who: usize,
    scheduled: &'s Scheduled,
}

impl Hand<'_> {
    fn step<T>(&self, act: impl FnOnce(&MemoryStore) -> T) -> T {
        let Scheduled { store, plan, turn } = self.scheduled;
        let mut plan = turn.wait_while(plan.lock().unwrap(), |plan| plan.next() != Some(self.who)).unwrap();
        let value = act(&store.lock().unwrap());
        plan.steps[self.who] += 1;
        plan.segments.last_mut().unwrap().1 -= 1;
        turn.notify_all();
        value
    }
}

impl Drop for Hand<'_> {
    fn drop(&mut self) {
        self.scheduled.plan.lock().unwrap().done[self.who] = true;
        self.scheduled.turn.notify_all();
    }
}

impl Store for Hand<'_> {
    type Error = Infallible;

    fn put(&self, slot: &Slot, bytes: &[u8]) -> Result<bool, Infallible> {
        self.step(|store| store.put(slot, bytes))
    }

    fn get(&self, slot: &Slot, buffer: &mut [u8]) -> Result<Option<usize>, Infallible> {
        self.step(|store| store.get(slot, buffer))
    }

    fn list(&self, prefix: &str, each: &mut dyn FnMut(&Slot) -> ControlFlow<()>) -> Result<(), Infallible> {
        self.step(|store| store.list(prefix, each))
    }

    fn remove(&self, slot: &Slot) -> Result<bool, Infallible> {
        self.step(|store| store.remove(slot))
    }
}

/// Does two operations in the order of a schedule; gives their reports, the outcome, and how many steps each did.
fn together(ops: [Op; 2], empty: bool, schedule: [usize; 3]) -> ([bool; 2], Outcome, [usize; 2]) {
    let store = MemoryStore::new();
    let keys = if empty { Vec::new() } else { two_keys(&store).to_vec() };
    let [first, second, third] = schedule;
    let segments = vec![(0, TO_THE_END), (1, TO_THE_END), (0, third), (1, second), (0, first)];
    let plan = Mutex::new(Plan { segments, done: [false; 2], steps: [0; 2] });
    let scheduled = Scheduled { store: Mutex::new(store), plan, turn: Condvar::new() };
    let act = |who: usize| perform(ops[who], u8::try_from(who).unwrap(), &Hand { who, scheduled: &scheduled }, &keys);
    let reports = std::thread::scope(|scope| {
        let other = scope.spawn(|| act(1));
        [act(0), other.join().unwrap()]
    });
    let steps = scheduled.plan.into_inner().unwrap().steps;
    let store = scheduled.store.into_inner().unwrap();
    let outcome = outcome(&store, &keys, &reports);
    ([reports[0].is_some(), reports[1].is_some()], outcome, steps)
}

/// The outcomes that some order gives.
fn allowed(ops: [Op; 2], empty: bool, succeeded: [bool; 2]) -> Vec<Outcome> {
    let ends = |op| matches!(op, Op::Revoke(_) | Op::Remove);
    let mut orders = vec![vec![0, 1], vec![1, 0]];
    // What is put while an account is removed may go too: it is as if it were removed twice.
    if let Some(remover) = ops.iter().position(|op| *op == Op::Remove) {
        orders.push(vec![remover, 1 - remover, remover]);
    }
    // What failed was not done. Only an add may have been there for so long that it was rotated or removed.
    let undone = ops.iter().any(|op| matches!(op, Op::Rotate(_) | Op::Remove));
    let mut outcomes = Vec::new();
    for order in orders {
        let all = order.into_iter().map(|who| (who, ops[who]));
        let reported: Vec<_> = all.clone().filter(|(who, _)| succeeded[*who]).collect();
        let added: Vec<_> = all.filter(|(who, op)| succeeded[*who] || (undone && *op == Op::Add)).collect();
        for sequence in [reported, added] {
            let (in_order, outcome) = one_by_one(&sequence, empty);
            // To end what another has just ended, or is ending, may be told as done by both.
            let lenient = |who: usize| ends(ops[who]) && (ends(ops[1 - who]) || sequence.len() == 3);
            if (0..2).all(|who| in_order[who] != Some(false) || lenient(who)) {
                outcomes.push(outcome);
            }
        }
    }
    outcomes
}

/// Tries every schedule of two operations, and counts them. `thrice` cuts the rest of the first one too.
fn meet(ops: [Op; 2], empty: bool, thrice: bool) -> usize {
    let mut met = 0;
    let mut known = BTreeMap::new();
    for i in 0.. {
        let mut ended = [false; 2];
        for j in 1.. {
            for k in if thrice { 1.. } else { TO_THE_END.. } {
                let (succeeded, outcome, steps) = together(ops, empty, [i, j, k]);
                let allowed = known.entry(succeeded).or_insert_with(|| allowed(ops, empty, succeeded));
                assert!(
                    allowed.contains(&outcome),
                    "{ops:?}, {i} steps of the first, {j} of the other, {k} of the first: {succeeded:?}, {outcome:02x?}"
                );
                met += 1;
                ended = [i >= steps[0], j >= steps[1]];
                if i + k >= steps[0] {
                    break;
                }
            }
            if ended[1] {
                break;
            }
        }
        if ended[0] {
            break;
        }
    }
    met
}

#[test]
fn any_two_operations_meet_as_if_one_came_first() {
    let mut met = 0;
    for first in OPS {
        for second in OPS {
            met += meet([first, second], false, false);
        }
    }
    assert!(met > 5_000, "{met}");
}

#[test]
fn issue_revoke_and_rotate_meet_as_if_one_came_first_even_if_both_are_cut() {
    let ops = [Op::Issue(0), Op::Revoke(0), Op::Rotate(None), Op::Rotate(Some(60))];
    let mut met = 0;
    for first in ops {
        for second in ops {
            met += meet([first, second], false, true);
        }
    }
    assert!(met > 10_000, "{met}");
}

#[test]
fn any_two_operations_on_an_account_that_is_not_there_meet_as_if_one_came_first() {
    let ops = [Op::Add, Op::Rotate(None), Op::Remove];
    for first in ops {
        for second in ops {
            assert!(meet([first, second], true, true) > 3);
        }
    }
}
