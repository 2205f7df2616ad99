//! What is done with the accounts of a store.

use std::ffi::{CString, c_char, c_int, c_void};
use std::ops::ControlFlow;
use std::ptr;

use otp_core::keeper::KeyInfo;
use otp_core::{Coded, UnixTime};

use crate::error::Status;
use crate::facade::{self, RotateError};
use crate::fault::Error;
use crate::guard;
use crate::handle::{self, Out};
use crate::key::{KEYS, KeysHandle, NewKeys};
use crate::source::{Field, Grant, Source};

/// Seals fields for a new account, and gives its first key. The store is made, for this user alone, if it is missing.
///
/// `store` is the store's directory; NULL looks for it. `account` is parts of a-z, 0-9, '.', '_', '-' joined by '/'.
/// `fields` has `count` fields, of which there must be one at least, each name once. `grant` has the key's terms; NULL has
/// none. On success `*keys` is a new handle with one key, for `otp_keys_free`; on failure it is NULL.
///
/// OTP_USAGE, OTP_EXISTS, OTP_UNSAFE_PERMISSIONS, OTP_RANDOMNESS_FAILED, OTP_STORE_UNAVAILABLE.
///
/// # Safety
///
/// Each pointer is NULL or leads to what it says; `keys` leads to room for a pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_account_add(
    store: *const c_char,
    account: *const c_char,
    fields: *const Field,
    count: usize,
    grant: *const Grant,
    keys: *mut *mut KeysHandle,
) -> Status {
    guard::status(|| {
        // SAFETY: the caller says what the pointers lead to.
        let mut out = unsafe { Out::new(keys, ptr::null_mut(), "keys") }?;
        // SAFETY: as above.
        let (store, account, fields, grant) = unsafe {
            (
                handle::path(store, "the store's path")?,
                handle::needed(account, "the account's name")?,
                Field::read_all(fields, count)?,
                Grant::read(grant)?,
            )
        };
        facade::add(account, &fields, &grant, store, |key| {
            out.set(KEYS.insert(NewKeys::new(vec![key])));
            Ok(())
        })
    })
}

/// Takes the new keys of a rotation, while all the old ones still open. 0 says that each is where it belongs; anything
/// else, that the rotation is to be taken back. It must return: no exception, no `longjmp`.
pub type HandOver = Option<unsafe extern "C" fn(context: *mut c_void, keys: *const KeysHandle) -> c_int>;

/// Gives an account a new secret, and each of its keys that opens today a new key in its place.
///
/// `source` names the account, which it must. If it gives a key, or one is found, the fields that are not among `fields`
/// stay as they are; without a key all of them have to be given anew. The members of `grant` that are set count for all new
/// keys; otherwise each has the holder and expiry of the one that it replaces. With `grace_secs`, the old keys open the
/// old secret for that many seconds more; with 0, not at all.
///
/// `hand_over`, if it is not NULL, is called with the new keys and `context` before any old key ends: put them where
/// they belong, and then return 0. If it returns anything else, the old keys stay, the new ones are taken back, and the
/// result is OTP_OTHER. The account is locked meanwhile: don't change it from there.
///
/// On success `*keys` is a new handle with all new keys, for `otp_keys_free`. On failure it is NULL, except where the old
/// keys could not be ended (OTP_STORE_UNAVAILABLE or OTP_OTHER): the new keys open then, so keep them, and rotate again.
///
/// As `otp_key_issue`; OTP_NOT_FOUND if the account has no key, OTP_EXPIRED if all have expired.
///
/// # Safety
///
/// Each pointer is NULL or leads to what it says; `keys` leads to room for a pointer; `hand_over` is a function of that
/// type.
#[unsafe(no_mangle)]
#[allow(clippy::too_many_arguments, reason = "C has no other way to leave some out than NULL")]
pub unsafe extern "C" fn otp_account_rotate(
    source: *const Source,
    fields: *const Field,
    count: usize,
    grant: *const Grant,
    grace_secs: u64,
    hand_over: HandOver,
    context: *mut c_void,
    keys: *mut *mut KeysHandle,
) -> Status {
    guard::status(|| {
        // SAFETY: the caller says what the pointers lead to.
        let mut out = unsafe { Out::new(keys, ptr::null_mut(), "keys") }?;
        // SAFETY: as above.
        let (source, fields, grant) =
            unsafe { (Source::read(source)?, Field::read_all(fields, count)?, Grant::read(grant)?) };
        let grace = Some(grace_secs).filter(|secs| *secs != 0);
        let rotated = facade::rotate(&source, &fields, &grant, grace, |new| {
            let handle = KEYS.insert(NewKeys::new(new));
            // SAFETY: the caller says that it is a function of that type.
            let answer = hand_over.map_or(0, |hand_over| unsafe { hand_over(context, handle) });
            if answer != 0 {
                KEYS.remove(handle);
                return Err(Error::Other(format!(
                    "the new keys were not taken (answer {answer}); nothing has changed"
                )));
            }
            out.set(handle);
            Ok(())
        });
        rotated.map_err(|error| match error {
            RotateError::Unchanged(error) | RotateError::Unfinished(error) => error,
        })
    })
}

/// Deletes an account: all its records, and all traces of the keys that it had.
///
/// `store` is the store's directory; NULL looks for it.
///
/// OTP_USAGE, OTP_NOT_FOUND, OTP_UNSAFE_PERMISSIONS, OTP_STORE_UNAVAILABLE.
///
/// # Safety
///
/// Each pointer is NULL or leads to text with a NUL at its end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_account_remove(store: *const c_char, account: *const c_char) -> Status {
    guard::status(|| {
        // SAFETY: the caller says that each ends with a NUL.
        let (store, account) =
            unsafe { (handle::path(store, "the store's path")?, handle::needed(account, "the account's name")?) };
        facade::remove(account, store)
    })
}

/// What a store says of one key. All of it is public, and valid only during the call of the function that gets it.
#[repr(C)]
pub struct KeyInfoView {
    /// Its id: 16 characters and a NUL.
    pub id: *const c_char,
    /// Who holds it; or NULL.
    pub holder: *const c_char,
    /// When it was sealed, in seconds after 1970-01-01T00:00:00Z.
    pub created: u64,
    /// From when on it does not open any more, in seconds after 1970; 0: it always does.
    pub expires: u64,
    /// Until when it still opens the old secret, in seconds after 1970, if it has been replaced; otherwise 0.
    pub grace_ends: u64,
    /// Bytes of its frame: 64, 128 and so on.
    pub capacity: u32,
}

/// Gets what the store says of one key. 0 goes on, anything else ends the list. It must return.
pub type VisitKey = Option<unsafe extern "C" fn(context: *mut c_void, key: *const KeyInfoView) -> c_int>;

/// Gives what the store says of an account's keys, sorted by id, letters before digits. It needs no key.
///
/// `store` is the store's directory; NULL looks for it. `visit` gets each key, and `context`.
///
/// OTP_USAGE, OTP_NOT_FOUND, OTP_DAMAGED, OTP_NEWER_VERSION, OTP_UNSAFE_PERMISSIONS, OTP_STORE_UNAVAILABLE.
///
/// # Safety
///
/// Each pointer is NULL or leads to text with a NUL at its end; `visit` is NULL or a function of that type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_account_info(
    store: *const c_char,
    account: *const c_char,
    visit: VisitKey,
    context: *mut c_void,
) -> Status {
    guard::status(|| {
        // SAFETY: the caller says that each ends with a NUL.
        let (store, account) =
            unsafe { (handle::path(store, "the store's path")?, handle::needed(account, "the account's name")?) };
        let visit = visit.ok_or_else(|| Error::Usage("visit is NULL".into()))?;
        for KeyInfo { header, grace } in facade::info(account, store)? {
            let id = CString::new(header.id.to_string()).unwrap_or_default();
            let holder = header.terms.holder.map(|holder| CString::new(holder.as_str()).unwrap_or_default());
            let view = KeyInfoView {
                id: id.as_ptr(),
                holder: holder.as_ref().map_or(ptr::null(), |holder| holder.as_ptr()),
                created: header.terms.created.as_secs(),
                expires: header.terms.expires.map_or(0, UnixTime::as_secs),
                grace_ends: grace.map_or(0, UnixTime::as_secs),
                capacity: u32::try_from(header.capacity.bytes()).unwrap_or(u32::MAX),
            };
            // SAFETY: the caller says that it is a function of that type.
            if unsafe { visit(context, &raw const view) } != 0 {
                break;
            }
        }
        Ok(())
    })
}

/// Gets the name of one account, valid only during the call. 0 goes on, anything else ends the list. It must return.
pub type VisitAccount = Option<unsafe extern "C" fn(context: *mut c_void, account: *const c_char) -> c_int>;

/// Gives the accounts of a store whose names start with `prefix`, in the order of their names. It needs no key.
///
/// `store` is the store's directory; NULL looks for it. `prefix` may be NULL for all. `visit` gets each name, and `context`.
///
/// OTP_USAGE, OTP_UNSAFE_PERMISSIONS, OTP_STORE_UNAVAILABLE.
///
/// # Safety
///
/// Each pointer is NULL or leads to text with a NUL at its end; `visit` is NULL or a function of that type.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_store_list(
    store: *const c_char,
    prefix: *const c_char,
    visit: VisitAccount,
    context: *mut c_void,
) -> Status {
    guard::status(|| {
        // SAFETY: the caller says that each ends with a NUL.
        let (store, prefix) =
            unsafe { (handle::path(store, "the store's path")?, handle::text(prefix, "the prefix")?) };
        let visit = visit.ok_or_else(|| Error::Usage("visit is NULL".into()))?;
        facade::list(prefix.unwrap_or_default(), store, |account| {
            let name = CString::new(account.as_str()).unwrap_or_default();
            // SAFETY: the caller says that it is a function of that type.
            flow(unsafe { visit(context, name.as_ptr()) })
        })
    })
}

fn flow(answer: c_int) -> ControlFlow<()> {
    if answer == 0 { ControlFlow::Continue(()) } else { ControlFlow::Break(()) }
}

/// A record that is damaged. All of it is public, and valid only during the call of the function that gets it.
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
}

/// Gets one record that is damaged. 0 goes on, anything else ends the search. It must return.
pub type VisitFault = Option<unsafe extern "C" fn(context: *mut c_void, fault: *const FaultView) -> c_int>;

/// Checks that every record of the accounts whose names start with `prefix` is whole. It needs no key.
///
/// `store` is the store's directory; NULL looks for it. `prefix` may be NULL for all. `visit` gets each fault, and
/// `context`; NULL only counts. `*records` and `*faults` get how many records were looked at and how many are faulty;
/// either pointer may be NULL. A faulty record is no failure of the call.
///
/// OTP_USAGE, OTP_UNSAFE_PERMISSIONS, OTP_STORE_UNAVAILABLE.
///
/// # Safety
///
/// Each pointer is NULL or leads to what it says; `visit` is NULL or a function of that type.
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
        let mut unasked = [0; 2];
        let [seen, found] = unasked.each_mut().map(ptr::from_mut);
        // SAFETY: the caller says what the pointers lead to, and ours lead to `unasked`.
        let (mut records, mut faults) = unsafe {
            (
                Out::new(if records.is_null() { seen } else { records }, 0, "records")?,
                Out::new(if faults.is_null() { found } else { faults }, 0, "faults")?,
            )
        };
        let mut count = 0;
        // SAFETY: as above.
        let (store, prefix) =
            unsafe { (handle::path(store, "the store's path")?, handle::text(prefix, "the prefix")?) };
        records.set(facade::verify_store(prefix.unwrap_or_default(), store, |account, id, error| {
            count += 1;
            let Some(visit) = visit else {
                return ControlFlow::Continue(());
            };
            let text = |text: String| CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default();
            let (account, id, message) = (text(account.to_string()), text(id.to_string()), text(error.message()));
            let view = FaultView {
                account: account.as_ptr(),
                key_id: id.as_ptr(),
                code: error.code().number().into(),
                message: message.as_ptr(),
            };
            // SAFETY: the caller says that it is a function of that type.
            flow(unsafe { visit(context, &raw const view) })
        })?);
        faults.set(count);
        Ok(())
    })
}
