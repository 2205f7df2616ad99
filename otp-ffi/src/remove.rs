//! Removing an account.

use std::ffi::c_char;

use crate::code::Status;
use crate::guard;
use crate::pointer;

/// Deletes an account: all its records and tombstones.
///
/// `store` is the store's directory; if it is NULL, the store is looked for.
///
/// Errors: OTP_USAGE, OTP_NOT_FOUND, OTP_UNSAFE_PERMISSIONS, OTP_STORE_UNAVAILABLE.
///
/// # Safety
///
/// Each pointer is NULL or points to text that ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_account_remove(store: *const c_char, account: *const c_char) -> Status {
    guard::status(|| {
        // SAFETY: the caller promises that each is NULL or ends with a NUL.
        let (store, account) = unsafe { (pointer::optional_path(store, "store")?, pointer::text(account, "account")?) };
        Ok(otp_link::remove_account(account, false, store)?)
    })
}
