//! Removing an account.

use std::ffi::{c_char, c_int};

use crate::code::Status;
use crate::guard;
use crate::{place, pointer};

/// Deletes an account: all its records and tombstones, and its keys in the ring, if there is one.
///
/// `store` is a directory or URL; NULL means the one that `otp` would use. `ring` is the ring's directory; NULL means
/// the one that `OTP_RING` names, if any. If `force` is not 0, what an unfinished rotation staged goes too, which may
/// be the only copy of the password that the database has.
///
/// Errors: OTP_USAGE, OTP_NOT_FOUND, OTP_UNSAFE_PERMISSIONS, OTP_STORE_UNAVAILABLE, OTP_IN_DOUBT if a rotation is
/// unfinished; with a ring also OTP_LOCKED, OTP_STALE_RING.
///
/// # Safety
///
/// Each pointer is NULL or points to text that ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_account_remove(
    store: *const c_char,
    ring: *const c_char,
    account: *const c_char,
    force: c_int,
) -> Status {
    guard::status(|| {
        // SAFETY: the caller promises that each is NULL or ends with a NUL.
        let (place, account) = unsafe { (place::read(store, ring)?, pointer::text(account, "account")?) };
        Ok(otp_link::remove_account(account, force != 0, place)?)
    })
}
