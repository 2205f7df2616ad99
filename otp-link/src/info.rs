//! What a store says of an account's keys.

use std::path::Path;

use otp_core::AccountName;
use otp_core::keeper::{AccountInfo, KeyInfo};

use crate::error::Result;
use crate::store;
use crate::verify::Fault;

/// What the store says of an account's keys.
#[derive(Debug)]
#[non_exhaustive]
pub struct AccountKeys {
    /// The keys whose records can be read, sorted by id as bytes.
    pub keys: Vec<KeyInfo>,
    /// Those that can't be: each is to be revoked, or to be restored from a backup.
    pub faults: Vec<Fault>,
}

/// What the store says of an account's keys. All of it is public.
///
/// # Errors
///
/// Those of [`otp_core::Keeper::info`]. A damaged record is a fault, not an error.
pub fn list_keys(account: &str, store: Option<&Path>) -> Result<AccountKeys> {
    let name = AccountName::parse(account)?;
    let info = store::keeper(&store::open(store)?).info(&name)?;
    Ok(AccountKeys::of(&name, info))
}

impl AccountKeys {
    pub(crate) fn of(account: &AccountName, info: AccountInfo) -> Self {
        let faults = info.damaged.into_iter().map(|(id, error)| Fault::damaged(account, id, error)).collect();
        Self { keys: info.keys, faults }
    }
}
