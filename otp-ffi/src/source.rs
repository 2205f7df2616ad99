//! The structures that C fills in: where a key comes from, the terms of a new one, fields.

use std::ffi::{c_char, c_int};
use std::ptr;

use otp_link::{KeyFileMode, KeyTerms};

use crate::failure::{Error, Result};
use crate::pointer::{self, Structure};

/// Where the key and the record come from. Initialize it with `OTP_SOURCE_INIT`, then set the members that you need.
///
/// The key comes from one of `key`, `key_file`, `key_credential` and `has_key_fd`. If none is set, it is found as the
/// program `otp` finds it: in the file that `OTP_KEY_FILE` names, in `OTP_KEY`, then in the file `otp-key` in systemd's
/// `CREDENTIALS_DIRECTORY`. A key file must be private; `docs/key-files.md` has the rules.
///
/// The record is the key's record in the store at `store`; if that is NULL, in the store that `OTP_STORE` names, or in
/// the user's own. If `record` is set, it is that file instead, and `store` must be NULL.
#[repr(C)]
pub struct Source {
    /// `sizeof(otp_source)`.
    pub size: usize,
    /// The key's text, which need not end with a NUL; or NULL.
    pub key: *const c_char,
    /// The length of the key's text in bytes.
    pub key_len: usize,
    /// A file that holds the key, or "-" for standard input; or NULL.
    pub key_file: *const c_char,
    /// The account that the key must be for; or NULL for any.
    pub account: *const c_char,
    /// The store's directory or URL; or NULL.
    pub store: *const c_char,
    /// A record's file, instead of a store; or NULL.
    pub record: *const c_char,
    /// A credential of this user in Windows' Credential Manager; or NULL.
    pub key_credential: *const c_char,
    /// Not 0: read the key from the file descriptor `key_fd`.
    pub has_key_fd: c_int,
    /// The file descriptor. It is read to its end and stays open; programs that are executed later don't inherit it.
    pub key_fd: c_int,
    /// Not 0: accept a key file whatever its mode, owner and directory are.
    pub any_key_file_mode: c_int,
    /// 0.
    pub reserved: c_int,
}

// SAFETY: it begins with `size`; the other members are numbers and pointers.
unsafe impl Structure for Source {}

impl Source {
    /// What the caller says; nothing at all for NULL.
    ///
    /// # Safety
    ///
    /// As [`pointer::structure`], and each member is NULL or points to what its comment says, for `'a`.
    pub(crate) unsafe fn read<'a>(pointer: *const Self) -> Result<otp_link::Source<'a>> {
        let mut read = otp_link::Source::default();
        // SAFETY: the caller promises the same.
        let Some(source) = (unsafe { pointer::structure(pointer, "source") })? else {
            return Ok(read);
        };
        if source.reserved != 0 {
            return Err(Error::Reserved { what: "source->reserved" });
        }
        if !source.key.is_null() || source.key_len > 0 {
            // SAFETY: the caller promises that it is NULL or points to so many bytes.
            read.key.text = Some(unsafe { pointer::slice(source.key.cast(), source.key_len, "source->key") }?);
        }
        // SAFETY: the caller promises that each is NULL or a text that ends with a NUL.
        unsafe {
            read.key.file = pointer::optional_path(source.key_file, "source->key_file")?;
            read.key.credential = pointer::optional_text(source.key_credential, "source->key_credential")?;
            read.account = pointer::optional_text(source.account, "source->account")?;
            read.store = pointer::optional_path(source.store, "source->store")?;
            read.record = pointer::optional_path(source.record, "source->record")?;
        }
        read.key.fd = (source.has_key_fd != 0).then_some(source.key_fd);
        if source.any_key_file_mode != 0 {
            read.key.mode = KeyFileMode::Any;
        }
        read.key.check_single()?;
        Ok(read)
    }

    /// As [`Source::read`], for a function that changes the store: a record file is refused.
    ///
    /// # Safety
    ///
    /// As [`Source::read`].
    pub(crate) unsafe fn read_for_store<'a>(pointer: *const Self) -> Result<otp_link::Source<'a>> {
        // SAFETY: the caller promises the same.
        let source = unsafe { Self::read(pointer) }?;
        if source.record.is_some() { Err(Error::RecordGiven) } else { Ok(source) }
    }
}

/// The terms of a new key. Initialize it with `OTP_GRANT_INIT`, then set the members that you need.
#[repr(C)]
pub struct Grant {
    /// `sizeof(otp_grant)`.
    pub size: usize,
    /// Who will hold the key: 1 to 64 bytes of UTF-8 without control characters; or NULL.
    pub holder: *const c_char,
    /// When the key stops opening, in seconds after 1970-01-01T00:00:00Z; 0: never.
    pub expires: u64,
    /// The size in bytes of the frame that hides the secret's length: 64, 128, 256 and so on to 32768, or 65535; 0: the
    /// smallest that fits.
    pub capacity: u32,
    /// Whether the password may be empty: 0 or 1.
    pub allow_empty_password: c_int,
    /// For how many secrets the key keeps its text, if they are rotated with a ring: 1 to 255; 0: 1, or as many as the
    /// key that it replaces.
    pub pages: u32,
    /// 0.
    pub reserved: c_int,
}

// SAFETY: it begins with `size`; the other members are numbers and a pointer.
unsafe impl Structure for Grant {}

impl Grant {
    /// What the caller says; nothing at all for NULL.
    ///
    /// # Safety
    ///
    /// As [`pointer::structure`], and `holder` is NULL or points to text that ends with a NUL, for `'a`.
    pub(crate) unsafe fn read<'a>(pointer: *const Self) -> Result<KeyTerms<'a>> {
        let mut terms = KeyTerms::default();
        // SAFETY: the caller promises the same.
        let Some(grant) = (unsafe { pointer::structure(pointer, "grant") })? else {
            return Ok(terms);
        };
        if grant.reserved != 0 {
            return Err(Error::Reserved { what: "grant->reserved" });
        }
        // SAFETY: the caller promises that it is NULL or a text that ends with a NUL.
        terms.holder = unsafe { pointer::optional_text(grant.holder, "grant->holder") }?;
        terms.expires = Some(grant.expires).filter(|expires| *expires != 0);
        terms.allow_empty_password = grant.allow_empty_password != 0;
        terms.capacity = Some(grant.capacity).filter(|capacity| *capacity != 0);
        terms.pages = Some(grant.pages).filter(|pages| *pages != 0).map(otp_link::pages).transpose()?;
        Ok(terms)
    }
}

/// A field of an account: its name, and its value, which is any bytes and may have NULs in it.
///
/// In a field that the library fills in, the members point to memory of the account's handle. The name ends with a NUL;
/// the value does not.
#[repr(C)]
pub struct Field {
    /// The name, in UTF-8 and with a NUL at its end: "username", "password", or any other.
    pub name: *const c_char,
    /// The value.
    pub value: *const c_char,
    /// The length of the value in bytes.
    pub value_len: usize,
}

impl Field {
    /// All zeros, for a caller who gets no field.
    pub(crate) const EMPTY: Self = Self { name: ptr::null(), value: ptr::null(), value_len: 0 };

    /// The fields that the caller gives.
    ///
    /// # Safety
    ///
    /// As [`pointer::slice`], and each name and value is NULL or points to what its comment says, for `'a`.
    pub(crate) unsafe fn read_all<'a>(pointer: *const Self, count: usize) -> Result<Vec<(&'a str, &'a [u8])>> {
        // SAFETY: the caller promises the same.
        let fields = unsafe { pointer::slice(pointer, count, "fields") }?;
        let read = |field: &Self| {
            // SAFETY: the caller promises that name and value are NULL or point to what their comments say.
            unsafe {
                let name = pointer::text(field.name, "a field's name")?;
                Ok((name, pointer::slice(field.value.cast(), field.value_len, "a field's value")?))
            }
        };
        fields.iter().map(read).collect()
    }
}
