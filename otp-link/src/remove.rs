//! Removing an account.

use std::path::Path;

use otp_core::AccountName;

use crate::error::Result;
use crate::store;

/// Deletes an account: all its records and tombstones.
///
/// # Errors
///
/// Those of [`otp_core::Keeper::remove`].
pub fn remove_account(account: &str, store: Option<&Path>) -> Result<()> {
    let name = AccountName::parse(account)?;
    Ok(store::keeper(&store::open(store)?).remove(&name)?)
}
