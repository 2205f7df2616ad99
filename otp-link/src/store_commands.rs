//! Commands for a whole store: making it, copying it, checking that it keeps its promises.

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use otp_core::store::{Kind, Scope, Slot, Store};
use otp_core::{KeyId, Record};
use otp_remote_protocol::object_name;

use crate::any_store::{AnyStore, StoreError};
use crate::error::{Error, Result};
use crate::probe;
use crate::randomness::Randomness;
use crate::side_by_side::side_by_side;
use crate::store;

/// Makes a store that can be written: a directory or, on the network, whatever marks a store, once it has shown that it
/// keeps its promises. Says whether it was a store before.
///
/// # Errors
///
/// The store's, including that it does not keep its promises.
pub fn init_store(store: &Path) -> Result<bool> {
    store::make(Some(store)).map(|(_, before)| before)
}

/// Tries the store's promises on objects of an account that nobody has, and removes them. It takes the path that every
/// command takes, so it tests a helper, of any origin, as well as its server.
///
/// # Errors
///
/// [`Error::BrokenPromise`]; the store's.
pub fn check_store(store: Option<&Path>) -> Result<()> {
    let store = store::open_to_write(store)?;
    let id = KeyId::generate(&mut Randomness::system())?;
    probe::probe(&store, id)?.map_err(|broken| Error::BrokenPromise { broken })
}

/// What [`copy_store`] did.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct Copied {
    /// How many objects were copied.
    pub copied: usize,
    /// How many were already there, byte for byte.
    pub equal: usize,
    /// Those that are there but different. They stay as they are. Sorted.
    pub different: Vec<String>,
}

/// Copies every object of a store that another does not have. It overwrites nothing, compares what is already there,
/// and carries on where an earlier call was cut off.
///
/// What ends keys goes first, so a reader of the copy never sees a key open that has ended in the original. `progress`
/// is called from several threads, with how many objects are done and how many there are.
///
/// # Errors
///
/// Those of both stores.
pub fn copy_store(from: &Path, to: &Path, progress: impl Fn(usize, usize) + Sync) -> Result<Copied> {
    let from = store::open(Some(from))?;
    let slots = slots(&from)?;
    let to = store::open_or_create(Some(to))?;
    // On the network, an equal object may be put twice and be called new both times.
    let present = self::slots(&to)?;
    let (total, done) = (slots.len(), AtomicUsize::new(0));
    let mut report = Copied::default();
    for kind in ORDER {
        let these: Vec<&Slot> = slots.iter().filter(|slot| slot.kind == kind).collect();
        for (slot, outcome) in these.iter().zip(side_by_side(&these, |slot| {
            let outcome = copy(&from, &to, slot, present.contains(slot))?;
            progress(done.fetch_add(1, Ordering::Relaxed) + 1, total);
            Ok::<_, StoreError>(outcome)
        })?) {
            match outcome {
                Outcome::Copied => report.copied += 1,
                Outcome::Equal => report.equal += 1,
                Outcome::Gone => {}
                Outcome::Different => report.different.push(object_name(slot)),
            }
        }
    }
    report.different.sort_unstable();
    Ok(report)
}

/// Notes and claims say what must not open or be sealed any more; records come last.
const ORDER: [Kind; 5] = [Kind::Note, Kind::Claim, Kind::Rotation, Kind::Staged, Kind::Record];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Copied,
    Equal,
    Different,
    /// It was removed after it was listed.
    Gone,
}

fn slots(store: &AnyStore) -> Result<BTreeSet<Slot>> {
    let mut slots = BTreeSet::new();
    store.list(Scope::All, &mut |slot| {
        slots.insert(slot.clone());
        ControlFlow::Continue(())
    })?;
    Ok(slots)
}

fn copy(from: &AnyStore, to: &AnyStore, slot: &Slot, is_there: bool) -> Result<Outcome, StoreError> {
    let Some(bytes) = read(from, slot)? else { return Ok(Outcome::Gone) };
    let put = !is_there && to.put(slot, &bytes)?;
    // Read it even if it was just put: it is for the store to prove that it is there.
    Ok(match read(to, slot)? {
        Some(there) if there == bytes && put => Outcome::Copied,
        Some(there) if there == bytes => Outcome::Equal,
        _ => Outcome::Different,
    })
}

/// An object's bytes. One that is longer than any record is cut off, and then equals none.
fn read(store: &AnyStore, slot: &Slot) -> Result<Option<Vec<u8>>, StoreError> {
    let mut bytes = vec![0; Record::MAX_LEN + 1];
    let len = store.get(slot, &mut bytes)?;
    Ok(len.map(|len| {
        bytes.truncate(len);
        bytes
    }))
}
