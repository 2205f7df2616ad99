//! Stores: which accounts there are, and whether their records are whole.

use std::ffi::{c_char, c_int, c_void};
use std::ops::ControlFlow;

use otp_core::Coded;

use crate::code::Status;
use crate::failure::Error;
use crate::guard;
use crate::hint;
use crate::pointer::{self, Out, c_text};

/// Gets the name of one account, which is valid only until it returns. 0 goes on, anything else ends the list. It must
/// return, without an exception or `longjmp`.
pub type VisitAccount = Option<unsafe extern "C" fn(context: *mut c_void, account: *const c_char) -> c_int>;

/// Gives each account whose name starts with `prefix` to `visit`, with `context`, sorted by name. It needs no key.
///
/// `store` is the store's directory; if it is NULL, the store is looked for. A `prefix` of NULL stands for all
/// accounts.
///
/// Errors: OTP_USAGE, OTP_UNSAFE_PERMISSIONS, OTP_STORE_UNAVAILABLE.
///
/// # Safety
///
/// Each pointer is NULL or points to text that ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_store_list(
    store: *const c_char,
    prefix: *const c_char,
    visit: VisitAccount,
    context: *mut c_void,
) -> Status {
    guard::status(|| {
        // SAFETY: the caller promises that each is NULL or ends with a NUL.
        let (store, prefix) =
            unsafe { (pointer::optional_path(store, "store")?, pointer::optional_text(prefix, "prefix")?) };
        let visit = visit.ok_or(Error::Null { what: "visit" })?;
        otp_link::list_accounts(prefix.unwrap_or_default(), store, |account| {
            let name = c_text(account);
            // SAFETY: the caller promises a function of that type; the name lives until it returns.
            flow(unsafe { visit(context, name.as_ptr()) })
        })?;
        Ok(())
    })
}

fn flow(answer: c_int) -> ControlFlow<()> {
    if answer == 0 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
}

/// A damaged record. All of it is public, and valid only until the function that gets it returns.
#[repr(C)]
pub struct FaultView {
    /// The account that it belongs to.
    pub account: *const c_char,
    /// The id of its key.
    pub key_id: *const c_char,
    /// What is wrong, as a code: mostly OTP_DAMAGED or OTP_NEWER_VERSION.
    pub code: c_int,
    /// What is wrong, in words.
    pub message: *const c_char,
    /// What to do about it; "" if there is no advice.
    pub hint: *const c_char,
}

/// Gets one damaged record. 0 goes on, anything else ends the search. It must return, without an exception or
/// `longjmp`.
pub type VisitFault = Option<unsafe extern "C" fn(context: *mut c_void, fault: *const FaultView) -> c_int>;

/// Checks that every record of the accounts whose names start with `prefix` is whole. It needs no key.
///
/// `store` is the store's directory; if it is NULL, the store is looked for. A `prefix` of NULL stands for all
/// accounts. `visit` gets each fault, with `context`, and may be NULL. `*records` and `*faults` get how many records
/// were looked at and how many are damaged; either pointer may be NULL. A damaged record is not a failure of the call.
///
/// Errors: OTP_USAGE, OTP_UNSAFE_PERMISSIONS, OTP_STORE_UNAVAILABLE.
///
/// # Safety
///
/// Each pointer is NULL or points to what is said above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_store_verify(
    store: *const c_char,
    prefix: *const c_char,
    visit: VisitFault,
    context: *mut c_void,
    records: *mut u64,
    faults: *mut u64,
) -> Status {
    guard::status(|| {
        // SAFETY: the caller promises that each is NULL or a place for a number.
        let (records, faults) = unsafe { (Out::optional(records, 0, "records")?, Out::optional(faults, 0, "faults")?) };
        // SAFETY: the caller promises that each is NULL or ends with a NUL.
        let (store, prefix) =
            unsafe { (pointer::optional_path(store, "store")?, pointer::optional_text(prefix, "prefix")?) };
        let found = otp_link::verify(prefix.unwrap_or_default(), &[], store, |fault| match (fault, visit) {
            (Some(fault), Some(visit)) => {
                let (account, key_id) = (c_text(&fault.account), c_text(&fault.key_id));
                let message = c_text(&fault.error.message());
                let hint = c_text(&hint::of_link(&fault.error).unwrap_or_default());
                let view = FaultView {
                    account: account.as_ptr(),
                    key_id: key_id.as_ptr(),
                    code: fault.error.code().number().into(),
                    message: message.as_ptr(),
                    hint: hint.as_ptr(),
                };
                // SAFETY: the caller promises a function of that type; the view and its texts live until it returns.
                flow(unsafe { visit(context, &raw const view) })
            }
            _ => ControlFlow::Continue(()),
        })?;
        for (out, count) in [(records, found.records), (faults, found.faults.len() as u64)] {
            if let Some(mut out) = out {
                out.set(count);
            }
        }
        Ok(())
    })
}
