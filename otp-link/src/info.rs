//! What a store says of an account's keys.

use std::path::Path;

use otp_core::AccountName;
use otp_core::keeper::KeyInfo;

use crate::error::Result;
use crate::store;

/// What the store says of an account's keys, sorted by id as bytes. All of it is public.
///
/// # Errors
///
/// Those of [`otp_core::Keeper::info`].
pub fn list_keys(account: &str, store: Option<&Path>) -> Result<Vec<KeyInfo>> {
    let name = AccountName::parse(account)?;
    Ok(store::keeper(&store::open(store)?).info(&name)?)
}
