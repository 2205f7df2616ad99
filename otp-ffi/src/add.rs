//! Adding an account.

use std::ffi::c_char;
use std::ptr;

use otp_link::Randomness;

use crate::code::Status;
use crate::failure::Error;
use crate::guard;
use crate::keys::{self, KeysHandle};
use crate::place;
use crate::pointer::{self, Out};
use crate::source::{Field, Grant};

/// Seals fields for a new account, and creates its first key. The store is made, for this user alone, if it does not
/// exist.
///
/// `store` is a directory or URL; NULL means the one that `otp` would use. `ring` is the directory of the ring, which
/// keeps a copy of the key; NULL means the one that `OTP_RING` names, if any. `account` is parts of a-z, 0-9, '.', '_',
/// '-' joined by '/'. `fields` points to `count` fields: at least one, and each name once. `grant` gives the key's
/// terms, and may be NULL. On success `*keys` is a new handle with one key, to be freed with `otp_keys_free`; on
/// failure it is NULL.
///
/// Errors: OTP_USAGE, OTP_EXISTS, OTP_UNSAFE_PERMISSIONS, OTP_RANDOMNESS_FAILED, OTP_STORE_UNAVAILABLE; with a ring
/// also OTP_LOCKED, OTP_STALE_RING.
///
/// # Safety
///
/// Each pointer is NULL or points to what is said above; `keys` points to a writable pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_account_add(
    store: *const c_char,
    ring: *const c_char,
    account: *const c_char,
    fields: *const Field,
    count: usize,
    grant: *const Grant,
    keys: *mut *mut KeysHandle,
) -> Status {
    guard::status(|| {
        // SAFETY: the caller promises a place for a pointer.
        let mut out = unsafe { Out::new(keys, ptr::null_mut(), "keys") }?;
        // SAFETY: the caller promises that each is NULL or points to what it should.
        let (place, account, fields, terms) = unsafe {
            (
                place::read(store, ring)?,
                pointer::text(account, "account")?,
                Field::read_all(fields, count)?,
                Grant::read(grant)?,
            )
        };
        out.set(otp_link::add_account(account, &fields, &terms, place, &mut Randomness::system(), |key| {
            Ok::<_, Error>(keys::keep([key]))
        })?);
        Ok(())
    })
}
