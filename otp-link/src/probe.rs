//! Whether a store keeps its promises: some only pretend to.
//!
//! This tries the verbs that commands use, whatever is behind them. `otp-remote` has a probe of its own, and lets
//! nobody write to a bucket before it has passed and is marked as a store; that probe also tries what no verb can, such
//! as a stale version.

use std::fmt;
use std::ops::ControlFlow;
use std::sync::Barrier;

use otp_core::store::{Kind, Slot, Store};
use otp_core::{AccountName, KeyId};

use crate::any_store::{AnyStore, StoreError};
use crate::error::Result;

/// How many race for one slot.
const RACERS: u8 = 16;

/// A promise that a store does not keep.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Broken {
    /// What was put is not read, or not as it was.
    Read,
    /// A second put overwrote what was there.
    Put,
    /// Several put at once, and not exactly one was told that it succeeded, or the object is another's.
    PutRace,
    /// An object was replaced that was not the expected one.
    Replace,
    /// The same as with puts, for replacements.
    ReplaceRace,
    /// A list does not show what was put just before.
    List,
    /// What was removed is still there.
    Remove,
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Read => "what was written is not read as it was",
            Self::Put => "a write to a place that is taken is not refused",
            Self::PutRace => "of several writes to a free place, not exactly one wins",
            Self::Replace => "an object is replaced that was not the expected one",
            Self::ReplaceRace => "of several that replace an object, not exactly one wins",
            Self::List => "a list does not show what was written before",
            Self::Remove => "what was removed is still there",
        })
    }
}

/// Tries the promises on objects of an account that nobody has, and removes them.
pub(crate) fn probe(store: &AnyStore, id: KeyId) -> Result<Result<(), Broken>> {
    let account = AccountName::parse(&format!("otp-probe/{id}"))?;
    let slot = Slot { account: account.clone(), id, kind: Kind::Note };
    let outcome = tried(store, &slot);
    // Whatever the outcome.
    let removed = store.remove(&slot);
    let outcome = outcome?;
    removed?;
    Ok(match outcome {
        Ok(()) if read(store, &slot)?.is_some() => Err(Broken::Remove),
        other => other,
    })
}

fn tried(store: &AnyStore, slot: &Slot) -> Result<Result<(), Broken>, StoreError> {
    let winner = match race(|racer| store.put(slot, &object(racer)))?.as_slice() {
        [winner] => object(*winner),
        _ => return Ok(Err(Broken::PutRace)),
    };
    match read(store, slot)? {
        Some(there) if there == winner => {}
        Some(_) => return Ok(Err(Broken::PutRace)),
        None => return Ok(Err(Broken::Read)),
    }
    if store.put(slot, b"second")? || read(store, slot)?.as_deref() != Some(&winner) {
        return Ok(Err(Broken::Put));
    }
    let mut is_listed = false;
    store.list_account(&slot.account, &mut |listed| {
        is_listed |= listed == slot;
        ControlFlow::Continue(())
    })?;
    if !is_listed {
        return Ok(Err(Broken::List));
    }
    if let AnyStore::Files(_) = store {
        // Replacing a file takes its account's lock, so there is no race.
        return Ok(Ok(()));
    }
    let guard = store.lock(&slot.account)?;
    if store.replace(&guard, slot, b"another", b"new")? || read(store, slot)?.as_deref() != Some(&winner) {
        return Ok(Err(Broken::Replace));
    }
    let new = |racer| [object(racer), winner.clone()].concat();
    let winners = race(|racer| store.replace(&guard, slot, &winner, &new(racer)))?;
    match winners.as_slice() {
        [winner] if read(store, slot)?.as_ref() == Some(&new(*winner)) => Ok(Ok(())),
        _ => Ok(Err(Broken::ReplaceRace)),
    }
}

fn object(racer: u8) -> Vec<u8> {
    format!("racer {racer}").into_bytes()
}

/// Lets many do something at once, and returns those who were told that they succeeded.
fn race(act: impl Fn(u8) -> Result<bool, StoreError> + Sync) -> Result<Vec<u8>, StoreError> {
    let start = Barrier::new(usize::from(RACERS));
    let outcomes: Vec<Result<_, StoreError>> = std::thread::scope(|scope| {
        let (act, start) = (&act, &start);
        let racers: Vec<_> = (0..RACERS)
            .map(|racer| {
                scope.spawn(move || {
                    start.wait();
                    act(racer).map(|won| won.then_some(racer))
                })
            })
            .collect();
        racers.into_iter().map(|racer| racer.join().expect("no racer panics")).collect()
    });
    let winners: Result<Vec<_>, StoreError> = outcomes.into_iter().collect();
    Ok(winners?.into_iter().flatten().collect())
}

fn read(store: &AnyStore, slot: &Slot) -> Result<Option<Vec<u8>>, StoreError> {
    let mut bytes = vec![0; 256];
    Ok(store.get(slot, &mut bytes)?.map(|len| {
        bytes.truncate(len);
        bytes
    }))
}
