//! What a store says about an account's keys.

use std::ffi::{c_char, c_int, c_void};
use std::ptr;

use otp_core::UnixTime;
use otp_link::KeyInfo;

use crate::code::Status;
use crate::failure::Error;
use crate::guard;
use crate::pointer::{self, c_text};

/// What a store says of one key. All of it is public, and valid only until the function that gets it returns.
#[repr(C)]
pub struct KeyInfoView {
    /// The key's id: 16 characters.
    pub id: *const c_char,
    /// Who holds it; or NULL.
    pub holder: *const c_char,
    /// When its record was sealed, in seconds after 1970-01-01T00:00:00Z.
    pub created: u64,
    /// When it stops opening, in seconds after 1970; 0: never.
    pub expires: u64,
    /// When its grace period ends, in seconds after 1970, if it has been replaced; otherwise 0.
    pub grace_ends: u64,
    /// The size of its frame in bytes.
    pub capacity: u32,
    /// The page that its record belongs to, from 0 up.
    pub page: u32,
    /// How many pages it has.
    pub pages: u32,
}

/// Gets what the store says of one key. 0 goes on, anything else ends the list. It must return, without an exception or
/// `longjmp`.
pub type VisitKey = Option<unsafe extern "C" fn(context: *mut c_void, key: *const KeyInfoView) -> c_int>;

/// Calls `visit` with what the store says of each key of an account, and with `context`. It needs no key.
///
/// The keys are sorted by id, letters before digits. `store` is a directory or URL; NULL means the one that `otp` would
/// use. If the record of a key is damaged, the function goes on with the others, and then returns OTP_DAMAGED with a
/// message and a hint about the damaged one.
///
/// Errors: OTP_USAGE, OTP_NOT_FOUND, OTP_DAMAGED, OTP_NEWER_VERSION, OTP_UNSAFE_PERMISSIONS, OTP_STORE_UNAVAILABLE.
///
/// # Safety
///
/// Each pointer is NULL or points to text that ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_account_info(
    store: *const c_char,
    account: *const c_char,
    visit: VisitKey,
    context: *mut c_void,
) -> Status {
    guard::status(|| {
        // SAFETY: the caller promises that each is NULL or ends with a NUL.
        let (store, account) = unsafe { (pointer::optional_path(store, "store")?, pointer::text(account, "account")?) };
        let visit = visit.ok_or(Error::Null { what: "visit" })?;
        let found = otp_link::list_keys(account, store)?;
        for KeyInfo { header, grace, .. } in found.keys {
            let id = c_text(&header.id);
            let holder = header.terms.holder.as_ref().map(c_text);
            let view = KeyInfoView {
                id: id.as_ptr(),
                holder: holder.as_ref().map_or(ptr::null(), |holder| holder.as_ptr()),
                created: header.terms.created.as_secs(),
                expires: header.terms.expires.map_or(0, UnixTime::as_secs),
                grace_ends: grace.map_or(0, UnixTime::as_secs),
                capacity: u32::try_from(header.capacity.bytes()).unwrap_or(u32::MAX),
                page: header.page.into(),
                pages: header.pages.into(),
            };
            // SAFETY: the caller promises a function of that type; the view and its texts live until it returns.
            if unsafe { visit(context, &raw const view) } != 0 {
                return Ok(());
            }
        }
        found.faults.into_iter().next().map_or(Ok(()), |fault| Err(fault.error.into()))
    })
}
