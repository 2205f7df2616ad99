//! Sealing and opening on the caller's buffers, without any store.

use std::ffi::{c_char, c_void};

use zeroize::Zeroize;

use crate::error::Status;
use crate::facade;
use crate::fault::Error;
use crate::guard;
use crate::handle::{self, Out};
use crate::source::Grant;

/// Seals bytes into a record and a key, without any store.
///
/// `secret` has `secret_len` bytes, at most 65,535. `account` is what the key and the record are for; `grant` has the
/// terms, and NULL has none. `record` and `key` are the caller's buffers; `*record_len` and `*key_len` say how many bytes
/// they have, and get how many were written. The key's text ends with a NUL that `*key_len` does not count.
///
/// With `record` and `key` both NULL nothing is sealed, and the two lengths get what buffers need (of the key with its
/// NUL). If a buffer is too small, the lengths get what they need as well, and the result is OTP_USAGE. On any failure the
/// buffers hold nothing of secret or key.
///
/// OTP_USAGE, OTP_RANDOMNESS_FAILED.
///
/// # Safety
///
/// Each pointer is NULL or leads to what it says; the buffers overlap nothing.
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
        // SAFETY: the caller says what the pointers lead to.
        let (record_size, mut record_len) = unsafe { in_out(record_len, "record_len") }?;
        // SAFETY: as above.
        let (key_size, mut key_len) = unsafe { in_out(key_len, "key_len") }?;
        // SAFETY: as above.
        let (account, grant) = unsafe { (handle::needed(account, "the account's name")?, Grant::read(grant)?) };
        let (record_needed, key_needed) = facade::sealed_len(account, secret_len, &grant)?;
        record_len.set(record_needed);
        key_len.set(key_needed + 1);
        if record.is_null() && key.is_null() {
            return Ok(());
        }
        if record_size < record_needed || key_size < key_needed + 1 {
            return Err(Error::Usage(format!(
                "the buffers are too small: the record needs {record_needed} bytes, the key's text {}",
                key_needed + 1
            )));
        }
        check_apart(&[(secret.addr(), secret_len), (record.addr(), record_size), (key.addr(), key_size)])?;
        // SAFETY: the caller says what the pointers lead to, and they don't overlap.
        let (secret, record, key) = unsafe {
            (
                handle::slice(secret.cast::<u8>(), secret_len, "the secret")?,
                handle::buffer(record.cast::<u8>(), record_size, "the record's buffer")?,
                handle::buffer(key.cast::<u8>(), key_size, "the key's buffer")?,
            )
        };
        let (new_key, sealed) = facade::seal(account, secret, &grant)?;
        let text = new_key.text_with_nul().as_bytes();
        record[..sealed.len()].copy_from_slice(&sealed);
        key[..text.len()].copy_from_slice(text);
        record_len.set(sealed.len());
        key_len.set(text.len() - 1);
        Ok(())
    })
}

/// Opens a record with its key, without any store, and gives the bytes that were sealed.
///
/// `key` has `key_len` bytes, `record` has `record_len`. `secret` is the caller's buffer; `*secret_len` says how many
/// bytes it has, and gets how many were written. If it is too small, `*secret_len` gets what is needed, and the result is
/// OTP_USAGE; 65,535 bytes always do. On any failure nothing was written to it. The caller wipes it.
///
/// The bytes are what `otp_seal` was given. Those of a record from a store are an account's fields in their encoding,
/// for which `otp_account_open` is made.
///
/// OTP_USAGE, OTP_MALFORMED_KEY, OTP_WRONG_KEY, OTP_EXPIRED, OTP_DAMAGED, OTP_NEWER_VERSION.
///
/// # Safety
///
/// Each pointer is NULL or leads to what it says; the buffer overlaps nothing.
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
        // SAFETY: the caller says what the pointers lead to.
        let (secret_size, mut secret_len) = unsafe { in_out(secret_len, "secret_len") }?;
        secret_len.set(0);
        check_apart(&[(key.addr(), key_len), (record.addr(), record_len), (secret.addr(), secret_size)])?;
        // SAFETY: as above, and they don't overlap.
        let (key, record, buffer) = unsafe {
            (
                handle::slice(key.cast::<u8>(), key_len, "the key")?,
                handle::slice(record.cast::<u8>(), record_len, "the record")?,
                handle::buffer(secret.cast::<u8>(), secret_size, "the secret's buffer")?,
            )
        };
        let opened = facade::open(key, record)?;
        let bytes = opened.expose();
        secret_len.set(bytes.len());
        let Some(start) = buffer.get_mut(..bytes.len()) else {
            return Err(Error::Usage(format!("the secret's buffer is too small; it needs {} bytes", bytes.len())));
        };
        start.copy_from_slice(bytes);
        Ok(())
    })
}

/// Overwrites memory that held a secret with zeros, in a way that no compiler leaves out. With NULL it does nothing.
///
/// # Safety
///
/// `memory` is NULL or leads to `len` bytes that nobody else uses.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_wipe(memory: *mut c_void, len: usize) {
    guard::value((), || {
        if !memory.is_null() {
            // SAFETY: the caller says that the bytes are there and his alone.
            unsafe { handle::buffer(memory.cast::<u8>(), len, "the memory") }?.zeroize();
        }
        Ok(())
    });
}

/// A length that says how long a buffer is, and gets how much was written.
///
/// # Safety
///
/// As [`Out::new`], and if it is not NULL, a number stands there.
unsafe fn in_out(pointer: *mut usize, what: &str) -> Result<(usize, Out<usize>), Error> {
    if pointer.is_null() || !pointer.is_aligned() {
        return Err(Error::Usage(format!("{what} is NULL or not aligned")));
    }
    // SAFETY: it is neither NULL nor unaligned, and the caller says that a number stands there.
    let size = unsafe { pointer.read() };
    // SAFETY: the caller says that it is his alone.
    Ok((size, unsafe { Out::new(pointer, 0, what) }?))
}

/// Checks that no two pieces of memory have a byte in common.
fn check_apart(pieces: &[(usize, usize)]) -> Result<(), Error> {
    let overlap = |(a, a_len): (usize, usize), (b, b_len): (usize, usize)| {
        a_len > 0 && b_len > 0 && a < b.saturating_add(b_len) && b < a.saturating_add(a_len)
    };
    let pairs = pieces.iter().enumerate().flat_map(|(at, a)| pieces[at + 1..].iter().map(move |b| (*a, *b)));
    if pairs.into_iter().any(|(a, b)| overlap(a, b)) {
        return Err(Error::Usage("two of the buffers overlap".into()));
    }
    Ok(())
}
