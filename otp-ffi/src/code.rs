//! The codes that calls return.

use std::ffi::{CStr, CString, c_char, c_int};
use std::sync::LazyLock;

use otp_core::Code;

/// How a call ended. The numbers are the exit codes of the program `otp`, and are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
#[allow(clippy::enum_variant_names, reason = "the names are those of C, which has one space for all")]
pub enum Status {
    /// The call succeeded.
    OtpOk = 0,
    /// Any failure without a number of its own.
    OtpOther = 1,
    /// The call is not valid: NULL, a wrong length, invalid UTF-8, a handle that is not open.
    OtpUsage = 2,
    /// No such account or key: revoked, replaced, or never there.
    OtpNotFound = 3,
    /// The key's text is malformed.
    OtpMalformedKey = 4,
    /// The key does not open this record: it is the wrong key, or the record was tampered with.
    OtpWrongKey = 5,
    /// The record has expired, or its grace period is over.
    OtpExpired = 6,
    /// The record is damaged.
    OtpDamaged = 7,
    /// A newer version of this software wrote the record or the key.
    OtpNewerVersion = 8,
    /// What was to be made already exists.
    OtpExists = 9,
    /// Others can read or write what only the owner may.
    OtpUnsafePermissions = 10,
    /// The source of randomness failed, or failed its health tests.
    OtpRandomnessFailed = 11,
    /// The store can't be read or written.
    OtpStoreUnavailable = 12,
    /// The store does not let this user do it.
    OtpDenied = 13,
    /// Another process holds the lock.
    OtpLocked = 14,
    /// It is unknown whether the change took effect.
    OtpInDoubt = 15,
    /// The ring was copied, or restored from a backup.
    OtpStaleRing = 16,
    /// The audit log that `OTP_AUDIT` names can't be written, so nothing was handed over.
    OtpAuditFailed = 17,
    /// A key is about to expire.
    OtpExpiringSoon = 18,
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
            Code::Denied => Self::OtpDenied,
            Code::Locked => Self::OtpLocked,
            Code::InDoubt => Self::OtpInDoubt,
            Code::StaleRing => Self::OtpStaleRing,
            Code::AuditFailed => Self::OtpAuditFailed,
            Code::ExpiringSoon => Self::OtpExpiringSoon,
            // A test walks the table and makes sure that no code with a number ends up here.
            _ => Self::OtpOther,
        }
    }
}

/// The name and summary of each code, by its number, made once from the core's table.
static TEXTS: LazyLock<Vec<(CString, CString)>> = LazyLock::new(|| {
    let text = |text: &str| CString::new(text).unwrap_or_default();
    let rows = Code::ALL.iter().map(|code| (text(code.name()), text(code.summary())));
    std::iter::once((text("ok"), text("success"))).chain(rows).collect()
});

/// Makes the texts now, so that no other thread is about to when this process forks.
#[cfg(all(unix, not(miri)))]
pub(crate) fn make_texts() {
    LazyLock::force(&TEXTS);
}

fn text_of(code: c_int, which: impl FnOnce(&'static (CString, CString)) -> &'static CStr) -> *const c_char {
    usize::try_from(code).ok().and_then(|number| TEXTS.get(number)).map_or(c"unknown", which).as_ptr()
}

/// Returns the name of a code: "ok", "other", "usage", "not-found" and so on; "unknown" if there is no such code.
///
/// The text is static.
#[unsafe(no_mangle)]
pub extern "C" fn otp_code_name(code: c_int) -> *const c_char {
    text_of(code, |texts| &texts.0)
}

/// Returns what a code means, in a few words; "unknown" if there is no such code.
///
/// The text is static.
#[unsafe(no_mangle)]
pub extern "C" fn otp_code_summary(code: c_int) -> *const c_char {
    text_of(code, |texts| &texts.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_code_has_its_number_name_and_summary() {
        for code in Code::ALL {
            let number = Status::from(*code) as c_int;
            assert_eq!(number, c_int::from(code.number()), "{}", code.name());
            // SAFETY: both texts are static and end with a NUL.
            let texts = unsafe { [otp_code_name(number), otp_code_summary(number)].map(|text| CStr::from_ptr(text)) };
            assert_eq!(texts.map(|text| text.to_str().unwrap()), [code.name(), code.summary()]);
        }
        let beyond = c_int::try_from(Code::ALL.len()).unwrap() + 1;
        for number in [-1, beyond, c_int::MAX, c_int::MIN] {
            // SAFETY: the text is static and ends with a NUL.
            assert_eq!(unsafe { CStr::from_ptr(otp_code_name(number)) }, c"unknown");
        }
    }
}
