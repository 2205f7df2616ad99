//! What a front end does with a ring.

use std::ffi::OsString;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use otp_core::keeper::ringed::{Held, RingFinding};
use otp_core::ring::{Entry, Ring};
use otp_core::{AccountName, KeyId};

use super::dir::FsRing;
use super::identity;
use crate::any_store::AnyStore;
use crate::audit::{self, Event};
use crate::environment::{self, variable};
use crate::error::{Error, Result};
use crate::key_source::Key;
use crate::list::has_prefix;
use crate::new_key::NewKey;
use crate::remote::Name;
use crate::side_by_side::try_spread;
use crate::store;

/// The ring that counts: the one that the caller names, else `OTP_RING`, else none.
#[must_use]
pub fn find_ring(explicit: Option<&Path>) -> Option<PathBuf> {
    let named = || variable(&environment::process, "OTP_RING").map(OsString::into);
    explicit.map(Path::to_owned).or_else(named)
}

/// Opens the ring that counts, if one is named. It must not be in the store, nor the store in it.
pub(crate) fn open(explicit: Option<&Path>, store: Option<&Path>) -> Result<Option<FsRing>> {
    let Some(path) = find_ring(explicit) else { return Ok(None) };
    check_apart(&path, store)?;
    FsRing::open(&path).map(Some)
}

/// Makes a ring, in a directory of its own that is empty or does not exist.
///
/// # Errors
///
/// [`Error::RingExists`], [`Error::RingNotEmpty`], [`Error::RingInStore`], [`Error::Ring`].
pub fn init_ring(path: &Path, store: Option<&Path>) -> Result<()> {
    check_apart(path, store)?;
    FsRing::init(path).map(drop)
}

/// Makes a ring valid in the place that it was moved to, after the user has made sure that no copy is in use.
///
/// # Errors
///
/// Those of [`FsRing::open`], except [`Error::RingMoved`].
pub fn adopt_ring(path: &Path) -> Result<()> {
    let ring = FsRing::open_anywhere(path)?;
    let _guard = ring.lock()?;
    // Nobody knows how far a rotation has come since the ring was copied: don't drop a staged record as untouched.
    for (account, rotation) in recoveries(&ring)? {
        ring.put(&account, Entry::Applying(rotation), &[])?;
    }
    identity::write(path).map_err(|source| Error::Ring { path: path.to_owned(), source })
}

/// The rotations for whose staged records a ring has the key.
fn recoveries(ring: &FsRing) -> Result<Vec<(AccountName, KeyId)>> {
    let mut found = Vec::new();
    for account in ring.account_names()? {
        ring.list(&account, &mut |entry| {
            if let Entry::Recovery(id) = entry {
                found.push((account.clone(), id));
            }
            ControlFlow::Continue(())
        })?;
    }
    Ok(found)
}

/// What a ring holds.
#[derive(Debug)]
#[non_exhaustive]
pub struct RingKeys {
    /// Its accounts, sorted by name.
    pub accounts: Vec<Held>,
}

/// What a ring holds, for the accounts whose names start with `prefix`.
///
/// # Errors
///
/// The store's and the ring's.
pub fn show_ring(prefix: &str, ring: Option<&Path>, store: Option<&Path>) -> Result<RingKeys> {
    let accounts = each_account(prefix, ring, store, |keeper, account| Ok(keeper.held(account)?))?;
    Ok(RingKeys { accounts })
}

/// Checks the store against the ring, for the accounts whose names start with `prefix`.
///
/// # Errors
///
/// The store's and the ring's.
pub fn verify_ring(prefix: &str, ring: Option<&Path>, store: Option<&Path>) -> Result<Vec<RingFinding>> {
    let findings = each_account(prefix, ring, store, |keeper, account| Ok(keeper.verify(account)?))?;
    Ok(findings.into_iter().flatten().collect())
}

/// A keeper of a store, and of a ring on a file system, that holds secrets in locked memory.
pub(crate) type FsRingKeeper<'s, 'r> =
    otp_core::keeper::ringed::RingKeeper<'s, 'r, AnyStore, FsRing, otp_sys::LockedBuf>;

fn each_account<T: Send>(
    prefix: &str,
    ring: Option<&Path>,
    store: Option<&Path>,
    act: impl Fn(&FsRingKeeper<'_, '_>, &AccountName) -> Result<T> + Sync,
) -> Result<Vec<T>> {
    let ring = open(ring, store)?.ok_or(Error::NoRing)?;
    let store = store::open(store)?;
    let keeper = store::keeper(&store).with_ring(&ring);
    let mut accounts = ring.account_names()?;
    accounts.retain(|account| has_prefix(account, prefix));
    try_spread(&store, &accounts, |account| act(&keeper, account))
}

/// Puts a key that was handed out without the ring into it, once the key opens its record.
///
/// # Errors
///
/// Those of [`otp_core::keeper::ringed::RingKeeper::take_in`].
pub fn put_into_ring(key: &Key, ring: Option<&Path>, store: Option<&Path>) -> Result<()> {
    let ring = open(ring, store)?.ok_or(Error::NoRing)?;
    Ok(store::keeper(&store::open(store)?).with_ring(&ring).take_in(key)?)
}

/// The ring's copy of a key, to hand it out again.
///
/// # Errors
///
/// [`otp_core::KeepError::NoKey`] if the ring has none of that id.
pub fn export_key(key_id: &str, ring: Option<&Path>, store: Option<&Path>) -> Result<NewKey> {
    let mut entry = audit::Entry::begin(Event::Export)?;
    match find_key(KeyId::parse(key_id)?, ring, store) {
        Ok(key) => entry.granted_key(key),
        Err(error) => Err(entry.refused(error)),
    }
}

fn find_key(id: KeyId, ring: Option<&Path>, store: Option<&Path>) -> Result<NewKey> {
    let ring = open(ring, store)?.ok_or(Error::NoRing)?;
    let store = store::open(store)?;
    let keeper = store::keeper(&store).with_ring(&ring);
    let mut found = None;
    for account in &ring.account_names()? {
        if let Ok(key) = keeper.export(account, id) {
            let holder = keeper.keeper().key_info(account, id).ok().flatten().and_then(|info| info.header.terms.holder);
            found = Some(NewKey::new(&key, holder, None)?);
        }
    }
    found.ok_or(Error::NoKeyInRing { id })
}

/// Refuses a ring and a store if one contains the other: anyone who copies the store would have the keys as well.
fn check_apart(ring: &Path, store: Option<&Path>) -> Result<()> {
    let Name::Path(store) = store::place(store)? else { return Ok(()) };
    let (inner, outer) = (resolved(ring), resolved(&store));
    if inner.starts_with(&outer) || outer.starts_with(&inner) {
        return Err(Error::RingInStore { ring: ring.to_owned(), store });
    }
    Ok(())
}

/// A path without links, as far as it exists.
fn resolved(path: &Path) -> PathBuf {
    let absolute = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut missing = Vec::new();
    let mut there = absolute.as_path();
    loop {
        if let Ok(found) = there.canonicalize() {
            return missing.iter().rev().fold(found, |path: PathBuf, segment| path.join(segment));
        }
        match (there.parent(), there.file_name()) {
            (Some(parent), Some(name)) => {
                missing.push(name.to_owned());
                there = parent;
            }
            _ => return absolute,
        }
    }
}
