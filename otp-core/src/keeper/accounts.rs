//! Which accounts there are.

use alloc::vec::Vec;
use core::ops::ControlFlow;

use super::error::KeepError;
use super::info::AccountInfo;
use super::keeper::Keeper;
use crate::buffer::OwnedBuffer;
use crate::id::KeyId;
use crate::name::AccountName;
use crate::store::{Kind, Scope, Slot, Store};

impl<S: Store, M: OwnedBuffer> Keeper<'_, S, M> {
    /// Calls `each` with every account that has a record, sorted by name as bytes, until it returns `Break`.
    ///
    /// # Errors
    ///
    /// The store's.
    pub fn accounts(
        &self,
        scope: Scope<'_>,
        mut each: impl FnMut(&AccountName) -> ControlFlow<()>,
    ) -> Result<(), KeepError<S::Error>> {
        let mut last: Option<AccountName> = None;
        let each = &mut |slot: &Slot| {
            if slot.kind != Kind::Record || last.as_ref() == Some(&slot.account) {
                return ControlFlow::Continue(());
            }
            last = Some(slot.account.clone());
            each(&slot.account)
        };
        self.store.list(scope, each).map_err(KeepError::Store)
    }

    /// Like [`Self::accounts`], for the accounts that are `wanted`, with what the store says of their keys. The store
    /// is listed once.
    ///
    /// An account that is removed in the meantime may be missing.
    ///
    /// # Errors
    ///
    /// The store's.
    pub fn accounts_with_keys(
        &self,
        scope: Scope<'_>,
        wanted: impl Fn(&AccountName) -> bool,
        mut each: impl FnMut(&AccountName, AccountInfo) -> ControlFlow<()>,
    ) -> Result<(), KeepError<S::Error>> {
        // Gathered first, so that the keys of one account are read together.
        let mut records: Vec<(AccountName, KeyId)> = Vec::new();
        let gather = &mut |slot: &Slot| {
            if slot.kind == Kind::Record && wanted(&slot.account) {
                records.push((slot.account.clone(), slot.id));
            }
            ControlFlow::Continue(())
        };
        self.store.list(scope, gather).map_err(KeepError::Store)?;
        for keys in records.chunk_by(|one, next| one.0 == next.0) {
            let account = &keys[0].0;
            let info = match self.infos(account, keys.iter().map(|(_, id)| *id)) {
                Err(KeepError::NoAccount { .. }) => continue,
                info => info?,
            };
            if each(account, info).is_break() {
                break;
            }
        }
        Ok(())
    }
}
