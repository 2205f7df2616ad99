//! New keys.

use std::ffi::{CString, c_char};
use std::ptr;

use otp_link::NewKey;

use crate::code::Status;
use crate::failure::{Error, Result};
use crate::guard;
use crate::handle::Table;
use crate::pointer::{self, Out, c_text};

/// One or more new keys. A handle: a number, not an address.
pub struct KeysHandle;

/// A key with its names as C strings.
struct Named {
    key: NewKey,
    account: CString,
    id: CString,
    holder: Option<CString>,
    replaces: Option<CString>,
}

/// What a handle stands for.
pub(crate) struct NewKeys(Vec<Named>);

pub(crate) static KEYS: Table<NewKeys> = Table::new("keys");

impl Named {
    fn new(key: NewKey) -> Self {
        Self {
            account: c_text(key.account()),
            id: c_text(&key.id()),
            holder: key.holder().map(c_text),
            replaces: key.replaces().as_ref().map(c_text),
            key,
        }
    }
}

impl NewKeys {
    fn at(&self, index: usize) -> Result<&Named> {
        self.0.get(index).ok_or(Error::NoKeyAt { index, count: self.0.len() })
    }
}

/// Keeps new keys, and gives the handle that stands for them.
pub(crate) fn keep(keys: impl IntoIterator<Item = NewKey>) -> *mut KeysHandle {
    KEYS.insert(NewKeys(keys.into_iter().map(Named::new).collect()))
}

/// A new key. The members point to memory of the handle, and are valid until it is freed.
#[repr(C)]
pub struct NewKeyView {
    /// The key's text, which is secret, and ends with a NUL.
    pub text: *const c_char,
    /// The length of the text in bytes, without the NUL.
    pub text_len: usize,
    /// The account that it opens.
    pub account: *const c_char,
    /// Its id: 16 characters, which are public.
    pub id: *const c_char,
    /// Who holds it; or NULL.
    pub holder: *const c_char,
    /// The id of the key that it replaces, after a rotation; or NULL.
    pub replaces: *const c_char,
}

impl NewKeyView {
    const EMPTY: Self = Self {
        text: ptr::null(),
        text_len: 0,
        account: ptr::null(),
        id: ptr::null(),
        holder: ptr::null(),
        replaces: ptr::null(),
    };
}

/// Returns how many keys there are, or 0 if the handle is not open.
#[unsafe(no_mangle)]
pub extern "C" fn otp_keys_count(keys: *const KeysHandle) -> usize {
    guard::value(0, || Ok(KEYS.get(keys)?.0.len()))
}

/// Gives the key at an index from 0 up. What `*key` points to is valid until the handle is freed; on failure `*key` is
/// all zeros.
///
/// Errors: OTP_USAGE, also if there is no such key.
///
/// # Safety
///
/// `key` points to a writable `otp_key`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_keys_at(keys: *const KeysHandle, index: usize, key: *mut NewKeyView) -> Status {
    guard::status(|| {
        // SAFETY: the caller promises a place for a key.
        let mut out = unsafe { Out::new(key, NewKeyView::EMPTY, "key") }?;
        let keys = KEYS.get(keys)?;
        let named = keys.at(index)?;
        let pointer = |text: &Option<CString>| text.as_ref().map_or(ptr::null(), |text| text.as_ptr());
        out.set(NewKeyView {
            text: named.key.bytes_with_nul().as_ptr().cast(),
            text_len: named.key.bytes().len(),
            account: named.account.as_ptr(),
            id: named.id.as_ptr(),
            holder: pointer(&named.holder),
            replaces: pointer(&named.replaces),
        });
        Ok(())
    })
}

/// Writes the key at an index to a new file that only this user can read (mode 0600), followed by a newline, durably.
///
/// Errors: OTP_USAGE, OTP_EXISTS if anything has that name, which stays as it is, or OTP_OTHER. No file is left behind
/// then.
///
/// # Safety
///
/// `path` is NULL or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_keys_write(keys: *const KeysHandle, index: usize, path: *const c_char) -> Status {
    guard::status(|| {
        let keys = KEYS.get(keys)?;
        // SAFETY: the caller promises that it is NULL or ends with a NUL.
        let path = unsafe { pointer::path(path, "path") }?;
        Ok(otp_link::write_key_file(path, keys.at(index)?.key.bytes())?)
    })
}

/// Writes the key at an index to a new credential of this user in Windows' Credential Manager.
///
/// Errors: OTP_USAGE, also on other systems and for a key that is longer than 2560 bytes, OTP_EXISTS if there is a
/// credential of that name, which stays as it is, or OTP_OTHER.
///
/// # Safety
///
/// `target` is NULL or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_keys_write_credential(
    keys: *const KeysHandle,
    index: usize,
    target: *const c_char,
) -> Status {
    guard::status(|| {
        let keys = KEYS.get(keys)?;
        // SAFETY: the caller promises that it is NULL or ends with a NUL.
        let target = unsafe { pointer::text(target, "target") }?;
        let key = &keys.at(index)?.key;
        let holder = key.holder().map_or(key.account().as_str(), |holder| holder.as_str());
        Ok(otp_link::write_key_credential(target, holder, key.text())?)
    })
}

/// Wipes the keys and frees the handle. NULL, or a handle that is not open, is ignored.
#[unsafe(no_mangle)]
pub extern "C" fn otp_keys_free(keys: *mut KeysHandle) {
    guard::value((), || {
        KEYS.remove(keys);
        Ok(())
    });
}

/// Forgets keys that nobody took.
pub(crate) fn forget(keys: *mut KeysHandle) {
    KEYS.remove(keys);
}
