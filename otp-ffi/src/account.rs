//! An open account and its fields.

use std::ffi::{CString, c_char};
use std::ptr;

use otp_link::Template;
use zeroize::Zeroizing;

use crate::code::Status;
use crate::failure::{Error, Result};
use crate::guard;
use crate::handle::Table;
use crate::pointer::{self, Out, c_text};
use crate::source::{Field, Source};

/// An open account. A handle: a number, not an address.
pub struct AccountHandle;

/// What a handle stands for: the account, with its names as C strings.
pub(crate) struct Opened {
    account: otp_link::Account,
    name: CString,
    key_id: CString,
    field_names: Vec<Zeroizing<CString>>,
}

pub(crate) static ACCOUNTS: Table<Opened> = Table::new("account");

impl Opened {
    fn new(account: otp_link::Account) -> Self {
        // A field's name has no NUL, and belongs to the secret.
        let wiped = |name: &str| Zeroizing::new(CString::new(name).unwrap_or_default());
        Self {
            name: c_text(account.name()),
            key_id: c_text(&account.key_id()),
            field_names: account.fields().iter().map(|field| wiped(field.name)).collect(),
            account,
        }
    }

    fn position(&self, name: &str) -> Option<usize> {
        self.field_names.iter().position(|known| known.to_bytes() == name.as_bytes())
    }

    fn view(&self, index: usize) -> Result<Field> {
        let field = self.field_names.get(index).zip(self.account.fields().iter().nth(index));
        let (name, field) = field.ok_or(Error::NoFieldAt { index, count: self.field_names.len() })?;
        Ok(Field { name: name.as_ptr(), value: field.value.as_ptr().cast(), value_len: field.value.len() })
    }
}

/// Opens an account: reads the key, finds its record, and opens it.
///
/// `source` says where both come from; NULL means that both are found as the program `otp` finds them. On success
/// `*account` is a new handle, to be freed with `otp_account_free`; on failure it is NULL. The values of the fields are
/// in memory that is kept out of swap and core dumps where the system allows it.
///
/// Errors: OTP_USAGE, OTP_NOT_FOUND, OTP_MALFORMED_KEY, OTP_WRONG_KEY, OTP_EXPIRED, OTP_DAMAGED, OTP_NEWER_VERSION,
/// OTP_UNSAFE_PERMISSIONS, OTP_STORE_UNAVAILABLE, OTP_AUDIT_FAILED, or OTP_OTHER if the key can't be read.
///
/// # Safety
///
/// `source` is NULL or points to an `otp_source` whose members are valid; `account` points to a writable pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_account_open(source: *const Source, account: *mut *mut AccountHandle) -> Status {
    guard::status(|| {
        // SAFETY: the caller promises a place for a pointer.
        let mut out = unsafe { Out::new(account, ptr::null_mut(), "account") }?;
        // SAFETY: the caller promises that the members are valid.
        let source = unsafe { Source::read(source) }?;
        out.set(ACCOUNTS.insert(Opened::new(otp_link::open_account(&source)?)));
        Ok(())
    })
}

/// Returns the account's name, or NULL if the handle is not open. It is valid until the handle is freed.
#[unsafe(no_mangle)]
pub extern "C" fn otp_account_name(account: *const AccountHandle) -> *const c_char {
    guard::value(ptr::null(), || Ok(ACCOUNTS.get(account)?.name.as_ptr()))
}

/// Returns the id of the key that opened the account, or NULL if the handle is not open. It has 16 characters, is
/// public, and is valid until the handle is freed.
#[unsafe(no_mangle)]
pub extern "C" fn otp_account_key_id(account: *const AccountHandle) -> *const c_char {
    guard::value(ptr::null(), || Ok(ACCOUNTS.get(account)?.key_id.as_ptr()))
}

/// Returns how many fields the account has, or 0 if the handle is not open.
#[unsafe(no_mangle)]
pub extern "C" fn otp_account_count(account: *const AccountHandle) -> usize {
    guard::value(0, || Ok(ACCOUNTS.get(account)?.field_names.len()))
}

/// Finds a field by its name. What `*field` points to is valid until the handle is freed; on failure `*field` is all
/// zeros.
///
/// Errors: OTP_USAGE, or OTP_OTHER if there is no such field.
///
/// # Safety
///
/// `name` is NULL or ends with a NUL; `field` points to a writable `otp_field`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_account_field(
    account: *const AccountHandle,
    name: *const c_char,
    field: *mut Field,
) -> Status {
    guard::status(|| {
        // SAFETY: the caller promises a place for a field.
        let mut out = unsafe { Out::new(field, Field::EMPTY, "field") }?;
        let opened = ACCOUNTS.get(account)?;
        // SAFETY: the caller promises that it is NULL or ends with a NUL.
        let name = unsafe { pointer::text(name, "name") }?;
        let index = opened.position(name).ok_or_else(|| otp_link::Error::NoField { field: name.to_owned() })?;
        out.set(opened.view(index)?);
        Ok(())
    })
}

/// Gives the field at an index from 0 up: well-known names first, then the others in the order of their bytes.
///
/// What `*field` points to is valid until the handle is freed; on failure `*field` is all zeros.
///
/// Errors: OTP_USAGE, also if there is no such field.
///
/// # Safety
///
/// `field` points to a writable `otp_field`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_account_field_at(
    account: *const AccountHandle,
    index: usize,
    field: *mut Field,
) -> Status {
    guard::status(|| {
        // SAFETY: the caller promises a place for a field.
        let mut out = unsafe { Out::new(field, Field::EMPTY, "field") }?;
        out.set(ACCOUNTS.get(account)?.view(index)?);
        Ok(())
    })
}

/// Writes a template with the account's fields in it, for a client that reads them in a form of its own.
///
/// `{NAME}` stands for a field as it is and `{NAME|ENCODER}` for one that is encoded; `{{` and `}}` stand for a brace. The
/// encoders are raw, url, conninfo, pgpass, mycnf, odbc, adonet, netrc, json, sh, fish, powershell and base64:
/// `postgresql://{username|url}:{password|url}@{host}/`.
///
/// `text` is your buffer. `*text_len` says how long it is, and gets how many bytes were written, not counting the final
/// NUL. If the buffer is too small, `*text_len` gets the length that it must have, and the result is OTP_USAGE. On any
/// failure nothing is written to the buffer. Wipe it when you are done.
///
/// Errors: OTP_USAGE, also for a bad template; OTP_OTHER if there is no such field or its encoder can't carry its value.
///
/// # Safety
///
/// `template_text` is NULL or ends with a NUL; `text_len` points to a number; `text` is NULL or points to as many bytes, which
/// overlap nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_account_format(
    account: *const AccountHandle,
    template_text: *const c_char,
    text: *mut c_char,
    text_len: *mut usize,
) -> Status {
    guard::status(|| {
        // SAFETY: the caller promises that it is NULL or points to a number.
        let (size, mut written) = unsafe { Out::in_out(text_len, "text_len") }?;
        let opened = ACCOUNTS.get(account)?;
        // SAFETY: the caller promises that it is NULL or ends with a NUL.
        let template = Template::parse(unsafe { pointer::text(template_text, "template_text") }?)?;
        let value = template.render(&opened.account.fields())?;
        let value = value.as_ref();
        // SAFETY: the caller promises that it is NULL or has its length, and overlaps nothing.
        let buffer = unsafe { pointer::buffer(text.cast(), size, "text") }?;
        let needed = value.len() + 1;
        written.set(needed);
        let too_small = Error::TooSmall { what: "text", size, needed };
        let (end, start) = buffer.get_mut(..needed).and_then(<[u8]>::split_last_mut).ok_or(too_small)?;
        start.copy_from_slice(value);
        *end = 0;
        written.set(value.len());
        Ok(())
    })
}

/// Wipes the account's fields and frees the handle. NULL, or a handle that is not open, is ignored.
#[unsafe(no_mangle)]
pub extern "C" fn otp_account_free(account: *mut AccountHandle) {
    guard::value((), || {
        ACCOUNTS.remove(account);
        Ok(())
    });
}
