//! Checking records, and the tags of those whose keys are given.

use std::ops::ControlFlow;
use std::path::Path;

use otp_core::{AccountName, KeepError, KeyId, Record};

use crate::error::{Error, Result};
use crate::key_source::Key;
use crate::records::{CHUNK, Look, fault, look_at_records};
use crate::side_by_side::try_spread;
use crate::source::Source;
use crate::{record_file, store};

/// What [`verify`] looked at, and what was wrong with it.
#[derive(Debug)]
#[non_exhaustive]
pub struct Verification {
    /// How many records were looked at.
    pub records: u64,
    /// How many keys were tried.
    pub keys: u64,
    /// Records that are damaged, and keys that do not open theirs.
    pub faults: Vec<Fault>,
}

/// A record that is damaged, or a key that does not open its record.
#[derive(Debug)]
#[non_exhaustive]
pub struct Fault {
    /// The account that it belongs to.
    pub account: AccountName,
    /// The key's id.
    pub key_id: KeyId,
    /// What is wrong.
    pub error: Error,
}

/// Checks that every record of the accounts whose names start with `prefix` is whole, and that each key opens its record.
///
/// As in [`list_accounts`](crate::list_accounts), the prefix `edms/` means the account `edms` too.
/// Nothing is opened, and expiry does not matter. `each` is called for each record that is looked at, and for each
/// fault as soon as it is found; it ends the search by breaking.
///
/// # Errors
///
/// The store's. A damaged record is a fault, not an error, and so is one that can't be read in a directory, or a pipe or socket
/// with the name of a record.
pub fn verify(
    prefix: &str,
    keys: &[Key],
    store: Option<&Path>,
    mut each: impl FnMut(Option<&Fault>) -> ControlFlow<()>,
) -> Result<Verification> {
    let store = store::open(store)?;
    let mut found = Verification { records: 0, keys: 0, faults: Vec::new() };
    let mut flow = ControlFlow::Continue(());
    look_at_records(&store, prefix, |slot, look| {
        found.records += u64::from(!matches!(look, Look::Obstacle(_)));
        flow = match look {
            Look::Key(_) => each(None),
            Look::Fault(error) | Look::Obstacle(error) => found.fault(&slot.account, slot.id, error, &mut each),
        };
        flow
    })?;
    let keeper = store::keeper(&store);
    let verify = |key: &Key| keeper.verify(key).map_or_else(|error| fault(error.into()).map(Some), |()| Ok(None));
    for keys in keys.chunks(CHUNK) {
        if flow.is_break() {
            break;
        }
        for (key, error) in keys.iter().zip(try_spread(&store, keys, verify)?) {
            found.keys += 1;
            if let Some(error) = error {
                flow = found.fault(key.account(), key.id(), error, &mut each);
            }
        }
    }
    Ok(found)
}

impl Fault {
    /// For a record or note that is damaged.
    pub(crate) fn damaged(account: &AccountName, key_id: KeyId, error: otp_core::Error) -> Self {
        let error = KeepError::DamagedKey { account: account.clone().into(), id: key_id, error };
        Self { account: account.clone(), key_id, error: error.into() }
    }
}

impl Verification {
    fn fault(
        &mut self,
        account: &AccountName,
        key_id: KeyId,
        error: Error,
        each: &mut impl FnMut(Option<&Fault>) -> ControlFlow<()>,
    ) -> ControlFlow<()> {
        let fault = Fault { account: account.clone(), key_id, error };
        let flow = each(Some(&fault));
        self.faults.push(fault);
        flow
    }
}

/// Checks that a key opens its record, without opening it and whether or not it has expired.
///
/// # Errors
///
/// As [`open_account`](crate::open_account), but never [`otp_core::Code::Expired`].
pub fn verify_key(source: &Source<'_>) -> Result<(AccountName, KeyId)> {
    let store = source.record.is_none().then(|| store::prepare(source.store));
    let key = source.read_key(|_| ())?;
    match (store, source.record) {
        (Some(store), _) => store::keeper(&store?.open()?).verify(&key)?,
        (None, record) => {
            let file = record.ok_or(Error::StoreAndRecord)?;
            otp_core::verify(&key, &Record::decode(&record_file::read(file)?)?)?;
        }
    }
    Ok((key.account().clone(), key.id()))
}
