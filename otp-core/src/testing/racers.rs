//! The verbs of a store, and adding an account, from several threads at once.

use alloc::vec;
use alloc::vec::Vec;
use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::panic::resume_unwind;
use std::sync::Barrier;
use std::thread;

use super::verbs::{Verbs, account, promise, slot};
use super::world::{HeldKey, NOW, TestRng, count, grant};
use crate::keeper::{KeepError, Keeper};
use crate::store::{ErrorKind, Guard, Kind, Store, StoreError};

/// Few, since some servers make writers wait for seconds when many meet.
const RACERS: u8 = 4;
const ROUNDS: u8 = 8;

/// Checks what a store promises to several threads: one winner, nothing half done, nobody kept out without need.
///
/// # Panics
///
/// If a promise is broken; the message names it.
pub fn racers<T, S: Store + Sync>(fresh: impl Fn() -> (T, S)) {
    let checks: [fn(&S); 7] = [
        one_put_wins,
        one_replace_wins,
        writers_whose_answers_are_lost_read_again,
        readers_see_old_or_new,
        a_removed_object_is_gone,
        one_holder_at_a_time,
        an_account_is_added_once,
    ];
    for check in checks {
        let (_outlives, store) = fresh();
        check(&store);
    }
}

/// Lets all racers start at once, each with its number, and gives their results in the order of the numbers.
fn race<R: Send>(run: impl Fn(u8) -> R + Sync) -> Vec<R> {
    let start = Barrier::new(RACERS.into());
    let run = |number| {
        start.wait();
        run(number)
    };
    thread::scope(|scope| {
        let racers: Vec<_> = (0..RACERS)
            .map(|number| {
                scope.spawn({
                    let run = &run;
                    move || run(number)
                })
            })
            .collect();
        // A racer's own panic names the promise that is broken.
        racers.into_iter().map(|racer| racer.join().unwrap_or_else(|panic| resume_unwind(panic))).collect()
    })
}

/// A racer's object: bytes and a length of its own, so that a mixture of two is seen.
fn object(number: u8) -> Vec<u8> {
    vec![number; 100 + 1500 * usize::from(number)]
}

/// The number of the racer whose object it is, whole.
fn owner(bytes: &[u8]) -> Option<u8> {
    (0..RACERS).find(|number| bytes == object(*number))
}

/// The number of the only winner.
fn only_winner(won: &[bool], what: &str) -> u8 {
    promise(won.iter().filter(|won| **won).count() == 1, what);
    (0..).zip(won).find_map(|(number, won)| won.then_some(number)).unwrap_or(0)
}

fn one_put_wins<S: Store + Sync>(store: &S) {
    let store = Verbs(store);
    for round in 0..ROUNDS {
        let place = slot("a", round, Kind::Record);
        let won = race(|number| {
            let won = store.put(&place, &object(number));
            let seen = store.read(&place);
            promise(seen.as_deref().and_then(owner).is_some(), "put: an object appears whole or not at all");
            won
        });
        let winner = only_winner(&won, "put: of several at once, exactly one answers true");
        promise(store.read(&place).as_deref() == Some(&object(winner)), "put: the object is that of the call that won");
    }
}

fn one_replace_wins<S: Store + Sync>(store: &S) {
    let store = Verbs(store);
    for round in 0..ROUNDS {
        let place = slot("a", round, Kind::Record);
        promise(store.put(&place, b"the start"), "put: it answers true for an empty slot");
        let won = race(|number| store.replace(&place, b"the start", &object(number)));
        let winner = only_winner(&won, "replace: of several with one expected object, exactly one answers true");
        let held = store.read(&place);
        promise(held.as_deref() == Some(&object(winner)), "replace: the object is that of the call that won");
    }
}

/// Each writer adds its number to an object several times. It never learns what `replace` answered and reads again
/// instead, as a writer does whose connection breaks: nothing is lost, and nothing is there twice.
fn writers_whose_answers_are_lost_read_again<S: Store + Sync>(store: &S) {
    let store = Verbs(store);
    let place = slot("a", 1, Kind::Record);
    promise(store.put(&place, b"-"), "put: it answers true for an empty slot");
    let read = || store.read(&place).unwrap_or_default();
    race(|number| {
        for _ in 0..ROUNDS {
            let mut held = read();
            loop {
                let mine = [&held[..], &[number]].concat();
                let _lost = store.replace(&place, &held, &mine);
                let seen = read();
                if seen.starts_with(&mine) {
                    break;
                }
                let what = "replace: an object that another replaced holds what it was given";
                promise(seen.len() >= held.len() && seen[..held.len()] == held[..], what);
                held = seen;
            }
        }
    });
    let all = read();
    for number in 0..RACERS {
        let times: usize = all.iter().map(|other| usize::from(*other == number)).sum();
        promise(times == usize::from(ROUNDS), "replace: of several writers, none undoes what another has done");
    }
}

fn readers_see_old_or_new<S: Store + Sync>(store: &S) {
    let store = Verbs(store);
    let place = slot("a", 1, Kind::Record);
    promise(store.put(&place, &object(0)), "put: it answers true for an empty slot");
    let done = AtomicBool::new(false);
    race(|number| {
        if number == 0 {
            let _done = SetOnDrop(&done);
            for _ in 0..ROUNDS {
                for (old, new) in [(0, 1), (1, 2), (2, 0)] {
                    let replaced = store.replace(&place, &object(old), &object(new));
                    promise(replaced, "replace: it answers true if the object is the expected one");
                }
            }
            return;
        }
        while !done.load(Ordering::Acquire) {
            let seen = store.read(&place);
            promise(
                seen.as_deref().and_then(owner).is_some(),
                "replace: readers see the old object or the new one, whole",
            );
            let listed = store.list_account(&place.account);
            promise(listed == [place.clone()], "replace: the object is listed all the time, and nothing beside it");
        }
    });
}

/// Lets the readers go, also if the writer panics.
struct SetOnDrop<'a>(&'a AtomicBool);

impl Drop for SetOnDrop<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

fn a_removed_object_is_gone<S: Store + Sync>(store: &S) {
    let store = Verbs(store);
    for round in 0..ROUNDS {
        let (place, other) = (slot("a", round, Kind::Record), slot("a", round, Kind::Note));
        promise(store.put(&place, b"object") && store.put(&other, b"object"), "put: it answers true for an empty slot");
        let removed = race(|_| {
            let removed = store.remove(&place);
            promise(store.read(&place).is_none(), "remove: an object is gone once it has returned");
            removed
        });
        promise(removed.contains(&true), "remove: of several at once, one at least answers true");
        promise(!store.remove(&place), "remove: it answers false for an object that is gone");
        promise(store.read(&other).is_some(), "remove: other objects stay");
    }
}

fn one_holder_at_a_time<S: Store + Sync>(store: &S) {
    let store = Verbs(store);
    let (name, holders) = (account("a"), AtomicUsize::new(0));
    race(|_| {
        for _ in 0..ROUNDS {
            let guard = store.lock(&name);
            if guard.excludes_others() {
                let before = holders.fetch_add(1, Ordering::SeqCst);
                thread::yield_now();
                promise(before == 0, "lock: a guard that excludes others is held by one at a time");
                holders.fetch_sub(1, Ordering::SeqCst);
            }
        }
    });
}

fn an_account_is_added_once<S: Store + Sync>(store: &S) {
    for round in 0..ROUNDS {
        let name = account(&alloc::format!("added/{round}"));
        let added = race(|number| {
            let mut rng = TestRng::new(u64::from(round) << 8 | u64::from(number));
            match Keeper::new(store, NOW).add(&name, &[number], &grant("racer"), &mut rng) {
                Ok(key) => Some(HeldKey::new(&key)),
                Err(KeepError::Exists { .. }) => None,
                Err(KeepError::Store(error)) if error.kind() == ErrorKind::Locked => None,
                Err(error) => panic!("broken promise: add: it fails only if the account exists: {error}"),
            }
        });
        let winners: Vec<u8> = (0..).zip(&added).filter_map(|(number, key)| key.as_ref().map(|_| number)).collect();
        promise(winners.len() <= 1, "add: an account is added once");
        let keys = count(store, &name, Kind::Record);
        promise(keys == winners.len(), "add: those that lose leave nothing behind");
        let exclusive = Verbs(store).lock(&name).excludes_others();
        promise(!exclusive || winners.len() == 1, "add: one of several wins, if the lock excludes others");
        for number in winners {
            let opened = added[usize::from(number)].as_ref().and_then(|key| key.open(store));
            promise(opened == Some(vec![number]), "add: the key of the one that won opens what it sealed");
        }
    }
}
