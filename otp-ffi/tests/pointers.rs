//! Buffers, NULL and handles, as C passes them. `cargo xtask miri` runs this too, so it does no more with the system
//! than Miri knows: it reads one file and the clock.

use std::ffi::{CStr, CString, c_char, c_void};
use std::ptr;

use otp_core::Account;
use otp_ffi::account::{
    AccountHandle, otp_account_count, otp_account_field, otp_account_field_at, otp_account_free, otp_account_key_id,
    otp_account_name, otp_account_open,
};
use otp_ffi::code::Status;
use otp_ffi::error::{otp_error_hint, otp_error_message};
use otp_ffi::record::{otp_open, otp_seal, otp_wipe};
use otp_ffi::source::{Field, Source};

const GUARD: u8 = 0xaa;
const NAME: &CStr = c"edms/reporting";

/// A buffer with bytes after its end that nobody may touch.
struct Guarded {
    bytes: Vec<u8>,
    len: usize,
}

impl Guarded {
    fn new(len: usize) -> Self {
        Self { bytes: vec![GUARD; len + 16], len }
    }

    fn pointer<T>(&mut self) -> *mut T {
        self.bytes.as_mut_ptr().cast()
    }

    fn written(&self) -> &[u8] {
        assert_eq!(self.bytes[self.len..], [GUARD; 16], "something was written after the end");
        &self.bytes[..self.len]
    }
}

/// The record and the key's text of a payload.
fn seal(payload: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let (mut record_len, mut key_len) = (0, 0);
    let mut call = |record: *mut c_void, key: *mut c_char| {
        // SAFETY: the name ends with a NUL, and the payload has its length. The buffers are NULL, which asks for their
        // lengths, or have the lengths that were given then, and don't overlap.
        let status = unsafe {
            otp_seal(
                NAME.as_ptr(),
                payload.as_ptr().cast(),
                payload.len(),
                ptr::null(),
                record,
                &raw mut record_len,
                key,
                &raw mut key_len,
            )
        };
        assert_eq!(status, Status::OtpOk);
        (record_len, key_len)
    };
    let (record_len, key_len) = call(ptr::null_mut(), ptr::null_mut());
    let (mut record, mut key) = (Guarded::new(record_len), Guarded::new(key_len));
    let (record_len, key_len) = call(record.pointer(), key.pointer());
    assert_eq!(key.written()[key_len], 0);
    (record.written()[..record_len].to_vec(), key.written()[..key_len].to_vec())
}

/// Opens into a buffer of `room` bytes. Gives the status, the length that was written, and the buffer.
fn open(key: &[u8], record: &[u8], room: usize) -> (Status, usize, Guarded) {
    let (mut secret, mut len) = (Guarded::new(room), room);
    // SAFETY: the buffers have these lengths and don't overlap.
    let status = unsafe {
        otp_open(key.as_ptr().cast(), key.len(), record.as_ptr().cast(), record.len(), secret.pointer(), &raw mut len)
    };
    (status, len, secret)
}

/// The message and hint of this thread's last failed call.
fn last_error() -> (String, String) {
    // SAFETY: both end with a NUL, and stay until this thread's next failed call.
    let texts = unsafe { [otp_error_message(), otp_error_hint()].map(|text| CStr::from_ptr(text).to_owned()) };
    let [message, hint] = texts.map(|text| text.into_string().expect("UTF-8"));
    (message, hint)
}

#[test]
fn what_is_sealed_opens_and_nothing_is_written_after_a_buffer() {
    let (record, key) = seal(b"secret");
    let (status, len, secret) = open(&key, &record, 6);
    assert_eq!((status, &secret.written()[..len]), (Status::OtpOk, &b"secret"[..]));

    let (status, len, secret) = open(&key, &record, 5);
    assert_eq!((status, len), (Status::OtpUsage, 6));
    let (message, hint) = last_error();
    assert!(!message.is_empty() && !hint.is_empty());
    assert!(secret.written().iter().all(|byte| *byte == GUARD));

    for cut in [0, 1, record.len() / 2, record.len() - 1] {
        let (status, len, secret) = open(&key, &record[..cut], 64);
        assert_eq!((status, len), (Status::OtpDamaged, 0), "{cut}: {:?}", last_error());
        assert!(secret.written().iter().all(|byte| *byte == GUARD));
    }
    for cut in [0, 1, key.len() / 2, key.len() - 1] {
        assert_eq!(open(&key[..cut], &record, 64).0, Status::OtpMalformedKey, "{cut}: {:?}", last_error());
    }
    let (_, stranger) = seal(b"secret");
    assert_eq!(open(&stranger, &record, 64).0, Status::OtpWrongKey);
}

#[test]
fn null_and_impossible_lengths_are_refused() {
    let (record, key) = seal(b"secret");
    let (key_at, record_at): (*const c_char, _) = (key.as_ptr().cast(), record.as_ptr().cast());
    let mut secret = Guarded::new(64);
    for (at, (key_at, key_len, record_at, record_len)) in [
        (ptr::null(), key.len(), record_at, record.len()),
        (key_at, key.len(), ptr::null(), record.len()),
        (key_at, usize::MAX, record_at, record.len()),
        (key_at, key.len(), record_at, usize::MAX),
    ]
    .into_iter()
    .enumerate()
    {
        let mut len = 64;
        // SAFETY: what points to nothing is refused before it is followed.
        let status = unsafe { otp_open(key_at, key_len, record_at, record_len, secret.pointer(), &raw mut len) };
        assert_eq!((status, len), (Status::OtpUsage, 0), "case {at}");
        assert!(secret.written().iter().all(|byte| *byte == GUARD));
    }
    // SAFETY: without a length the call is refused before any pointer is followed.
    let status = unsafe { otp_open(key_at, key.len(), record_at, record.len(), secret.pointer(), ptr::null_mut()) };
    assert_eq!(status, Status::OtpUsage);
    // SAFETY: NULL is ignored; the buffer is ours.
    unsafe {
        otp_wipe(ptr::null_mut(), 64);
        otp_wipe(secret.pointer(), 64);
    }
    assert_eq!(secret.written(), [0; 64]);
}

#[test]
fn a_handle_that_was_freed_or_never_given_is_refused() {
    let mut account = Account::new();
    account.set("username", b"alice").expect("it fits");
    account.set("password", b"correct horse").expect("it fits");
    let (record, key) = seal(account.payload());
    let folder = otp_test_tools::folder();
    let path = folder.path().join("record.otp");
    std::fs::write(&path, record).expect("it can be written");
    let path = CString::new(path.into_os_string().into_encoded_bytes()).expect("no NUL");

    let source = Source {
        size: size_of::<Source>(),
        key: key.as_ptr().cast(),
        key_len: key.len(),
        key_file: ptr::null(),
        account: ptr::null(),
        store: ptr::null(),
        record: path.as_ptr(),
        key_credential: ptr::null(),
        has_key_fd: 0,
        key_fd: 0,
        any_key_file_mode: 0,
        reserved: 0,
    };
    let mut handle: *mut AccountHandle = ptr::null_mut();
    // SAFETY: the source's members point to what they should.
    let status = unsafe { otp_account_open(&raw const source, &raw mut handle) };
    assert_eq!(status, Status::OtpOk, "{:?}", last_error());
    assert_eq!(otp_account_count(handle), 2);
    // SAFETY: both end with a NUL, until the handle is freed.
    unsafe {
        assert_eq!(CStr::from_ptr(otp_account_name(handle)), NAME);
        assert_eq!(CStr::from_ptr(otp_account_key_id(handle)).count_bytes(), 16);
    }
    let mut field = Field { name: ptr::null(), value: ptr::null(), value_len: 0 };
    // SAFETY: the name ends with a NUL, and the field is ours; what it points to stays until the handle is freed.
    let password = unsafe {
        assert_eq!(otp_account_field(handle, c"password".as_ptr(), &raw mut field), Status::OtpOk);
        std::slice::from_raw_parts(field.value.cast::<u8>(), field.value_len)
    };
    assert_eq!(password, b"correct horse");

    otp_account_free(handle);
    for refused in [handle, ptr::null_mut(), ptr::without_provenance_mut(2), ptr::without_provenance_mut(usize::MAX)] {
        assert_eq!(otp_account_count(refused), 0);
        assert!(otp_account_name(refused).is_null());
        // SAFETY: the field is ours, and handles are not followed.
        assert_eq!(unsafe { otp_account_field_at(refused, 0, &raw mut field) }, Status::OtpUsage);
        assert!(field.name.is_null() && field.value.is_null());
        otp_account_free(refused);
    }
}
