//! Revoking one key.

use std::path::Path;

use otp_core::{AccountName, KeyId};

use crate::error::Result;
use crate::store;

/// Ends one key. Its record is deleted, and a tombstone remains; the account's other keys are not touched.
///
/// # Errors
///
/// Those of [`otp_core::Keeper::revoke`].
pub fn revoke_key(account: &str, key_id: &str, store: Option<&Path>) -> Result<()> {
    let (name, id) = (AccountName::parse(account)?, KeyId::parse(key_id)?);
    Ok(store::keeper(&store::open(store)?).revoke(&name, id)?)
}
