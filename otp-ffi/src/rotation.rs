//! Interrupted rotations: resuming, aborting and forgetting them.

use std::ffi::c_char;
use std::ptr;

use otp_link::{Applied, Change, Randomness};

use crate::code::Status;
use crate::failure::Error;
use crate::guard;
use crate::keys::{self, KeysHandle};
use crate::place;
use crate::pointer::{self, Out};
use crate::renew::{Asked, Renewal, RenewedView};

/// Resumes a rotation that was cut short, with the secret and the options that it began with: you need not give them
/// again.
///
/// `renewal->apply` gets the same change again, and finds out whether it was made. `*renewed`, `*keys` and errors are
/// those of `otp_account_renew`. If the database had not been touched, or all of it was done, the rotation is forgotten,
/// and `renewed->generation` is 0.
///
/// Errors: as `otp_account_renew`, and OTP_NOT_FOUND if no rotation is unfinished.
///
/// # Safety
///
/// Each pointer and each member is NULL or points to what is said above; `keys` points to a writable pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_rotation_resume(
    renewal: *const Renewal,
    renewed: *mut RenewedView,
    keys: *mut *mut KeysHandle,
) -> Status {
    guard::status(|| {
        // SAFETY: the caller promises a place for a pointer, and one for numbers or NULL.
        let (mut out, renewed) = unsafe {
            (Out::new(keys, ptr::null_mut(), "keys")?, Out::optional(renewed, RenewedView::default(), "renewed")?)
        };
        let resume = |asked: &Asked<'_>| {
            asked.check_not_dry()?;
            let Asked { renewal, callbacks, .. } = asked;
            // An earlier run may have changed the database.
            let apply = |_: &_, change: Change<'_>| callbacks.apply(&change, Applied::InDoubt);
            let hand_over = |new| callbacks.hand_over(new, &mut out);
            otp_link::resume_rotation(renewal, &mut Randomness::system(), apply, hand_over)
        };
        // SAFETY: the caller promises that each is NULL or points to what it should.
        match unsafe { Renewal::read(renewal, (ptr::null(), 0), resume) }? {
            Some(done) => {
                if let Some(mut renewed) = renewed {
                    renewed.set((&done).into());
                }
            }
            None => out.set(keys::keep([])),
        }
        Ok(())
    })
}

/// Goes back to the old secret after a rotation that was cut short.
///
/// `renewal->apply`, which must not be NULL, gets the change in reverse. Of the other members, only store, ring and
/// account count. If it does not say OTP_APPLIED_DONE, the rotation stays unfinished.
///
/// Errors: OTP_USAGE; OTP_NOT_FOUND if no rotation is unfinished; OTP_IN_DOUBT also if a record has the new secret, so
/// that the rotation can only be resumed; OTP_LOCKED, OTP_STALE_RING, OTP_STORE_UNAVAILABLE, OTP_DENIED.
///
/// # Safety
///
/// `renewal` is NULL or points to an `otp_renewal` whose members are valid.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_rotation_abort(renewal: *const Renewal) -> Status {
    guard::status(|| {
        let abort = |asked: &Asked<'_>| {
            asked.check_not_dry()?;
            let Asked { renewal, callbacks, .. } = asked;
            callbacks.apply.ok_or(Error::Null { what: "renewal->apply" })?;
            let apply = |_: &_, change: Change<'_>| callbacks.apply(&change, Applied::InDoubt);
            Ok(otp_link::abort_rotation(renewal.account, renewal.place, apply)?)
        };
        // SAFETY: the caller promises that the members are valid.
        unsafe { Renewal::read(renewal, (ptr::null(), 0), abort) }
    })
}

/// Forgets a rotation that was cut short, and its new secret. If the database has it, nobody can log in any more.
///
/// `store` is a directory or URL; NULL means the one that `otp` would use. `ring` is the ring's directory; NULL means
/// the one that `OTP_RING` names.
///
/// Errors: OTP_USAGE; OTP_NOT_FOUND if no rotation is unfinished; OTP_LOCKED, OTP_STALE_RING, OTP_STORE_UNAVAILABLE,
/// OTP_DENIED.
///
/// # Safety
///
/// Each pointer is NULL or points to text that ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_rotation_forget(
    store: *const c_char,
    ring: *const c_char,
    account: *const c_char,
) -> Status {
    guard::status(|| {
        // SAFETY: the caller promises that each is NULL or ends with a NUL.
        let (place, account) = unsafe { (place::read(store, ring)?, pointer::text(account, "account")?) };
        Ok(otp_link::forget_rotation(account, place)?)
    })
}
