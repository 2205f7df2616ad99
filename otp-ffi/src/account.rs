//! An account that is open, and its fields.

use std::ffi::{CString, c_char};
use std::ptr;

use crate::error::Status;
use crate::facade::OpenAccount;
use crate::fault::Error;
use crate::guard;
use crate::handle::{self, Out, Table};
use crate::source::{Field, Source};

/// An account that is open. A handle: not an address, never given twice.
pub struct AccountHandle;

/// What stands behind a handle.
struct Opened {
    account: OpenAccount,
    name: CString,
    id: CString,
}

static OPEN: Table<Opened> = Table::new();

/// Opens an account: reads the key, reads its record, and opens it.
///
/// `source` says where both come from; NULL looks for both as the program `otp` does. On success `*account` is a new
/// handle, for `otp_account_free`; on failure it is NULL. The fields stand in memory that is kept off swap and core
/// dumps where the system lets us.
///
/// OTP_USAGE, OTP_NOT_FOUND, OTP_MALFORMED_KEY, OTP_WRONG_KEY, OTP_EXPIRED, OTP_DAMAGED, OTP_NEWER_VERSION,
/// OTP_UNSAFE_PERMISSIONS, OTP_STORE_UNAVAILABLE, or OTP_OTHER if the key file can't be read.
///
/// # Safety
///
/// `source` is NULL or leads to an `otp_source` whose members lead to what they say; `account` leads to room for a
/// pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_account_open(source: *const Source, account: *mut *mut AccountHandle) -> Status {
    guard::status(|| {
        // SAFETY: the caller says what the pointers lead to.
        let mut out = unsafe { Out::new(account, ptr::null_mut(), "account") }?;
        // SAFETY: as above.
        let opened = unsafe { Source::read(source) }?.open()?;
        let name = CString::new(opened.name().as_str()).unwrap_or_default();
        let id = CString::new(opened.id().to_string()).unwrap_or_default();
        out.set(OPEN.insert(Opened { account: opened, name, id }));
        Ok(())
    })
}

/// The account's name, with a NUL at its end; NULL if the handle is not open. It is valid until the handle is freed.
#[unsafe(no_mangle)]
pub extern "C" fn otp_account_name(account: *const AccountHandle) -> *const c_char {
    guard::value(ptr::null(), || Ok(OPEN.get(account)?.name.as_ptr()))
}

/// The id of the key that opened it: 16 characters and a NUL; NULL if the handle is not open. It is valid until the
/// handle is freed, and not secret.
#[unsafe(no_mangle)]
pub extern "C" fn otp_account_key_id(account: *const AccountHandle) -> *const c_char {
    guard::value(ptr::null(), || Ok(OPEN.get(account)?.id.as_ptr()))
}

/// How many fields it has; 0 if the handle is not open.
#[unsafe(no_mangle)]
pub extern "C" fn otp_account_count(account: *const AccountHandle) -> usize {
    guard::value(0, || Ok(OPEN.get(account)?.account.field_count()))
}

/// The field of a name. What `*field` leads to is valid until the handle is freed; on failure it is all zeros.
///
/// OTP_USAGE, or OTP_OTHER if there is no such field.
///
/// # Safety
///
/// `name` is NULL or ends with a NUL; `field` leads to room for an `otp_field`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_account_field(
    account: *const AccountHandle,
    name: *const c_char,
    field: *mut Field,
) -> Status {
    guard::status(|| {
        // SAFETY: the caller says that there is room.
        let mut out = unsafe { Out::new(field, Field::NONE, "field") }?;
        let opened = OPEN.get(account)?;
        // SAFETY: the caller says that it ends with a NUL.
        let name = unsafe { handle::needed(name, "the field's name") }?;
        let account = &opened.account;
        out.set(view(account, account.find(name)).ok_or_else(|| account.no_field(name))?);
        Ok(())
    })
}

/// The field at an index, from 0 on: the usual names first, then the others in the order of their bytes.
///
/// What `*field` leads to is valid until the handle is freed; on failure it is all zeros. OTP_USAGE if there is none.
///
/// # Safety
///
/// `field` leads to room for an `otp_field`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_account_field_at(
    account: *const AccountHandle,
    index: usize,
    field: *mut Field,
) -> Status {
    guard::status(|| {
        // SAFETY: the caller says that there is room.
        let mut out = unsafe { Out::new(field, Field::NONE, "field") }?;
        let opened = OPEN.get(account)?;
        let count = opened.account.field_count();
        let none = || Error::Usage(format!("there is no field {index}; the account has {count}"));
        out.set(view(&opened.account, Some(index)).ok_or_else(none)?);
        Ok(())
    })
}

fn view(account: &OpenAccount, index: Option<usize>) -> Option<Field> {
    let (name, value) = account.field_at(index?)?;
    Some(Field { name: name.as_ptr().cast(), value: value.as_ptr().cast(), value_len: value.len() })
}

/// Wipes the account's fields and frees the handle. With NULL, or a handle that is not open, it does nothing.
#[unsafe(no_mangle)]
pub extern "C" fn otp_account_free(account: *mut AccountHandle) {
    guard::value((), || {
        OPEN.remove(account);
        Ok(())
    });
}
