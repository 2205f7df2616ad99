//! What C and Python do with stores and keys, written once: open, add, issue, rotate, revoke, remove, list, verify.
//!
//! Key and store are found as the command line finds them, and whatever changes an account takes its lock, as there.
//! New keys are handed over through a function: if it fails, the change is taken back, so that no key is left in the
//! store that nobody has.

mod change;
mod open;

use std::ops::ControlFlow;
use std::path::Path;

use otp_core::keeper::KeyInfo;
use otp_core::{AccountName, Capacity, FreshKey, Grant, Keeper, KeyId, Kind, Record, Secret, Store, Terms, UnixTime};
use otp_store_fs::FsStore;
use otp_store_fs::locate::{LockedKey, StoreChoice, environment, parse_key};
use otp_store_fs::sys::LockedBuf;

use crate::fault::Error;

pub use change::{GrantSpec, NewKey, RotateError, add, issue, rotate};
pub use open::{OpenAccount, Source};

type Result<T, E = Error> = std::result::Result<T, E>;

fn open_store(path: Option<&Path>) -> Result<FsStore> {
    Ok(FsStore::open(StoreChoice::find(path, &environment)?.path)?)
}

fn keeper(store: &FsStore) -> Keeper<'_, FsStore> {
    Keeper::new(store, UnixTime::now())
}

/// Ends one key. Its record is deleted, and a trace of it stays.
///
/// # Errors
///
/// [`otp_core::Code::NotFound`]
pub fn revoke(account: &str, id: &str, store: Option<&Path>) -> Result<()> {
    let (name, id) = (AccountName::parse(account)?, KeyId::parse(id)?);
    let store = open_store(store)?;
    let _lock = store.lock(&name)?;
    Ok(keeper(&store).alone().revoke(&name, id)?)
}

/// Deletes an account: all its records, and all traces of keys that it had.
///
/// # Errors
///
/// [`otp_core::Code::NotFound`]
pub fn remove(account: &str, store: Option<&Path>) -> Result<()> {
    let name = AccountName::parse(account)?;
    let store = open_store(store)?;
    let lock = store.lock(&name)?;
    let removed = keeper(&store).remove(&name);
    drop(lock);
    // What is left is an empty directory, which is not worth an error.
    let _ = store.prune(&name);
    Ok(removed?)
}

/// Gives each account that has a record, in the order of their names, until told to stop.
///
/// # Errors
///
/// The store's.
pub fn list(prefix: &str, store: Option<&Path>, mut each: impl FnMut(&AccountName) -> ControlFlow<()>) -> Result<()> {
    let store = open_store(store)?;
    let mut last: Option<AccountName> = None;
    Ok(store.list(prefix, &mut |slot| {
        if slot.kind != Kind::Record || last.as_ref() == Some(&slot.account) {
            return ControlFlow::Continue(());
        }
        last = Some(slot.account.clone());
        each(&slot.account)
    })?)
}

/// What the store says of an account's keys, sorted by id, letters before digits.
///
/// # Errors
///
/// [`otp_core::Code::NotFound`], [`otp_core::Code::Damaged`].
pub fn info(account: &str, store: Option<&Path>) -> Result<Vec<KeyInfo>> {
    let name = AccountName::parse(account)?;
    Ok(keeper(&open_store(store)?).info(&name)?)
}

/// Checks that every record below a prefix decodes, gives each fault, and returns how many records there are.
///
/// # Errors
///
/// The store's; a faulty record is none.
pub fn verify_store(
    prefix: &str,
    store: Option<&Path>,
    mut fault: impl FnMut(&AccountName, KeyId, Error) -> ControlFlow<()>,
) -> Result<u64> {
    let store = open_store(store)?;
    let keeper = keeper(&store);
    let mut records = 0;
    store.list(prefix, &mut |slot| {
        if slot.kind != Kind::Record {
            return ControlFlow::Continue(());
        }
        records += 1;
        match keeper.key_info(&slot.account, slot.id) {
            Ok(_) => ControlFlow::Continue(()),
            Err(error) => fault(&slot.account, slot.id, error.into()),
        }
    })?;
    Ok(records)
}

/// Seals bytes without any store: gives the key, and the record's bytes.
///
/// # Errors
///
/// Those of names and lengths, [`otp_core::Code::RandomnessFailed`].
pub fn seal(account: &str, secret: &[u8], spec: &GrantSpec<'_>) -> Result<(NewKey, Vec<u8>)> {
    let (name, grant) = (AccountName::parse(account)?, spec.grant()?);
    let capacity = capacity_for(&grant, secret.len())?;
    let fresh = FreshKey::draw(&name, capacity, &mut otp_core::random::system()).map_err(Error::from_draw)?;
    let terms = Terms { created: UnixTime::now(), expires: grant.expires, holder: grant.holder.clone() };
    let mut record = vec![0; Record::max_len(capacity)];
    let (key, len) = otp_core::seal(fresh, &terms, secret, &mut record).map(|(key, bytes)| (key, bytes.len()))?;
    record.truncate(len);
    Ok((NewKey::new(&key, grant.holder, None)?, record))
}

/// At most how many bytes sealing takes: of the record, and of the key's text without a NUL.
///
/// # Errors
///
/// As [`seal`].
pub fn sealed_len(account: &str, secret_len: usize, spec: &GrantSpec<'_>) -> Result<(usize, usize)> {
    let (name, grant) = (AccountName::parse(account)?, spec.grant()?);
    let capacity = capacity_for(&grant, secret_len)?;
    let key_len = LockedKey::len_for(name.as_str().len(), capacity);
    Ok((Record::max_len(capacity), otp_core::key::PREFIX.len() + (key_len * 8).div_ceil(5)))
}

fn capacity_for(grant: &Grant, len: usize) -> Result<Capacity> {
    match grant.capacity {
        Some(capacity) if len > capacity.bytes() => {
            Err(otp_core::Error::PayloadTooLong { len, capacity: capacity.bytes() }.into())
        }
        Some(capacity) => Ok(capacity),
        None => Ok(Capacity::fitting(len)?),
    }
}

/// Opens a record's bytes with a key's text, without any store.
///
/// # Errors
///
/// Those of key and record.
pub fn open(key: &[u8], record: &[u8]) -> Result<Secret<LockedBuf>> {
    Ok(otp_core::open(parse_key(key)?, &Record::decode(record)?, Some(UnixTime::now()))?)
}
