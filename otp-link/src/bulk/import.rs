//! Importing the accounts of a manifest.
//!
//! It works in chunks: key files are written and synced, records are put together, each account is settled, and then it
//! is reported. The names of the key files follow from the manifest, so a run that is repeated after a crash finds how
//! far it came: a key file with a record is done, and one without a record is made again.

use super::chunk::{Run, Step};
use super::item::{Item, State};
use super::key_dir::KeyDir;
use super::look::{Target, Work, look};
use super::options::Import;
use crate::any_store::StoreError;
use crate::error::{Error, Result};
use crate::manifest::{Entry, Manifest};
use crate::randomness::Randomness;
use crate::records::fault;
use crate::side_by_side::try_spread;
use crate::{ring, store};

/// How many accounts share their syncs.
const CHUNK: usize = 64;

/// What [`import_accounts`] would do: nothing is changed, and nothing is drawn.
///
/// # Errors
///
/// The store's.
pub fn plan_import(manifest: &Manifest, import: &Import<'_>, mut report: impl FnMut(Vec<Item>)) -> Result<()> {
    let import = Import { is_plan: true, ..*import };
    ring::open(import.place.ring, import.place.store)?;
    let store = match store::open(import.place.store) {
        Err(Error::Store(StoreError::Files(otp_store_fs::Error::RootMissing { .. }))) => None,
        store => Some(store?),
    };
    for entries in manifest.entries.chunks(CHUNK) {
        let look = |entry: &Entry| match look(entry, manifest.payload_len(entry), &import, store.as_ref(), None) {
            Err(error) => fault(error).map(Err),
            found => Ok(found),
        };
        let looks = match &store {
            Some(store) => try_spread(store, entries, look),
            None => entries.iter().map(look).collect(),
        }?;
        report(entries.iter().zip(looks).flat_map(|(entry, look)| planned(entry, look)).collect());
    }
    Ok(())
}

fn planned(entry: &Entry, look: Result<(Vec<Target>, Work)>) -> Vec<Item> {
    match look {
        Err(error) => vec![item(entry, None, State::Failed(error))],
        Ok((targets, work)) => each(entry, &targets, |target| match work {
            Work::Skip => State::Skipped,
            _ if target.there.is_some() => State::Exists,
            _ => State::Planned,
        }),
    }
}

/// Adds the accounts of a manifest to a store, and writes a key file for each holder. The store is made if it does not exist.
///
/// `report` gets the items of each chunk as soon as they are done, in the order of the manifest. A failure for one
/// account does not affect the others. After a crash, the same call carries on.
///
/// # Errors
///
/// Of the store, the ring, the directory of key files or the source of randomness; the rest is reported as not reached.
pub fn import_accounts(
    manifest: &Manifest,
    import: &Import<'_>,
    randomness: &mut Randomness,
    mut report: impl FnMut(Vec<Item>),
) -> Result<()> {
    let ring = ring::open(import.place.ring, import.place.store)?;
    let store = store::open_or_create(import.place.store)?;
    let dir = KeyDir::open(import.new_key_dir)?;
    let run = Run { manifest, import, store, ring, dir };
    let mut chunks = manifest.entries.chunks(CHUNK);
    while let Some(entries) = chunks.next() {
        match run.chunk(entries, randomness) {
            Ok(outcomes) => {
                report(entries.iter().zip(outcomes).flat_map(|(entry, outcome)| done(entry, outcome)).collect());
            }
            Err(error) => {
                let not_reached = |entry| item(entry, None, State::NotReached);
                report(entries.iter().chain(chunks.flatten()).map(not_reached).collect());
                return Err(error);
            }
        }
    }
    Ok(())
}

fn done(entry: &Entry, outcome: Result<Step>) -> Vec<Item> {
    match outcome {
        Err(error) => vec![item(entry, None, State::Failed(error))],
        Ok(Step { targets, work }) => each(entry, &targets, |target| match work {
            Work::Skip => State::Skipped,
            _ if target.there.is_some() => State::Exists,
            _ => State::Added,
        }),
    }
}

fn each(entry: &Entry, targets: &[Target], state: impl Fn(&Target) -> State) -> Vec<Item> {
    targets.iter().map(|target| item(entry, Some(target), state(target))).collect()
}

fn item(entry: &Entry, target: Option<&Target>, state: State) -> Item {
    let has_file = matches!(state, State::Added | State::Exists | State::Planned);
    Item {
        account: entry.account.clone(),
        holder: target.and_then(|target| target.holder.clone()),
        line: entry.line,
        key_file: target.filter(|_| has_file).map(|target| target.path.clone()),
        state,
    }
}
