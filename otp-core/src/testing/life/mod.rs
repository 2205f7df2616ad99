//! What a [`Keeper`](crate::Keeper) does with an account, from its first key to its removal.

mod facts;
mod keys;
mod rotations;

use crate::store::Store;

/// Checks what a keeper does with the accounts of a store: add, open, issue, info, rotate, revoke, withdraw, remove.
///
/// # Panics
///
/// If a promise is broken; the message names it.
pub fn life<T, S: Store + Sync>(fresh: impl Fn() -> (T, S)) {
    let checks: [fn(&S); 20] = [
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
        rotations::an_account_without_a_current_key_is_not_rotated,
        rotations::a_grace_period_has_at_most_366_days,
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
