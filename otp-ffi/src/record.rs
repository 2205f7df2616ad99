//! Records outside any store: sealing and opening in the caller's buffers.

use std::ffi::{c_char, c_void};

use otp_link::Randomness;
use zeroize::Zeroize;

use crate::code::Status;
use crate::failure::{Error, Result};
use crate::guard;
use crate::pointer::{self, Out};
use crate::source::Grant;

/// Seals bytes into a record and a key, without any store.
///
/// `secret` points to `secret_len` bytes, at most OTP_SECRET_MAX. The record and the key are for `account`; `grant`
/// gives their terms, and may be NULL. `record` and `key` are your buffers. `*record_len` and `*key_len` say how long
/// they are, and get how many bytes were written. The key's text ends with a NUL, which `*key_len` does not count.
///
/// If `record` and `key` are both NULL, nothing is sealed, and the two lengths get how long the buffers must be, with
/// the NUL. If a buffer is too small, they get the same, and the result is OTP_USAGE. On any failure the buffers hold
/// nothing of the secret or the key.
///
/// Errors: OTP_USAGE, OTP_RANDOMNESS_FAILED.
///
/// # Safety
///
/// Each pointer is NULL or points to what is said above; the buffers overlap nothing.
#[unsafe(no_mangle)]
#[allow(clippy::too_many_arguments, reason = "three buffers have three lengths")]
pub unsafe extern "C" fn otp_seal(
    account: *const c_char,
    secret: *const c_void,
    secret_len: usize,
    grant: *const Grant,
    record: *mut c_void,
    record_len: *mut usize,
    key: *mut c_char,
    key_len: *mut usize,
) -> Status {
    guard::status(|| {
        // SAFETY: the caller promises that each is NULL or points to a number.
        let ((record_size, mut record_len), (key_size, mut key_len)) =
            unsafe { (Out::in_out(record_len, "record_len")?, Out::in_out(key_len, "key_len")?) };
        // SAFETY: the caller promises that each is NULL or points to what it should.
        let (account, terms) = unsafe { (pointer::text(account, "account")?, Grant::read(grant)?) };
        if terms.pages.is_some_and(|pages| pages.get() > 1) {
            return Err(Error::PagesGiven);
        }
        let (record_needed, key_needed) = otp_link::sealed_len(account, secret_len, &terms)?;
        let key_needed = key_needed + 1;
        record_len.set(record_needed);
        key_len.set(key_needed);
        if record.is_null() && key.is_null() {
            return Ok(());
        }
        for (what, size, needed) in [("record", record_size, record_needed), ("key", key_size, key_needed)] {
            if size < needed {
                return Err(Error::TooSmall { what, size, needed });
            }
        }
        check_apart(&[(secret.addr(), secret_len), (record.addr(), record_size), (key.addr(), key_size)])?;
        // SAFETY: the caller promises that each is NULL or has its length, and they don't overlap.
        let (secret, record, key) = unsafe {
            (
                pointer::slice(secret.cast(), secret_len, "secret")?,
                pointer::buffer(record.cast(), record_size, "record")?,
                pointer::buffer(key.cast(), key_size, "key")?,
            )
        };
        let (new_key, sealed) = otp_link::seal_bytes(account, secret, &terms, &mut Randomness::system())?;
        let text = new_key.bytes_with_nul();
        record[..sealed.len()].copy_from_slice(&sealed);
        key[..text.len()].copy_from_slice(text);
        record_len.set(sealed.len());
        key_len.set(text.len() - 1);
        Ok(())
    })
}

/// Opens a record with its key, without any store, and returns the bytes that were sealed.
///
/// `key` points to `key_len` bytes, `record` to `record_len`. `secret` is your buffer. `*secret_len` says how long it
/// is, and gets how many bytes were written. If the buffer is too small, `*secret_len` gets how long it must be, and
/// the result is OTP_USAGE; OTP_SECRET_MAX bytes are always enough. On any failure nothing is written to the buffer.
/// Wipe it when you are done.
///
/// The bytes are what `otp_seal` was given. Those of a record from a store are an account's encoded fields; use
/// `otp_account_open` for them.
///
/// Errors: OTP_USAGE, OTP_MALFORMED_KEY, OTP_WRONG_KEY, OTP_EXPIRED, OTP_DAMAGED, OTP_NEWER_VERSION, OTP_AUDIT_FAILED.
///
/// # Safety
///
/// Each pointer is NULL or points to what is said above; the buffer overlaps nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_open(
    key: *const c_char,
    key_len: usize,
    record: *const c_void,
    record_len: usize,
    secret: *mut c_void,
    secret_len: *mut usize,
) -> Status {
    guard::status(|| {
        // SAFETY: the caller promises that it is NULL or points to a number.
        let (secret_size, mut secret_len) = unsafe { Out::in_out(secret_len, "secret_len") }?;
        check_apart(&[(key.addr(), key_len), (record.addr(), record_len), (secret.addr(), secret_size)])?;
        // SAFETY: the caller promises that each is NULL or has its length, and they don't overlap.
        let (key, record, buffer) = unsafe {
            (
                pointer::slice(key.cast(), key_len, "key")?,
                pointer::slice(record.cast(), record_len, "record")?,
                pointer::buffer(secret.cast(), secret_size, "secret")?,
            )
        };
        let opened = otp_link::open_bytes(key, record)?;
        let bytes = opened.expose();
        secret_len.set(bytes.len());
        let too_small = Error::TooSmall { what: "secret", size: secret_size, needed: bytes.len() };
        buffer.get_mut(..bytes.len()).ok_or(too_small)?.copy_from_slice(bytes);
        Ok(())
    })
}

/// Overwrites memory that held a secret with zeros, in a way that no compiler leaves out. NULL is ignored.
///
/// # Safety
///
/// `memory` is NULL or points to `len` bytes that nobody else uses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_wipe(memory: *mut c_void, len: usize) {
    guard::value((), || {
        if !memory.is_null() {
            // SAFETY: the caller promises that the bytes are there and that nobody else uses them.
            unsafe { pointer::buffer(memory.cast(), len, "memory") }?.zeroize();
        }
        Ok(())
    });
}

/// Checks that no two pieces of memory, each given by address and length, have a byte in common.
fn check_apart(pieces: &[(usize, usize)]) -> Result<()> {
    let overlap = |(a, a_len): (usize, usize), (b, b_len): (usize, usize)| {
        a_len > 0 && b_len > 0 && a < b.saturating_add(b_len) && b < a.saturating_add(a_len)
    };
    let mut pairs = pieces.iter().enumerate().flat_map(|(at, a)| pieces[at + 1..].iter().map(move |b| (*a, *b)));
    if pairs.any(|(a, b)| overlap(a, b)) { Err(Error::Overlap) } else { Ok(()) }
}
