//! Single keys: issuing, revoking, verifying.

use std::ffi::c_char;
use std::ptr;

use otp_link::ring::find_ring;
use otp_link::{Place, Randomness};

use crate::code::Status;
use crate::failure::Error;
use crate::guard;
use crate::keys::{self, KeysHandle};
use crate::place;
use crate::pointer::{self, Out};
use crate::source::{Grant, Source};

/// Seals a key's secret once more, for another holder, who gets a key of their own. It can be revoked without touching
/// the others.
///
/// `source` gives the key to the account; NULL means that it is found as the program `otp` finds it. `ring` is the
/// directory of the ring, which keeps a copy of the new key; NULL means the one that `OTP_RING` names, if any. With a
/// ring and `source->account`, the ring has a key to the account, unless `source` gives one. `grant` gives the terms of
/// the new key, and may be NULL. On success `*keys` is a new handle with one key, to be freed with `otp_keys_free`; on
/// failure it is NULL.
///
/// Errors: as `otp_account_open`, and OTP_RANDOMNESS_FAILED; with a ring also OTP_LOCKED, OTP_STALE_RING. A key in its
/// grace period is OTP_NOT_FOUND, and an account that is being rotated OTP_OTHER.
///
/// # Safety
///
/// `source` and `grant` are NULL or point to structures whose members are valid; `ring` is NULL or ends with a NUL;
/// `keys` points to a writable pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_key_issue(
    source: *const Source,
    ring: *const c_char,
    grant: *const Grant,
    keys: *mut *mut KeysHandle,
) -> Status {
    guard::status(|| {
        // SAFETY: the caller promises a place for a pointer.
        let mut out = unsafe { Out::new(keys, ptr::null_mut(), "keys") }?;
        // SAFETY: the caller promises that the members of both are valid.
        let (source, ring, terms) =
            unsafe { (Source::read_for_store(source)?, pointer::optional_path(ring, "ring")?, Grant::read(grant)?) };
        let mut place = Place::from(source.store);
        place.ring = ring;
        let hand_over = |new| Ok::<_, Error>(keys::keep([new]));
        let is_key_given = source.key.text.is_some() || source.key.file.is_some() || source.key.fd.is_some();
        out.set(if find_ring(ring).is_some() && !is_key_given {
            let account = source.account.ok_or(Error::Null { what: "source->account" })?;
            otp_link::issue_key_from_ring(account, &terms, place, &mut Randomness::system(), hand_over)?
        } else {
            let key = source.key.read_for(source.account)?;
            otp_link::issue_key(key, &terms, place, &mut Randomness::system(), hand_over)?
        });
        Ok(())
    })
}

/// Ends one key: its record is deleted, and a tombstone remains. The account's other keys are not touched.
///
/// `store` is a directory or URL; NULL means the one that `otp` would use. `ring` is the directory of the ring, which
/// then knows that the key has ended; NULL means the one that `OTP_RING` names, if any. If the account is kept in a
/// ring and you don't give it, anyone who can write the store can bring the key back until it is revoked with the ring
/// too. `key_id` has 16 characters.
///
/// Errors: OTP_USAGE, OTP_NOT_FOUND, OTP_UNSAFE_PERMISSIONS, OTP_STORE_UNAVAILABLE, or OTP_OTHER if the account is
/// being rotated; with a ring also OTP_LOCKED, OTP_STALE_RING.
///
/// # Safety
///
/// Each pointer is NULL or points to text that ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_key_revoke(
    store: *const c_char,
    ring: *const c_char,
    account: *const c_char,
    key_id: *const c_char,
) -> Status {
    guard::status(|| {
        // SAFETY: the caller promises that each is NULL or ends with a NUL.
        let (place, account, key_id) = unsafe {
            (place::read(store, ring)?, pointer::text(account, "account")?, pointer::text(key_id, "key_id")?)
        };
        Ok(otp_link::revoke_key(account, key_id, place)?)
    })
}

/// Checks that a key opens its record, without opening it and whether or not it has expired.
///
/// Errors: as `otp_account_open`, but never OTP_EXPIRED.
///
/// # Safety
///
/// `source` is NULL or points to an `otp_source` whose members are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_key_verify(source: *const Source) -> Status {
    guard::status(|| {
        // SAFETY: the caller promises that the members are valid.
        let source = unsafe { Source::read(source) }?;
        otp_link::verify_key(&source)?;
        Ok(())
    })
}
