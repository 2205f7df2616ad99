//! What a [`Keeper`] does with an account, from its first key to its removal.

mod keys;
mod rotations;

use alloc::vec::Vec;
use core::ops::ControlFlow;

use super::verbs::account;
use super::world::{HeldKey, NOW, count};
use crate::keeper::{Gone, KeepError, Keeper, KeyInfo};
use crate::name::AccountName;
use crate::store::{Kind, Scope, Store};
use crate::time::UnixTime;

/// Checks what a keeper does with the accounts of a store: add, open, issue, info, rotate, revoke, withdraw, remove.
///
/// # Panics
///
/// If a promise is broken; the message names it.
pub fn life<T, S: Store + Sync>(fresh: impl Fn() -> (T, S)) {
    let checks: [fn(&S); 18] = [
        keys::an_account_is_added_once,
        keys::accounts_below_an_account_are_others,
        keys::accounts_are_listed_by_name,
        keys::information_is_what_was_granted,
        keys::a_key_has_the_capacity_that_is_asked_for,
        keys::a_key_expires_at_its_time,
        keys::a_revoked_key_leaves_a_tombstone,
        keys::a_withdrawn_key_leaves_nothing,
        keys::a_key_without_an_expiry_opens_for_ever,
        keys::a_mistyped_name_leaves_nothing,
        keys::a_removed_account_leaves_nothing,
        rotations::without_grace_the_old_keys_end_at_once,
        rotations::with_grace_both_open_until_it_ends,
        rotations::a_key_in_its_grace_period_can_be_revoked,
        rotations::an_earlier_grace_period_ends_with_a_rotation_without_one,
        rotations::an_abandoned_rotation_changes_nothing,
        rotations::a_rotation_may_start_from_the_current_secret,
        rotations::an_old_secret_never_comes_back,
    ];
    for check in checks {
        let (_outlives, store) = fresh();
        check(&store);
    }
}

fn reporting() -> AccountName {
    account("edms/reporting")
}

/// What is known of a key that does not open at a time.
fn gone<S: Store>(key: &HeldKey, store: &S, time: UnixTime) -> Gone {
    match key.open_at(store, time) {
        Err(KeepError::NoKey { gone, .. }) => gone,
        Err(error) => panic!("key {} does not open: {error}", key.id()),
        Ok(_) => panic!("key {} opens", key.id()),
    }
}

/// What a store says of the account's keys; none if there is no such account.
fn info<S: Store>(store: &S, account: &AccountName) -> Vec<KeyInfo> {
    match Keeper::new(store, NOW).info(account) {
        Ok(infos) => infos,
        Err(KeepError::NoAccount { .. }) => Vec::new(),
        Err(error) => panic!("no information about {account}: {error}"),
    }
}

/// How many records, notes and markers an account has.
fn counts<S: Store>(store: &S, account: &AccountName) -> [usize; 3] {
    [Kind::Record, Kind::Note, Kind::Rotation].map(|kind| count(store, account, kind))
}

fn names<S: Store>(store: &S, scope: Scope<'_>) -> Vec<AccountName> {
    let mut names = Vec::new();
    let each = |name: &AccountName| {
        names.push(name.clone());
        ControlFlow::Continue(())
    };
    Keeper::new(store, NOW).accounts(scope, each).unwrap();
    names
}
