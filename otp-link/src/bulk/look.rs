//! What there is of an account before it is imported: its key files, and its records.

use std::path::{Path, PathBuf};

use otp_core::keeper::Gone;
use otp_core::keeper::ringed::Vacancy;
use otp_core::{Code, Coded, Grant, Holder, KeepError, KeyId};

use super::key_name::key_path;
use super::options::Import;
use crate::any_store::AnyStore;
use crate::error::{Error, Result};
use crate::key_source::{Key, KeySource};
use crate::manifest::Entry;
use crate::ring::FsRing;
use crate::store;

/// A key that is to be there in the end.
pub(super) struct Target {
    pub(super) holder: Option<Holder>,
    pub(super) path: PathBuf,
    /// The id of the key in the file, if its record is in the store.
    pub(super) there: Option<KeyId>,
    /// The id of the key in the file, if the store knows nothing of it: an earlier run was cut short before it put the record.
    pub(super) alone: Option<KeyId>,
}

/// What is to be done for an account.
pub(super) enum Work {
    /// It is new.
    Add(Option<Vacancy>),
    /// Some of its keys are there, and this one of them opens it.
    AddMore(Box<Key>),
    /// All of its keys are there.
    Nothing,
    /// Others have made it.
    Skip,
}

/// Finds out what there is, for one account. A plan changes nothing.
pub(super) fn look(
    entry: &Entry,
    payload_len: usize,
    import: &Import<'_>,
    store: Option<&AnyStore>,
    ring: Option<&FsRing>,
) -> Result<(Vec<Target>, Work)> {
    grant(entry, import, None).check(&entry.account, payload_len)?;
    let holders = match (entry.holders.as_slice(), import.holders) {
        ([], []) => vec![None],
        ([], holders) | (holders, _) => holders.iter().cloned().map(Some).collect(),
    };
    let mut opens = None;
    let mut targets = Vec::with_capacity(holders.len());
    for holder in holders {
        let path = key_path(import.new_key_dir, &entry.account, holder.as_ref())?;
        let mut target = Target { holder, path, there: None, alone: None };
        if target.path.symlink_metadata().is_ok() {
            let key = read_key(&target.path, entry)?;
            match store.map(|store| store::keeper(store).verify(&key)) {
                Some(Ok(())) => {
                    target.there = Some(key.id());
                    opens = Some(key);
                }
                Some(Err(error)) if is_unknown(&error, key.id()) => target.alone = Some(key.id()),
                // It says nothing of the key.
                Some(Err(KeepError::Store(error))) => return Err(error.into()),
                Some(Err(error)) => {
                    return Err(Error::KeyFileEnded { path: target.path, error: Box::new(error.into()) });
                }
                None => target.alone = Some(key.id()),
            }
        }
        targets.push(target);
    }
    let work = match (opens, store) {
        (Some(_), _) if targets.iter().all(|target| target.there.is_some()) => Work::Nothing,
        (Some(key), _) => Work::AddMore(Box::new(key)),
        (None, None) => Work::Add(None),
        (None, Some(store)) => match vacancy(entry, import, store, ring) {
            Ok(vacancy) => Work::Add(vacancy),
            Err(Error::Keep(KeepError::Exists { .. })) if import.skip_existing => Work::Skip,
            Err(error) => return Err(error),
        },
    };
    Ok((targets, work))
}

/// What a new key is given.
pub(super) fn grant(entry: &Entry, import: &Import<'_>, holder: Option<Holder>) -> Grant {
    Grant::default()
        .held_by(holder)
        .expiring(entry.expires.or(import.expires))
        .with_capacity(entry.capacity)
        .with_pages(import.pages)
}

fn read_key(path: &Path, entry: &Entry) -> Result<Key> {
    KeySource { file: Some(path), ..KeySource::default() }.read_for(Some(entry.account.as_str()))
}

/// Checks that the account does not exist. A plan takes no lock for that, and leaves everything as it is.
fn vacancy(entry: &Entry, import: &Import<'_>, store: &AnyStore, ring: Option<&FsRing>) -> Result<Option<Vacancy>> {
    let keeper = store::keeper(store);
    match ring {
        _ if import.is_plan => match keeper.info(&entry.account) {
            Err(error) if error.code() == Code::NotFound => Ok(None),
            Err(error) => Err(error.into()),
            Ok(_) => Err(KeepError::Exists { account: entry.account.clone().into() }.into()),
        },
        Some(ring) => Ok(Some(keeper.with_ring(ring).check_vacant(&entry.account)?)),
        None => {
            keeper.check_vacant(&entry.account)?;
            Ok(None)
        }
    }
}

/// Whether an error says that the store knows nothing of a key.
pub(super) fn is_unknown<S>(error: &KeepError<S>, id: KeyId) -> bool {
    matches!(error, KeepError::NoKey { id: other, gone: Gone::Unknown, .. } if *other == id)
}
