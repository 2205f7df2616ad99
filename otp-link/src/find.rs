//! Finding keys by what the store says of them.

use std::ops::ControlFlow;
use std::path::Path;

use otp_core::keeper::KeyInfo;
use otp_core::{AccountName, Kind, Store};

use crate::error::Result;
use crate::list::{has_prefix, in_prefix};
use crate::store;
use crate::verify::Fault;

/// The keys that were looked for.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct FoundKeys {
    /// Each with its account, sorted by account and then by id.
    pub keys: Vec<(AccountName, KeyInfo)>,
    /// Records that can't be read, so that nobody can say whether their keys were looked for.
    pub faults: Vec<Fault>,
}

/// Finds the keys that `is_meant` picks among those of the accounts whose names start with `prefix`.
///
/// As in [`list_accounts`](crate::list_accounts), the prefix `edms/` means the account `edms` too. No key is needed: what it
/// looks at is public.
///
/// # Errors
///
/// The store's. A damaged record is a fault, not an error.
pub fn find_keys(prefix: &str, store: Option<&Path>, is_meant: impl Fn(&KeyInfo) -> bool) -> Result<FoundKeys> {
    let store = store::open(store)?;
    let keeper = store::keeper(&store);
    let mut found = FoundKeys::default();
    in_prefix(prefix, |scope| {
        Ok(store.list(scope, &mut |slot| {
            if slot.kind == Kind::Record && has_prefix(&slot.account, prefix) {
                match keeper.key_info(&slot.account, slot.id) {
                    Ok(Some(info)) if is_meant(&info) => found.keys.push((slot.account.clone(), info)),
                    Ok(_) => {}
                    Err(error) => {
                        let (account, key_id) = (slot.account.clone(), slot.id);
                        found.faults.push(Fault { account, key_id, error: error.into() });
                    }
                }
            }
            ControlFlow::Continue(())
        })?)
    })?;
    Ok(found)
}
