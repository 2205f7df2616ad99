//! No panic crosses the border to C.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::error::{self, Status};
use crate::fault::Error;

/// Makes a call, keeps why it failed for this thread, and gives its status.
pub(crate) fn status(call: impl FnOnce() -> Result<(), Error>) -> Status {
    match run(call) {
        Ok(()) => Status::OtpOk,
        Err(error) => error::keep(&error),
    }
}

/// Makes a call that gives a value, or `otherwise` if it fails.
pub(crate) fn value<T>(otherwise: T, call: impl FnOnce() -> Result<T, Error>) -> T {
    run(call).unwrap_or_else(|error| {
        error::keep(&error);
        otherwise
    })
}

fn run<T>(call: impl FnOnce() -> Result<T, Error>) -> Result<T, Error> {
    // What a call changes before it panics is its own, or stands in the store, which is made for calls that end anywhere.
    catch_unwind(AssertUnwindSafe(call))
        .unwrap_or_else(|_| Err(Error::Other("this library has a defect (a panic); please report it".into())))
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
