//! Stores: their accounts, and whether their records are whole.

use std::ffi::{CString, c_char, c_int, c_void};
use std::ops::ControlFlow;
use std::ptr;

use otp_core::keeper::ringed::RingFinding;
use otp_core::{Code, Coded};
use otp_link::Fault;
use otp_link::ring::{self, find_ring};

use crate::code::Status;
use crate::failure::Error;
use crate::guard;
use crate::hint;
use crate::place;
use crate::pointer::{self, Out, c_text};

/// Gets the name of one account, which is valid only until it returns. 0 goes on, anything else ends the list. It must
/// return, without an exception or `longjmp`.
pub type VisitAccount = Option<unsafe extern "C" fn(context: *mut c_void, account: *const c_char) -> c_int>;

/// Calls `visit` with each account whose name starts with `prefix`, sorted by name, and with `context`. It needs no
/// key.
///
/// `store` is a directory or URL; NULL means the one that `otp` would use. A `prefix` of NULL stands for all accounts.
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

/// A damaged record, or something that does not agree with a ring. All of it is public, and valid only until the
/// function that gets it returns.
#[repr(C)]
pub struct FaultView {
    /// The account that it belongs to.
    pub account: *const c_char,
    /// The id of its key, or of an unfinished rotation; NULL if it is about the whole account.
    pub key_id: *const c_char,
    /// What is wrong, as a code: mostly OTP_DAMAGED or OTP_NEWER_VERSION. With a ring also OTP_WRONG_KEY
    /// (a record that the ring does not know), OTP_NOT_FOUND (a record that is gone), OTP_IN_DOUBT (a rotation that is
    /// unfinished, or was rolled back), OTP_STALE_RING.
    pub code: c_int,
    /// What is wrong, in words.
    pub message: *const c_char,
    /// What to do about it; "" if there is no advice.
    pub hint: *const c_char,
}

/// Gets one fault. 0 goes on, anything else ends the search. It must return, without an exception or
/// `longjmp`.
pub type VisitFault = Option<unsafe extern "C" fn(context: *mut c_void, fault: *const FaultView) -> c_int>;

/// Checks that every record of the accounts whose names start with `prefix` is whole, and with a ring, that it belongs
/// to a key of the ring and is of the page that it should be. It needs no key.
///
/// `store` is a directory or URL; NULL means the one that `otp` would use. `ring` is the ring's directory; NULL means
/// the one that `OTP_RING` names, if any. A `prefix` of NULL stands for all accounts. `visit` gets each fault, with
/// `context`, and may be NULL. `*records` and `*faults` get how many records were looked at and how many faults there
/// are; either pointer may be NULL. A damaged record is not a failure of the call.
///
/// Errors: OTP_USAGE, OTP_UNSAFE_PERMISSIONS, OTP_STORE_UNAVAILABLE; with a ring also OTP_LOCKED, OTP_STALE_RING.
///
/// # Safety
///
/// Each pointer is NULL or points to what is said above.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_store_verify(
    store: *const c_char,
    ring: *const c_char,
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
        let (place, prefix) = unsafe { (place::read(store, ring)?, pointer::optional_text(prefix, "prefix")?) };
        let prefix = prefix.unwrap_or_default();
        let tell = |fault: &Told| visit.map_or(ControlFlow::Continue(()), |visit| fault.tell(visit, context));
        let mut answer = ControlFlow::Continue(());
        let found = otp_link::verify(prefix, &[], place.store, |fault| {
            if let Some(fault) = fault {
                answer = tell(&Told::of_record(fault));
            }
            answer
        })?;
        let mut count = found.faults.len() as u64;
        if answer.is_continue() && find_ring(place.ring).is_some() {
            for finding in ring::verify_ring(prefix, place.ring, place.store)? {
                count += 1;
                if tell(&Told::of_ring(&finding)).is_break() {
                    break;
                }
            }
        }
        for (out, count) in [(records, found.records), (faults, count)] {
            if let Some(mut out) = out {
                out.set(count);
            }
        }
        Ok(())
    })
}

/// A fault, in texts that a view points to.
struct Told {
    account: CString,
    key_id: Option<CString>,
    code: Code,
    message: CString,
    hint: CString,
}

impl Told {
    fn of_record(fault: &Fault) -> Self {
        Self {
            account: c_text(&fault.account),
            key_id: Some(c_text(&fault.key_id)),
            code: fault.error.code(),
            message: c_text(&fault.error.message()),
            hint: c_text(&hint::of_link(&fault.error).unwrap_or_default()),
        }
    }

    fn of_ring(finding: &RingFinding) -> Self {
        Self {
            account: c_text(&finding.account),
            key_id: finding.id.as_ref().map(c_text),
            code: finding.fault.code(),
            message: c_text(&finding.fault),
            hint: c_text(&hint::of_ring(finding).unwrap_or_default()),
        }
    }

    fn tell(
        &self,
        visit: unsafe extern "C" fn(context: *mut c_void, fault: *const FaultView) -> c_int,
        context: *mut c_void,
    ) -> ControlFlow<()> {
        let view = FaultView {
            account: self.account.as_ptr(),
            key_id: self.key_id.as_ref().map_or(ptr::null(), |id| id.as_ptr()),
            code: self.code.number().into(),
            message: self.message.as_ptr(),
            hint: self.hint.as_ptr(),
        };
        // SAFETY: the caller promises a function of that type; the view and its texts live until it returns.
        flow(unsafe { visit(context, &raw const view) })
    }
}
