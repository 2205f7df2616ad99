//! The codes, and the last message of each thread.

use std::cell::RefCell;
use std::ffi::{CStr, CString, c_char, c_int};

use otp_core::{Code, Coded};

use crate::fault::Error;

/// How a call ended. The numbers are those that the program `otp` exits with, and are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
#[allow(clippy::enum_variant_names, reason = "the names are those of C, which has one space for all")]
pub enum Status {
    /// It did what it was asked to do.
    OtpOk = 0,
    /// Anything that has no number of its own.
    OtpOther = 1,
    /// The call is not one that can be carried out: NULL, a wrong length, invalid UTF-8, a handle that is not open.
    OtpUsage = 2,
    /// No such account or key: revoked, rotated away, or never there.
    OtpNotFound = 3,
    /// The key's text is malformed.
    OtpMalformedKey = 4,
    /// The key does not open this record: the wrong key, or the record was tampered with.
    OtpWrongKey = 5,
    /// The record has expired.
    OtpExpired = 6,
    /// The record is damaged.
    OtpDamaged = 7,
    /// A newer version of this software wrote the record or the key.
    OtpNewerVersion = 8,
    /// What was to be made exists already.
    OtpExists = 9,
    /// Others can read or write what only the owner may.
    OtpUnsafePermissions = 10,
    /// The source of randomness failed, or failed its health tests.
    OtpRandomnessFailed = 11,
    /// The store can't be read or written.
    OtpStoreUnavailable = 12,
}

impl From<Code> for Status {
    fn from(code: Code) -> Self {
        match code {
            Code::Usage => Self::OtpUsage,
            Code::NotFound => Self::OtpNotFound,
            Code::MalformedKey => Self::OtpMalformedKey,
            Code::WrongKey => Self::OtpWrongKey,
            Code::Expired => Self::OtpExpired,
            Code::Damaged => Self::OtpDamaged,
            Code::NewerVersion => Self::OtpNewerVersion,
            Code::Exists => Self::OtpExists,
            Code::UnsafePermissions => Self::OtpUnsafePermissions,
            Code::RandomnessFailed => Self::OtpRandomnessFailed,
            Code::StoreUnavailable => Self::OtpStoreUnavailable,
            // A test walks the table, so that no code ends here that has a number.
            _ => Self::OtpOther,
        }
    }
}

/// The names and meanings, as C has them: made once, from core's table.
static TEXTS: std::sync::LazyLock<Vec<(CString, CString)>> = std::sync::LazyLock::new(|| {
    let text = |text: &str| CString::new(text).unwrap_or_default();
    let rows = Code::TABLE.iter().map(|(_, name, meaning)| (text(name), text(meaning)));
    std::iter::once((text("ok"), text("done"))).chain(rows).collect()
});

thread_local! {
    static LAST: RefCell<(c_int, CString)> = RefCell::default();
}

/// Keeps an error for this thread, and gives its status.
pub(crate) fn keep(error: &Error) -> Status {
    let status = Status::from(error.code());
    // A path in a message may have a NUL in it.
    let message = CString::new(error.message().replace('\0', "\u{fffd}")).unwrap_or_default();
    // A thread that ends has no last error any more.
    let _ = LAST.try_with(|last| last.replace((status as c_int, message)));
    status
}

fn text_of(code: c_int, which: impl FnOnce(&'static (CString, CString)) -> &'static CStr) -> *const c_char {
    usize::try_from(code).ok().and_then(|index| TEXTS.get(index)).map_or(c"unknown", which).as_ptr()
}

/// The name of a code: "ok", "other", "usage", "not-found" and so on; "unknown" if there is no such code.
///
/// The text is static. Any thread may call this at any time.
#[unsafe(no_mangle)]
pub extern "C" fn otp_code_name(code: c_int) -> *const c_char {
    text_of(code, |texts| &texts.0)
}

/// What a code means, in a few words; "unknown" if there is no such code.
///
/// The text is static. Any thread may call this at any time.
#[unsafe(no_mangle)]
pub extern "C" fn otp_code_meaning(code: c_int) -> *const c_char {
    text_of(code, |texts| &texts.1)
}

/// The code of this thread's last call that failed; OTP_OK if none did. A call that succeeds leaves it as it is.
#[unsafe(no_mangle)]
pub extern "C" fn otp_error_code() -> c_int {
    LAST.try_with(|last| last.borrow().0).unwrap_or_default()
}

/// What went wrong in this thread's last call that failed: what, where, and what to do, with all causes, in UTF-8.
///
/// It never holds anything secret. It is "" if no call failed. The text is valid until the next call of this library
/// that fails in this thread, or until the thread ends.
#[unsafe(no_mangle)]
pub extern "C" fn otp_error_message() -> *const c_char {
    LAST.try_with(|last| last.borrow().1.as_ptr()).unwrap_or(c"".as_ptr())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_its_number_name_and_meaning() {
        for (code, name, meaning) in Code::TABLE {
            let number = Status::from(code) as c_int;
            assert_eq!(number, c_int::from(code.number()), "{name}");
            // SAFETY: both texts are static and end with a NUL.
            let texts = unsafe { [otp_code_name(number), otp_code_meaning(number)].map(|text| CStr::from_ptr(text)) };
            assert_eq!(texts.map(|text| text.to_str().unwrap()), [name, meaning]);
        }
        for number in [-1, 13, c_int::MAX, c_int::MIN] {
            // SAFETY: the text is static and ends with a NUL.
            assert_eq!(unsafe { CStr::from_ptr(otp_code_name(number)) }, c"unknown");
        }
    }
}
