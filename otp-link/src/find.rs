//! Finding keys by what the store says about them.

use std::ops::ControlFlow;
use std::path::Path;

use otp_core::AccountName;
use otp_core::keeper::KeyInfo;

use crate::error::Result;
use crate::records::{Look, look_at_records};
use crate::store;
use crate::verify::Fault;

/// The keys that were found.
#[derive(Debug, Default)]
#[non_exhaustive]
pub struct FoundKeys {
    /// Each with its account, sorted by account and then by id.
    pub keys: Vec<(AccountName, KeyInfo)>,
    /// Records that can't be read, so that nobody can say whether their keys are meant.
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
    let mut found = FoundKeys::default();
    look_at_records(&store::open(store)?, prefix, |slot, look| {
        match look {
            Look::Key(Some(info)) if is_meant(&info) => found.keys.push((slot.account.clone(), *info)),
            Look::Key(_) | Look::Obstacle(_) => {}
            Look::Fault(error) => found.faults.push(Fault { account: slot.account.clone(), key_id: slot.id, error }),
        }
        ControlFlow::Continue(())
    })?;
    Ok(found)
}
