//! [`Case`]: one operation, cut off once.

use super::cutting::Cutting;
use crate::name::AccountName;

/// One operation, cut off at one step in one way, on an account of its own.
pub(super) struct Case<'s, S> {
    pub(super) operation: &'static str,
    /// The store as it is, out of reach of the cut.
    pub(super) store: &'s S,
    pub(super) cutting: Cutting<'s, S>,
    pub(super) account: AccountName,
}

impl<S> Case<'_, S> {
    /// Fails, naming the promise and the cut, if it does not hold.
    #[track_caller]
    pub(super) fn promise(&self, holds: bool, promise: &str) {
        assert!(holds, "broken promise: {promise} ({}: {})", self.operation, self.cutting);
    }
}
