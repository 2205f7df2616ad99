//! Listing the accounts of a store.

use std::ops::ControlFlow;
use std::path::Path;

use otp_core::store::Scope;
use otp_core::{AccountName, KeepError, Keeper};
use otp_sys::LockedBuf;

use crate::any_store::AnyStore;
use crate::error::Result;
use crate::info::AccountKeys;
use crate::records::CHUNK;
use crate::side_by_side::side_by_side;
use crate::store;

/// Calls `each` with every account that has a record and whose name starts with `prefix`, sorted by name, until it
/// returns `Break`.
///
/// The prefix `edms/` means the account `edms` too.
///
/// # Errors
///
/// The store's.
pub fn list_accounts(
    prefix: &str,
    store: Option<&Path>,
    mut each: impl FnMut(&AccountName) -> ControlFlow<()>,
) -> Result<()> {
    let store = store::open(store)?;
    in_prefix(prefix, |scope| {
        Ok(store::keeper(&store).accounts(scope, |account| {
            if has_prefix(account, prefix) { each(account) } else { ControlFlow::Continue(()) }
        })?)
    })
}

/// Like [`list_accounts`], with what the store says of each account's keys. All of it is public.
///
/// # Errors
///
/// The store's. A damaged record is a fault, not an error.
pub fn list_accounts_with_keys(
    prefix: &str,
    store: Option<&Path>,
    mut each: impl FnMut(&AccountName, AccountKeys) -> ControlFlow<()>,
) -> Result<()> {
    let store = store::open(store)?;
    let keeper = store::keeper(&store);
    if let AnyStore::Remote(_) = store {
        return each_with_keys(&keeper, prefix, each);
    }
    in_prefix(prefix, |scope| {
        let wanted = |account: &AccountName| has_prefix(account, prefix);
        let each = |account: &AccountName, info| each(account, AccountKeys::of(account, info));
        Ok(keeper.accounts_with_keys(scope, wanted, each)?)
    })
}

/// On the network: lists every account once more, so that it can ask for the keys of several at a time.
fn each_with_keys(
    keeper: &Keeper<'_, AnyStore, LockedBuf>,
    prefix: &str,
    mut each: impl FnMut(&AccountName, AccountKeys) -> ControlFlow<()>,
) -> Result<()> {
    let mut accounts = Vec::new();
    in_prefix(prefix, |scope| {
        Ok(keeper.accounts(scope, |account| {
            accounts.extend(has_prefix(account, prefix).then(|| account.clone()));
            ControlFlow::Continue(())
        })?)
    })?;
    for accounts in accounts.chunks(CHUNK) {
        let infos = side_by_side(accounts, |account| match keeper.info(account) {
            // It was removed meanwhile.
            Err(KeepError::NoAccount { .. }) => Ok(None),
            info => info.map(Some),
        })?;
        for (account, info) in accounts.iter().zip(infos) {
            let Some(info) = info else { continue };
            if each(account, AccountKeys::of(account, info)).is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Whether an account's name, followed by a `/`, starts with `prefix`.
pub(crate) fn has_prefix(account: &AccountName, prefix: &str) -> bool {
    account.as_str().starts_with(prefix) || prefix.strip_suffix('/') == Some(account.as_str())
}

/// Lists the smallest scope that holds all accounts whose names start with `prefix`.
pub(crate) fn in_prefix(prefix: &str, list: impl FnOnce(Scope<'_>) -> Result<()>) -> Result<()> {
    match prefix.rsplit_once('/').map(|(above, _)| AccountName::parse(above)) {
        None => list(Scope::All),
        Some(Ok(above)) => list(Scope::Below(&above)),
        // No account can have such a name.
        Some(Err(_)) => Ok(()),
    }
}
