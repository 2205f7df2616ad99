//! Rotating an account.

use std::ffi::{c_int, c_void};
use std::ptr;

use otp_link::{NewKey, Randomness, RotateError, Rotation};

use crate::code::Status;
use crate::failure::Error;
use crate::guard;
use crate::keys::{self, KeysHandle};
use crate::pointer::Out;
use crate::source::{Field, Grant, Source};

/// Takes the new keys of a rotation, and returns 0 once each key is where it belongs. `otp_account_rotate` calls it
/// while all old keys still open, and any other answer takes the rotation back. With a ring the rotation stands, and
/// the ring has the keys. It must not free the handle, and must return, without an exception or `longjmp`.
pub type HandOver = Option<unsafe extern "C" fn(context: *mut c_void, keys: *const KeysHandle) -> c_int>;

/// Gives an account a new secret, and replaces each of its keys that opens today with a new one.
///
/// `source->account` names the account. If `source` gives a key, or one is found, the fields that are not among
/// `fields` keep their values; the key must be current, not in its grace period. Without a key, `fields` are all that
/// the account will have, and must include username and password. The members of `grant` that are set hold for all new
/// keys; otherwise each has the holder and expiry of the key that it replaces. The old keys open the old secret for
/// `grace_secs` more seconds; with 0, not at all.
///
/// For an account that is kept in a ring, use `otp_account_renew`. This call refuses it, unless `leave_ring` is not 0:
/// the keys in the ring are of no use afterwards.
///
/// `hand_over`, if it is not NULL, is called with `context` and the new keys before any old key ends: put them where
/// they belong, and return 0. If it returns anything else, the old keys stay, the new ones are taken back, and the
/// result is OTP_OTHER. The account is locked meanwhile, so don't change it from there.
///
/// On success `*keys` is a new handle with all new keys, to be freed with `otp_keys_free`. On failure it is NULL, with
/// one exception: if the old keys could not be ended, `*keys` has the new keys. They open, so keep them, and rotate
/// again.
///
/// A key whose record is damaged opens nothing. It gets no new key and stays as it is; `otp_account_info` names it.
///
/// Errors: as `otp_key_issue`. OTP_NOT_FOUND also if the account has no key, or the given key is in its grace period;
/// OTP_EXPIRED if all keys have expired.
///
/// # Safety
///
/// Each pointer is NULL or points to what is said above; `keys` points to a writable pointer.
#[unsafe(no_mangle)]
#[allow(clippy::too_many_arguments, reason = "C has no other way to leave some out than NULL")]
pub unsafe extern "C" fn otp_account_rotate(
    source: *const Source,
    fields: *const Field,
    count: usize,
    grant: *const Grant,
    grace_secs: u64,
    leave_ring: c_int,
    hand_over: HandOver,
    context: *mut c_void,
    keys: *mut *mut KeysHandle,
) -> Status {
    guard::status(|| {
        // SAFETY: the caller promises a place for a pointer.
        let mut out = unsafe { Out::new(keys, ptr::null_mut(), "keys") }?;
        // SAFETY: the caller promises that each is NULL or points to what it should.
        let (source, fields, terms) =
            unsafe { (Source::read_for_store(source)?, Field::read_all(fields, count)?, Grant::read(grant)?) };
        let account = source.account.ok_or(Error::Null { what: "source->account" })?;
        let mut rotation = Rotation::new(account, &fields);
        (rotation.key, rotation.terms, rotation.store) = (source.key.read_if_given()?, terms, source.store);
        rotation.without_ring = leave_ring != 0;
        rotation.grace = Some(grace_secs).filter(|secs| *secs != 0);
        let hand_over = |new: Vec<NewKey>| {
            let new = keys::keep(new);
            // SAFETY: the caller promises a function of that type.
            let answer = hand_over.map_or(0, |hand_over| unsafe { hand_over(context, new) });
            if answer != 0 {
                keys::forget(new);
                return Err(Error::NotTaken { answer });
            }
            out.set(new);
            Ok(())
        };
        otp_link::rotate_account(rotation, &mut Randomness::system(), hand_over).map_err(|error| match error {
            RotateError::Unchanged(error) => error,
            RotateError::Unfinished(error) => error.into(),
        })?;
        Ok(())
    })
}
