//! The library's version, and settings for the whole process.

use std::ffi::{c_char, c_uint};
use std::time::Duration;

use crate::guard;

/// The version of the ABI that this header describes. Compare it with `otp_abi_version()`: they differ if the library
/// that was loaded would misunderstand your program.
pub const ABI_VERSION: u32 = 1;

/// The longest account name in bytes, without the NUL.
pub const ACCOUNT_NAME_MAX: usize = 128;
/// The longest secret in bytes.
pub const SECRET_MAX: usize = 65_535;
/// `otp_process_harden` turned core dumps off.
pub const NO_CORE_DUMPS: c_uint = 1;
/// `otp_process_harden` closed the process's memory to other processes of the same user.
pub const NOT_DUMPABLE: c_uint = 2;

/// Returns the version of this library, such as "1.2.3". The text is static.
#[unsafe(no_mangle)]
pub extern "C" fn otp_version() -> *const c_char {
    const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0");
    VERSION.as_ptr().cast()
}

/// Returns the version of the ABI of this library, which is OTP_ABI_VERSION in its header.
#[unsafe(no_mangle)]
pub extern "C" fn otp_abi_version() -> u32 {
    ABI_VERSION
}

/// Turns off core dumps of this process, and closes its memory to other processes of the same user, as far as the
/// system allows it. Returns what worked: OTP_NO_CORE_DUMPS and OTP_NOT_DUMPABLE, joined by `|`.
///
/// The library does not do this by itself, since it concerns the whole process: debuggers and profilers can no longer
/// attach, and files in /proc/self may belong to root.
#[unsafe(no_mangle)]
pub extern "C" fn otp_process_harden() -> c_uint {
    guard::value(0, || {
        let hardened = otp_link::harden_process();
        let no_core_dumps = if hardened.no_core_dumps { NO_CORE_DUMPS } else { 0 };
        Ok(no_core_dumps | if hardened.not_dumpable { NOT_DUMPABLE } else { 0 })
    })
}

/// Sets how long calls of this process wait, from now on, for the lock of an account or a ring, in seconds; 0: not at
/// all. After that they fail with OTP_LOCKED. The default is a minute.
#[unsafe(no_mangle)]
pub extern "C" fn otp_process_set_lock_timeout(seconds: c_uint) {
    guard::value((), || {
        otp_link::set_lock_timeout(Duration::from_secs(seconds.into()));
        Ok(())
    });
}

const _: () = {
    assert!(ACCOUNT_NAME_MAX == otp_core::AccountName::MAX_LEN);
    assert!(SECRET_MAX == otp_core::Capacity::MAX.bytes());
};
