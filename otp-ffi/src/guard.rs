//! No panic crosses into C.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::code::Status;
use crate::error;
use crate::failure::{Error, Result};

/// Makes a call, keeps why it failed for this thread, and gives its status.
pub(crate) fn status(call: impl FnOnce() -> Result<()>) -> Status {
    match run(call) {
        Ok(()) => Status::OtpOk,
        Err(error) => error::remember(&error),
    }
}

/// Makes a call that gives a value, or `otherwise` if it fails.
pub(crate) fn value<T>(otherwise: T, call: impl FnOnce() -> Result<T>) -> T {
    run(call).unwrap_or_else(|error| {
        error::remember(&error);
        otherwise
    })
}

fn run<T>(call: impl FnOnce() -> Result<T>) -> Result<T> {
    // Miri does not support forks.
    #[cfg(all(unix, not(miri)))]
    crate::fork::prepare_for_forks();
    // Calls share only the handle tables, whose maps are always whole, and the store, where calls may end anywhere.
    catch_unwind(AssertUnwindSafe(call)).unwrap_or(Err(Error::Panicked))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_becomes_an_error() {
        assert_eq!(status(|| panic!("seen by no caller")), Status::OtpOther);
        assert_eq!(value(7, || panic!("seen by no caller")), 7);
    }
}
