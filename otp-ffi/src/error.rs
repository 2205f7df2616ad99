//! The last error of each thread.

use std::cell::RefCell;
use std::ffi::{CString, c_char, c_int};

use otp_core::Coded;

use crate::code::Status;
use crate::failure::Error;
use crate::pointer::c_text;

#[derive(Default)]
struct Last {
    code: c_int,
    message: CString,
    hint: CString,
}

thread_local! {
    static LAST: RefCell<Last> = RefCell::default();
}

/// Keeps an error as this thread's last one, and gives its status.
pub(crate) fn remember(error: &Error) -> Status {
    let status = Status::from(error.code());
    let (message, hint) = (c_text(&error.message()), c_text(&error.hint().unwrap_or_default()));
    // A thread that is ending no longer has a last error.
    let _ = LAST.try_with(|last| last.replace(Last { code: status as c_int, message, hint }));
    status
}

/// Returns the code of this thread's last failed call; OTP_OK if none failed. A successful call leaves it as it is.
#[unsafe(no_mangle)]
pub extern "C" fn otp_error_code() -> c_int {
    LAST.try_with(|last| last.borrow().code).unwrap_or_default()
}

/// Returns what went wrong in this thread's last failed call, and where, with all causes, in UTF-8; "" if none failed.
///
/// It never holds a secret. The text is valid until the next call of this library fails in this thread, or the thread
/// ends.
#[unsafe(no_mangle)]
pub extern "C" fn otp_error_message() -> *const c_char {
    LAST.try_with(|last| last.borrow().message.as_ptr()).unwrap_or(c"".as_ptr())
}

/// Returns what to do about this thread's last failed call, in UTF-8; "" if there is no advice.
///
/// It never holds a secret. The text is valid as long as that of `otp_error_message`.
#[unsafe(no_mangle)]
pub extern "C" fn otp_error_hint() -> *const c_char {
    LAST.try_with(|last| last.borrow().hint.as_ptr()).unwrap_or(c"".as_ptr())
}
