//! Every operation of a [`Keeper`](crate::Keeper) cut off at each of its steps.

mod case;
mod cutting;
mod operations;

use alloc::format;

use self::case::Case;
use self::cutting::{Cutting, How};
use super::verbs::account;
use crate::store::Store;

/// Checks that nothing reported as done is lost, wherever an operation is cut off, and that the next one clears up.
///
/// Each operation runs again and again, and a different step fails each time: either before it did anything or after it
/// did everything, and either the next steps work or the process has died.
///
/// # Panics
///
/// If a promise is broken; the message names it, and where the operation was cut off.
pub fn cuts<T, S: Store + Sync>(fresh: impl Fn() -> (T, S)) {
    let operations: [(&str, Check<S>); 11] = [
        ("add", operations::add),
        ("issue", operations::issue),
        ("issue beside a crashed rotation", operations::issue_beside_a_crashed_rotation),
        ("revoke", |case| operations::revoke(case, false)),
        ("revoke in a grace period", |case| operations::revoke(case, true)),
        ("rotate", |case| operations::rotate(case, false, None)),
        ("rotate with a grace period", |case| operations::rotate(case, false, Some(60))),
        ("rotate_from", |case| operations::rotate(case, true, None)),
        ("rotate_from with a grace period", |case| operations::rotate(case, true, Some(60))),
        ("rotate and abandon", operations::abandon),
        ("remove", operations::remove),
    ];
    for (operation, check) in operations {
        let (_outlives, store) = fresh();
        let mut reached = 0;
        for (way, how) in How::ALL.into_iter().enumerate() {
            for at in 0.. {
                let account = account(&format!("cut-{way}/{at}"));
                let case = Case { operation, store: &store, cutting: Cutting::new(&store, how, at), account };
                check(&case);
                if !case.cutting.is_reached() {
                    break;
                }
                reached += 1;
            }
        }
        assert!(reached >= 3 * How::ALL.len(), "{operation} has only {reached} steps to cut it off at");
    }
}

/// Runs an operation, and checks what must hold after it.
type Check<S> = fn(&Case<'_, S>);
