//! Listing the accounts of a store.

use std::ops::ControlFlow;
use std::path::Path;

use otp_core::AccountName;
use otp_core::store::Scope;

use crate::error::Result;
use crate::info::AccountKeys;
use crate::store;

/// Gives each account that has a record and whose name starts with `prefix`, sorted by name, until `each` breaks.
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

/// As [`list_accounts`], and gives what the store says of each account's keys. All of it is public.
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
    in_prefix(prefix, |scope| {
        let wanted = |account: &AccountName| has_prefix(account, prefix);
        let each = |account: &AccountName, info| each(account, AccountKeys::of(account, info));
        Ok(store::keeper(&store).accounts_with_keys(scope, wanted, each)?)
    })
}

/// Whether an account's name, with a `/` behind it, starts with `prefix`.
pub(crate) fn has_prefix(account: &AccountName, prefix: &str) -> bool {
    account.as_str().starts_with(prefix) || prefix.strip_suffix('/') == Some(account.as_str())
}

/// Lists the smallest scope in which all accounts are whose names start with `prefix`.
pub(crate) fn in_prefix(prefix: &str, list: impl FnOnce(Scope<'_>) -> Result<()>) -> Result<()> {
    match prefix.rsplit_once('/').map(|(above, _)| AccountName::parse(above)) {
        None => list(Scope::All),
        Some(Ok(above)) => list(Scope::Below(&above)),
        // No account is called like this.
        Some(Err(_)) => Ok(()),
    }
}
