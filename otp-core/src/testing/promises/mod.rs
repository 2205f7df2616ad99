//! Every sentence of the docs of [`Store`] that one thread can check.

mod lists;
mod locks;
mod objects;

use crate::store::Store;

/// Checks each verb of a store alone: what it answers, and what it leaves behind.
///
/// # Panics
///
/// If a promise is broken; the message names it.
pub fn promises<T, S: Store + Sync>(fresh: impl Fn() -> (T, S)) {
    let checks: [fn(&S); 16] = [
        // First, since others wait for a lock.
        locks::a_guard_can_be_taken_again,
        objects::put_leaves_what_is_there,
        objects::get_fits_any_buffer,
        objects::get_with_note_reads_both,
        objects::each_kind_has_a_slot_of_its_own,
        objects::put_many_stops_at_a_taken_slot,
        objects::replace_compares_the_whole_object,
        objects::replace_creates_nothing,
        objects::remove_empties_one_slot,
        objects::the_longest_names_and_objects_fit,
        lists::list_gives_all_sorted,
        lists::list_account_gives_one_account,
        lists::a_list_ends_when_the_callback_breaks,
        lists::a_callback_may_use_the_store,
        locks::a_guard_keeps_out_no_reader,
        locks::accounts_have_locks_of_their_own,
    ];
    for check in checks {
        let (_outlives, store) = fresh();
        check(&store);
    }
}
