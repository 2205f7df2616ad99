//! Keys: new ones, and what is done with single ones.

use std::ffi::{CString, c_char};
use std::ptr;

use otp_core::Holder;

use crate::error::Status;
use crate::facade::{self, NewKey};
use crate::fault::Error;
use crate::guard;
use crate::handle::{self, Out, Table};
use crate::source::{Grant, Source};

/// One or more new keys. A handle: not an address, never given twice.
pub struct KeysHandle;

/// What stands behind a handle.
pub(crate) struct NewKeys(Vec<Shown>);

/// A key with its names as C has them.
struct Shown {
    key: NewKey,
    account: CString,
    id: CString,
    holder: Option<CString>,
    replaces: Option<CString>,
}

pub(crate) static KEYS: Table<NewKeys> = Table::new();

impl NewKeys {
    pub(crate) fn new(keys: Vec<NewKey>) -> Self {
        let text = |text: &str| CString::new(text).unwrap_or_default();
        let shown = |key: NewKey| Shown {
            account: text(key.account().as_str()),
            id: text(&key.id().to_string()),
            holder: key.holder().map(Holder::as_str).map(text),
            replaces: key.replaces().map(|id| text(&id.to_string())),
            key,
        };
        Self(keys.into_iter().map(shown).collect())
    }

    fn at(&self, index: usize) -> Result<&Shown, Error> {
        let count = self.0.len();
        self.0.get(index).ok_or_else(|| Error::Usage(format!("there is no key {index}; there are {count}")))
    }
}

/// A new key. What its members lead to belongs to the handle of the keys, which keeps it until it is freed.
#[repr(C)]
pub struct NewKeyView {
    /// The key's text, which is secret; a NUL that does not count stands at its end.
    pub text: *const c_char,
    /// The length of the text in bytes.
    pub text_len: usize,
    /// The account that it opens.
    pub account: *const c_char,
    /// Its id: 16 characters. It is not secret.
    pub id: *const c_char,
    /// Who holds it; or NULL.
    pub holder: *const c_char,
    /// The id of the key that it takes the place of, after a rotation; or NULL.
    pub replaces: *const c_char,
}

impl NewKeyView {
    const NONE: Self = Self {
        text: ptr::null(),
        text_len: 0,
        account: ptr::null(),
        id: ptr::null(),
        holder: ptr::null(),
        replaces: ptr::null(),
    };
}

/// How many keys there are; 0 if the handle is not open.
#[unsafe(no_mangle)]
pub extern "C" fn otp_keys_count(keys: *const KeysHandle) -> usize {
    guard::value(0, || Ok(KEYS.get(keys)?.0.len()))
}

/// The key at an index, from 0 on. What `*key` leads to is valid until the handle is freed; on failure it is all zeros.
///
/// OTP_USAGE if there is none.
///
/// # Safety
///
/// `key` leads to room for an `otp_key`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_keys_at(keys: *const KeysHandle, index: usize, key: *mut NewKeyView) -> Status {
    guard::status(|| {
        // SAFETY: the caller says that there is room.
        let mut out = unsafe { Out::new(key, NewKeyView::NONE, "key") }?;
        let keys = KEYS.get(keys)?;
        let shown = keys.at(index)?;
        let pointer = |text: &Option<CString>| text.as_ref().map_or(ptr::null(), |text| text.as_ptr());
        out.set(NewKeyView {
            text: shown.key.text_with_nul().as_ptr().cast(),
            text_len: shown.key.text().len(),
            account: shown.account.as_ptr(),
            id: shown.id.as_ptr(),
            holder: pointer(&shown.holder),
            replaces: pointer(&shown.replaces),
        });
        Ok(())
    })
}

/// Writes the key at an index to a new file that only this user can read (mode 0600), with a newline behind it, durably.
///
/// OTP_USAGE, OTP_EXISTS if anything has that name, which stays as it is, or OTP_OTHER; no file is then left behind.
///
/// # Safety
///
/// `path` is NULL or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_keys_write(keys: *const KeysHandle, index: usize, path: *const c_char) -> Status {
    guard::status(|| {
        let keys = KEYS.get(keys)?;
        // SAFETY: the caller says that it ends with a NUL.
        let path = unsafe { handle::path(path, "the key file") }?;
        let path = path.ok_or_else(|| Error::Usage("the key file is NULL".into()))?;
        Ok(otp_store_fs::locate::write_key_file(path, keys.at(index)?.key.text())?)
    })
}

/// Wipes the keys and frees the handle. With NULL, or a handle that is not open, it does nothing.
#[unsafe(no_mangle)]
pub extern "C" fn otp_keys_free(keys: *mut KeysHandle) {
    guard::value((), || {
        KEYS.remove(keys);
        Ok(())
    });
}

/// Seals the secret of a key again for one more caller: gives him a key of his own, which can be revoked without touching
/// the others.
///
/// `source` gives the key to the account; NULL looks for it. `grant` has the terms of the new key; NULL has none. On
/// success `*keys` is a new handle with one key, for `otp_keys_free`; on failure it is NULL.
///
/// As `otp_account_open`, and OTP_RANDOMNESS_FAILED. OTP_OTHER also if somebody is rotating the account.
///
/// # Safety
///
/// `source` and `grant` are NULL or lead to structures whose members lead to what they say; `keys` leads to room for a
/// pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_key_issue(
    source: *const Source,
    grant: *const Grant,
    keys: *mut *mut KeysHandle,
) -> Status {
    guard::status(|| {
        // SAFETY: the caller says what the pointers lead to.
        let mut out = unsafe { Out::new(keys, ptr::null_mut(), "keys") }?;
        // SAFETY: as above.
        let (source, grant) = unsafe { (Source::read(source)?, Grant::read(grant)?) };
        facade::issue(&source, &grant, |key| {
            out.set(KEYS.insert(NewKeys::new(vec![key])));
            Ok(())
        })
    })
}

/// Ends one key: its record is deleted, and a trace of it stays. The account's other keys are not touched.
///
/// `store` is the store's directory; NULL looks for it. `key_id` has 16 characters.
///
/// OTP_USAGE, OTP_NOT_FOUND, OTP_UNSAFE_PERMISSIONS, OTP_STORE_UNAVAILABLE; OTP_OTHER if somebody is rotating the account.
///
/// # Safety
///
/// Each pointer is NULL or leads to text with a NUL at its end.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_key_revoke(store: *const c_char, account: *const c_char, key_id: *const c_char) -> Status {
    guard::status(|| {
        // SAFETY: the caller says that each ends with a NUL.
        let (store, account, key_id) = unsafe {
            (
                handle::path(store, "the store's path")?,
                handle::needed(account, "the account's name")?,
                handle::needed(key_id, "the key id")?,
            )
        };
        facade::revoke(account, key_id, store)
    })
}

/// Checks that a key opens its record, without opening it: both are whole, and fit together. Expiry does not matter.
///
/// As `otp_account_open`, but never OTP_EXPIRED.
///
/// # Safety
///
/// `source` is NULL or leads to an `otp_source` whose members lead to what they say.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_key_verify(source: *const Source) -> Status {
    // SAFETY: the caller says what it leads to.
    guard::status(|| unsafe { Source::read(source) }?.verify().map(drop))
}
