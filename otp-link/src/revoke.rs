//! Revoking one key.

use std::path::Path;

use otp_core::keeper::Tombstone;
use otp_core::{AccountName, KeyId};

use crate::error::Result;
use crate::store;
use crate::warning::{self, Warning};

/// Ends one key. Its record is deleted, and a tombstone remains; the account's other keys are not touched.
///
/// On a full disk there may be no room for the tombstone. The key ends all the same, with a [`Warning::NoTombstone`].
///
/// # Errors
///
/// Those of [`otp_core::Keeper::revoke`].
pub fn revoke_key(account: &str, key_id: &str, store: Option<&Path>) -> Result<()> {
    let (name, id) = (AccountName::parse(account)?, KeyId::parse(key_id)?);
    if let Tombstone::Missing(error) = store::keeper(&store::open(store)?).revoke(&name, id)? {
        warning::warn(&Warning::NoTombstone { account: &name, key_id: id, error: &error });
    }
    Ok(())
}
