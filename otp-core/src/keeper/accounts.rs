//! Which accounts there are.

use core::ops::ControlFlow;

use super::error::KeepError;
use super::keeper::Keeper;
use crate::buffer::OwnedBuffer;
use crate::name::AccountName;
use crate::store::{Kind, Scope, Store};

impl<S: Store, M: OwnedBuffer> Keeper<'_, S, M> {
    /// Gives each account that has a record, sorted by name as bytes, until `each` breaks.
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
        let each = &mut |slot: &crate::store::Slot| {
            if slot.kind != Kind::Record || last.as_ref() == Some(&slot.account) {
                return ControlFlow::Continue(());
            }
            last = Some(slot.account.clone());
            each(&slot.account)
        };
        self.store.list(scope, each).map_err(KeepError::Store)
    }
}
