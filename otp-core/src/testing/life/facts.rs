//! What can be seen of an account from outside.

use alloc::vec::Vec;
use core::ops::ControlFlow;

use crate::keeper::{Gone, KeepError, Keeper, KeyInfo};
use crate::name::AccountName;
use crate::store::{Kind, Scope, Store};
use crate::testing::verbs::{account, promise};
use crate::testing::world::{HeldKey, NOW, count};
use crate::time::UnixTime;

/// The account that most of its life is about.
pub(super) fn reporting() -> AccountName {
    account("edms/reporting")
}

/// What is known of a key that does not open at a time.
pub(super) fn gone<S: Store>(key: &HeldKey, store: &S, time: UnixTime) -> Gone {
    match key.open_at(store, time) {
        Err(KeepError::NoKey { gone, .. }) => gone,
        Err(error) => panic!("key {} does not open: {error}", key.id()),
        Ok(_) => panic!("key {} opens", key.id()),
    }
}

/// What a store says of the account's keys; none if there is no such account.
pub(super) fn info<S: Store>(store: &S, account: &AccountName) -> Vec<KeyInfo> {
    match Keeper::new(store, NOW).info(account) {
        Ok(infos) => {
            promise(infos.damaged.is_empty(), "info: a record that was put is not damaged");
            infos.keys
        }
        Err(KeepError::NoAccount { .. }) => Vec::new(),
        Err(error) => panic!("no information about {account}: {error}"),
    }
}

/// How many records, notes and markers an account has.
pub(super) fn counts<S: Store>(store: &S, account: &AccountName) -> [usize; 3] {
    [Kind::Record, Kind::Note, Kind::Rotation].map(|kind| count(store, account, kind))
}

pub(super) fn names<S: Store>(store: &S, scope: Scope<'_>) -> Vec<AccountName> {
    let mut names = Vec::new();
    let each = |name: &AccountName| {
        names.push(name.clone());
        ControlFlow::Continue(())
    };
    Keeper::new(store, NOW).accounts(scope, each).unwrap();
    names
}
