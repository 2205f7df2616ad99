//! The functions for C, called as C would call them: the only place here that uses pointers.
//!
//! What a call may read is exactly as long as it is told, so a sanitizer detects a byte too many; what it may write to
//! lies between guards. After each call, the thread's last error is checked.
#![allow(unsafe_code, reason = "it calls what C calls")]

mod no_room;
mod stores;
mod structures;

use std::ffi::{CStr, c_char, c_int};
use std::panic;
use std::ptr;
use std::sync::Once;
use std::sync::atomic::{AtomicBool, Ordering};

use otp_core::Code;
use otp_ffi::account::{self as accounts, AccountHandle};
use otp_ffi::code::{Status, otp_code_name, otp_code_summary};
use otp_ffi::error::{otp_error_code, otp_error_hint, otp_error_message};
use otp_ffi::key;
use otp_ffi::keys::{self, KeysHandle, NewKeyView};
use otp_ffi::record::{otp_open, otp_seal, otp_wipe};
use otp_ffi::source::Field;

use super::given::{Bytes, Granted, Room, Sourced, Text, with_nul};

pub(super) use no_room::no_room;
pub(super) use stores::*;

/// Success, or the code of a failed call.
pub(super) type Answer = Result<(), Code>;

/// A new key, as C sees it.
#[derive(Debug, PartialEq)]
pub(super) struct KeyView {
    pub(super) text: String,
    pub(super) account: String,
    pub(super) id: String,
    pub(super) holder: Option<String>,
    pub(super) replaces: Option<String>,
}

/// Set by any panic, since calls let none out.
static PANICKED: AtomicBool = AtomicBool::new(false);

/// Records panics from now on.
pub(super) fn watch_for_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let before = panic::take_hook();
        panic::set_hook(Box::new(move |panic| {
            PANICKED.store(true, Ordering::Relaxed);
            before(panic);
        }));
    });
}

/// The thread's last error: its code, message and hint.
fn last_error() -> (c_int, String, String) {
    // SAFETY: each is a text with a NUL at its end, valid until the next call that fails.
    let texts = unsafe { [otp_error_message(), otp_error_hint()].map(|text| CStr::from_ptr(text)) };
    let [message, hint] = texts.map(|text| text.to_str().unwrap().to_owned());
    (otp_error_code(), message, hint)
}

/// The thread's last message and hint.
pub(super) fn last_words() -> String {
    let (_, message, hint) = last_error();
    format!("{message}\n{hint}")
}

/// Makes a call. If it fails, its error becomes the thread's last one; otherwise that stays the same.
fn watched(call: impl FnOnce() -> Status) -> Answer {
    let before = last_error();
    let status = call();
    let after = last_error();
    if status == Status::OtpOk {
        assert_eq!(before, after);
        return Ok(());
    }
    assert_eq!(after.0, status as c_int);
    assert!(!after.1.is_empty() && !PANICKED.load(Ordering::Relaxed), "{after:?}");
    let code = *Code::ALL.iter().find(|code| c_int::from(code.number()) == after.0).unwrap();
    // SAFETY: both texts are static and end with a NUL.
    let texts = unsafe { [otp_code_name(after.0), otp_code_summary(after.0)].map(|words| text(words).unwrap()) };
    assert_eq!(texts, [code.name(), code.summary()]);
    Err(code)
}

/// A text that the library returned.
///
/// # Safety
///
/// The pointer is NULL, or leads to text with a NUL at its end.
unsafe fn text(pointer: *const c_char) -> Option<String> {
    // SAFETY: the caller says so.
    (!pointer.is_null()).then(|| unsafe { CStr::from_ptr(pointer) }.to_str().unwrap().to_owned())
}

/// Bytes that the library returned.
///
/// # Safety
///
/// The pointer leads to at least that many.
unsafe fn bytes(pointer: *const c_char, len: usize) -> Vec<u8> {
    assert!(!pointer.is_null());
    // SAFETY: the caller says so.
    unsafe { std::slice::from_raw_parts(pointer.cast::<u8>(), len) }.to_vec()
}

fn account(handle: usize) -> *mut AccountHandle {
    ptr::without_provenance_mut(handle)
}

fn keys_of(handle: usize) -> *mut KeysHandle {
    ptr::without_provenance_mut(handle)
}

/// Calls with a place for a handle, which holds something else before, and is NULL after a failure.
fn handle<H>(call: impl FnOnce(*mut *mut H) -> Status) -> Result<usize, Code> {
    let mut handle: *mut H = ptr::without_provenance_mut(0xdead);
    let answer = watched(|| call(&raw mut handle));
    assert_eq!(answer.is_ok(), !handle.is_null());
    answer.map(|()| handle.addr())
}

/// Returns the lengths of record and key that the call reports.
pub(super) fn seal(
    name: &Text,
    secret: &Bytes,
    grant: &Granted,
    record: &mut Room,
    key: &mut Room,
) -> (Answer, usize, usize) {
    let (mut record_len, mut key_len) = (record.len(), key.len());
    let name = with_nul(name);
    let answer = grant.with(|grant| {
        let (secret, secret_len) = secret.pointer();
        let name = name.as_ref().map_or(ptr::null(), |name| name.as_ptr().cast());
        // SAFETY: each leads to what it says, or can't, and is then refused before anything is read.
        watched(|| unsafe {
            otp_seal(
                name,
                secret.cast(),
                secret_len,
                grant,
                record.pointer().cast(),
                &raw mut record_len,
                key.pointer().cast(),
                &raw mut key_len,
            )
        })
    });
    (answer, record_len, key_len)
}

/// Returns the length of the secret that the call reports.
pub(super) fn open(key: &Bytes, record: &Bytes, secret: &mut Room) -> (Answer, usize) {
    let mut secret_len = secret.len();
    let ((key, key_len), (record, record_len)) = (key.pointer(), record.pointer());
    // SAFETY: as above.
    let answer = watched(|| unsafe {
        otp_open(key.cast(), key_len, record.cast(), record_len, secret.pointer().cast(), &raw mut secret_len)
    });
    (answer, secret_len)
}

pub(super) fn wipe(memory: &mut Room) {
    // SAFETY: it is NULL, or has that many bytes.
    unsafe { otp_wipe(memory.pointer().cast(), memory.len()) };
}

pub(super) fn account_open(source: &Sourced) -> Result<usize, Code> {
    // SAFETY: all members lead to what they say, or can't.
    source.with(|source| handle(|out| unsafe { accounts::otp_account_open(source, out) }))
}

pub(super) fn account_name(handle: usize) -> Option<String> {
    // SAFETY: it is NULL, or a text that is valid as long as the handle.
    unsafe { text(accounts::otp_account_name(account(handle))) }
}

pub(super) fn account_key_id(handle: usize) -> Option<String> {
    // SAFETY: as above.
    unsafe { text(accounts::otp_account_key_id(account(handle))) }
}

pub(super) fn account_count(handle: usize) -> usize {
    accounts::otp_account_count(account(handle))
}

type FieldValue = Result<(String, Vec<u8>), Code>;

pub(super) fn account_field(handle: usize, name: &Text) -> FieldValue {
    let name = with_nul(name);
    let name = name.as_ref().map_or(ptr::null(), |name| name.as_ptr().cast());
    // SAFETY: the name is NULL or ends with a NUL, and there is room.
    field(|out| unsafe { accounts::otp_account_field(account(handle), name, out) })
}

pub(super) fn account_field_at(handle: usize, index: usize) -> FieldValue {
    // SAFETY: there is room.
    field(|out| unsafe { accounts::otp_account_field_at(account(handle), index, out) })
}

fn field(call: impl FnOnce(*mut Field) -> Status) -> FieldValue {
    let mut field = Field { name: c"x".as_ptr(), value: c"x".as_ptr(), value_len: 9 };
    match watched(|| call(&raw mut field)) {
        // SAFETY: what a call that succeeds gives is valid as long as the handle.
        Ok(()) => Ok(unsafe { (text(field.name).unwrap(), bytes(field.value, field.value_len)) }),
        Err(code) => {
            assert!(field.name.is_null() && field.value.is_null() && field.value_len == 0);
            Err(code)
        }
    }
}

/// Returns the length that the call reports.
pub(super) fn account_format(handle: usize, template: &Text, room: &mut Room) -> (Answer, usize) {
    let template = with_nul(template);
    let template = template.as_ref().map_or(ptr::null(), |text| text.as_ptr().cast());
    let mut len = room.len();
    // SAFETY: the template is NULL or ends with a NUL; the room is NULL or has its length.
    let answer = watched(|| unsafe {
        accounts::otp_account_format(account(handle), template, room.pointer().cast(), &raw mut len)
    });
    (answer, len)
}

pub(super) fn account_free(handle: usize) {
    accounts::otp_account_free(account(handle));
}

pub(super) fn keys_count(handle: usize) -> usize {
    keys::otp_keys_count(keys_of(handle))
}

pub(super) fn keys_at(handle: usize, index: usize) -> Result<KeyView, Code> {
    let x = c"x".as_ptr();
    let mut view = NewKeyView { text: x, text_len: 1, account: x, id: x, holder: x, replaces: x };
    // SAFETY: there is room.
    let answer = watched(|| unsafe { keys::otp_keys_at(keys_of(handle), index, &raw mut view) });
    let pointers = [view.text, view.account, view.id, view.holder, view.replaces];
    if let Err(code) = answer {
        assert!(pointers.iter().all(|pointer| pointer.is_null()) && view.text_len == 0);
        return Err(code);
    }
    // SAFETY: what a call that succeeds gives is valid as long as the handle.
    let [text, account, id, holder, replaces] = pointers.map(|pointer| unsafe { text(pointer) });
    let text = text.unwrap();
    assert_eq!(text.len(), view.text_len);
    Ok(KeyView { text, account: account.unwrap(), id: id.unwrap(), holder, replaces })
}

pub(super) fn all_keys(handle: usize) -> Vec<KeyView> {
    (0..keys_count(handle)).map(|index| keys_at(handle, index).unwrap()).collect()
}

pub(super) fn keys_write(handle: usize, index: usize, path: &Text) -> Answer {
    let path = with_nul(path);
    let path = path.as_ref().map_or(ptr::null(), |path| path.as_ptr().cast());
    // SAFETY: it is NULL or ends with a NUL.
    watched(|| unsafe { keys::otp_keys_write(keys_of(handle), index, path) })
}

pub(super) fn keys_free(handle: usize) {
    keys::otp_keys_free(keys_of(handle));
}

pub(super) fn key_issue(source: &Sourced, grant: &Granted) -> Result<usize, Code> {
    // SAFETY: all members lead to what they say, or can't.
    source
        .with(|source| grant.with(|grant| handle(|out| unsafe { key::otp_key_issue(source, ptr::null(), grant, out) })))
}

pub(super) fn key_verify(source: &Sourced) -> Answer {
    // SAFETY: all members lead to what they say, or can't.
    source.with(|source| watched(|| unsafe { key::otp_key_verify(source) }))
}

pub(super) fn key_revoke(store: &Text, account: &Text, id: &Text) -> Answer {
    texts([store, account, id], |[store, account, id]| {
        // SAFETY: each is NULL or ends with a NUL.
        watched(|| unsafe { key::otp_key_revoke(store, ptr::null(), account, id) })
    })
}

fn texts<T, const N: usize>(given: [&Text; N], call: impl FnOnce([*const c_char; N]) -> T) -> T {
    let held = given.map(with_nul);
    call(held.each_ref().map(|text| text.as_ref().map_or(ptr::null(), |text| text.as_ptr().cast())))
}
