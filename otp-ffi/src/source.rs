//! The structures that C fills in: where a key comes from, the terms of a new one, fields.

use std::ffi::{c_char, c_int};
use std::ptr;

use crate::facade;
use crate::fault::Error;
use crate::handle;

/// Where the key and the record come from. Set all of it to zeros and `size` to its size (`OTP_SOURCE_INIT` does), then
/// set what you want to say.
///
/// The key comes from `key`, `key_file` or `has_key_fd`, of which at most one may be given. With none of them it is
/// looked for as the program `otp` does: the file that `OTP_KEY_FILE` names, `OTP_KEY`, then the file `otp-key` in
/// systemd's `CREDENTIALS_DIRECTORY`. A key file must be its owner's alone (mode 0600).
///
/// The record is the key's in the store at `store`, or without that in the one that `OTP_STORE` names, or in the
/// platform's directory for a user's data. With `record` it is that file, and `store` stays NULL.
///
/// The library only reads what the members lead to, and only during the call.
#[repr(C)]
pub struct Source {
    /// `sizeof(otp_source)`.
    pub size: usize,
    /// The key's text, which need not end with a NUL; or NULL.
    pub key: *const c_char,
    /// The length of the key's text in bytes.
    pub key_len: usize,
    /// A file that has the key, or "-" for standard input; or NULL.
    pub key_file: *const c_char,
    /// The account that the key must be for; or NULL for whichever it is for.
    pub account: *const c_char,
    /// The store's directory; or NULL.
    pub store: *const c_char,
    /// A record's file, instead of a store; or NULL.
    pub record: *const c_char,
    /// Not 0: read the key from the file descriptor `key_fd`.
    pub has_key_fd: c_int,
    /// The file descriptor. It is read to its end and stays yours; it is closed if the process becomes another one.
    pub key_fd: c_int,
}

impl Source {
    /// What the caller says; nothing at all if the pointer is NULL.
    ///
    /// # Safety
    ///
    /// As [`handle::sized`], and each member is NULL or leads to what it says, for `'a`.
    pub(crate) unsafe fn read<'a>(pointer: *const Self) -> Result<facade::Source<'a>, Error> {
        // SAFETY: the caller says so.
        let Some(source) = (unsafe { handle::sized(pointer, "source") })? else {
            return Ok(facade::Source::default());
        };
        // SAFETY: the caller says that each member is NULL or leads to what it says.
        unsafe {
            Ok(facade::Source {
                key: if source.key.is_null() && source.key_len == 0 {
                    None
                } else {
                    Some(handle::slice(source.key.cast::<u8>(), source.key_len, "the key")?)
                },
                key_file: handle::path(source.key_file, "the key file")?,
                key_fd: (source.has_key_fd != 0).then_some(source.key_fd),
                account: handle::text(source.account, "the account's name")?,
                store: handle::path(source.store, "the store's path")?,
                record: handle::path(source.record, "the record's path")?,
            })
        }
    }
}

/// The terms of a new key. Set all of it to zeros and `size` to its size (`OTP_GRANT_INIT` does), then set what you want.
#[repr(C)]
pub struct Grant {
    /// `sizeof(otp_grant)`.
    pub size: usize,
    /// Who will hold the key: up to 64 bytes of UTF-8 without control characters; or NULL.
    pub holder: *const c_char,
    /// From when on the key does not open any more, in seconds after 1970-01-01T00:00:00Z; 0: it always does.
    pub expires: u64,
    /// Bytes of the frame that hides the secret's length: 64, 128, 256 and so on to 32768, or 65535; 0: the smallest
    /// that fits.
    pub capacity: u32,
    /// 0.
    pub reserved: u32,
}

impl Grant {
    /// What the caller says; nothing at all if the pointer is NULL.
    ///
    /// # Safety
    ///
    /// As [`handle::sized`], and `holder` is NULL or leads to text, for `'a`.
    pub(crate) unsafe fn read<'a>(pointer: *const Self) -> Result<facade::GrantSpec<'a>, Error> {
        // SAFETY: the caller says so.
        let Some(grant) = (unsafe { handle::sized(pointer, "grant") })? else {
            return Ok(facade::GrantSpec::default());
        };
        if grant.reserved != 0 {
            return Err(Error::Usage("the grant's reserved member is not 0".into()));
        }
        Ok(facade::GrantSpec {
            // SAFETY: the caller says that it is NULL or leads to text.
            holder: unsafe { handle::text(grant.holder, "the holder") }?,
            expires: Some(grant.expires).filter(|expires| *expires != 0),
            capacity: Some(grant.capacity).filter(|capacity| *capacity != 0),
        })
    }
}

/// A field of an account: its name, and its value, which is any bytes and may have NULs in it.
///
/// One that the library fills in belongs to the account's handle, which keeps it until it is freed; a NUL that does not
/// count stands behind the name, and none behind the value.
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
    pub(crate) const NONE: Self = Self { name: ptr::null(), value: ptr::null(), value_len: 0 };

    /// The fields that the caller gives.
    ///
    /// # Safety
    ///
    /// As [`handle::slice`], and each name and value is NULL or leads to what it says, for `'a`.
    pub(crate) unsafe fn read_all<'a>(pointer: *const Self, count: usize) -> Result<Vec<(&'a str, &'a [u8])>, Error> {
        // SAFETY: the caller says so.
        let fields = unsafe { handle::slice(pointer, count, "the array of fields") }?;
        let read = |field: &Self| {
            // SAFETY: the caller says that name and value are NULL or lead to what they say.
            unsafe {
                let name = handle::needed(field.name, "a field's name")?;
                Ok((name, handle::slice(field.value.cast::<u8>(), field.value_len, "a field's value")?))
            }
        };
        fields.iter().map(read).collect()
    }
}
