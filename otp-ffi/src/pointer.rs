//! From C's pointers and lengths to references, after every possible check; and back, to the places for results.

use std::ffi::{CStr, CString, c_char};
use std::path::Path;

use crate::failure::{Error, Result};

/// The text that a pointer points to, or `None` for NULL.
///
/// # Safety
///
/// The pointer is NULL, or points to bytes that end with a NUL and don't change during `'a`.
pub(crate) unsafe fn optional_text<'a>(pointer: *const c_char, what: &'static str) -> Result<Option<&'a str>> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: it is not NULL, and the caller promises that the text ends with a NUL and stays.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().map(Some).map_err(|_| Error::NotUtf8 { what })
}

/// As [`optional_text`], but NULL is an error.
///
/// # Safety
///
/// As [`optional_text`].
pub(crate) unsafe fn text<'a>(pointer: *const c_char, what: &'static str) -> Result<&'a str> {
    // SAFETY: the caller promises the same.
    unsafe { optional_text(pointer, what) }?.ok_or(Error::Null { what })
}

/// The path that a pointer points to, or `None` for NULL: any bytes on Unix, UTF-8 elsewhere.
///
/// # Safety
///
/// As [`optional_text`].
pub(crate) unsafe fn optional_path<'a>(pointer: *const c_char, what: &'static str) -> Result<Option<&'a Path>> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: it is not NULL, and the caller promises that the path ends with a NUL and stays.
    let bytes = unsafe { CStr::from_ptr(pointer) };
    if bytes.is_empty() {
        return Err(Error::EmptyPath { what });
    }
    #[cfg(unix)]
    let path = Some(Path::new(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes.to_bytes())));
    #[cfg(not(unix))]
    let path = bytes.to_str().ok().map(Path::new);
    path.map(Some).ok_or(Error::NotUtf8 { what })
}

/// As [`optional_path`], but NULL is an error.
///
/// # Safety
///
/// As [`optional_text`].
pub(crate) unsafe fn path<'a>(pointer: *const c_char, what: &'static str) -> Result<&'a Path> {
    // SAFETY: the caller promises the same.
    unsafe { optional_path(pointer, what) }?.ok_or(Error::Null { what })
}

/// The `count` values that a pointer points to. If there are none, the pointer does not matter.
///
/// # Safety
///
/// The pointer is NULL, or points to `count` values that don't change during `'a`.
pub(crate) unsafe fn slice<'a, T>(pointer: *const T, count: usize, what: &'static str) -> Result<&'a [T]> {
    if count == 0 {
        return Ok(&[]);
    }
    check(pointer, count, what)?;
    // SAFETY: it is not NULL, it is aligned, and no slice is too long for it; the caller promises that the values are
    // there.
    Ok(unsafe { std::slice::from_raw_parts(pointer, count) })
}

/// A buffer of the caller's.
///
/// # Safety
///
/// The pointer is NULL, or points to `len` initialized bytes that nobody else uses during `'a`.
pub(crate) unsafe fn buffer<'a>(pointer: *mut u8, len: usize, what: &'static str) -> Result<&'a mut [u8]> {
    if len == 0 {
        return Ok(&mut []);
    }
    check(pointer, len, what)?;
    // SAFETY: it is not NULL and not too long for a slice; the caller promises that the bytes are there and nobody else
    // uses them.
    Ok(unsafe { std::slice::from_raw_parts_mut(pointer, len) })
}

fn check<T>(pointer: *const T, count: usize, what: &'static str) -> Result<()> {
    if pointer.is_null() {
        return Err(Error::Null { what });
    }
    check_aligned(pointer, what)?;
    let len = count.checked_mul(size_of::<T>()).filter(|len| isize::try_from(*len).is_ok());
    let end = len.and_then(|len| pointer.addr().checked_add(len));
    end.map(drop).ok_or(Error::TooLong { what })
}

fn check_aligned<T>(pointer: *const T, what: &'static str) -> Result<()> {
    if pointer.is_aligned() { Ok(()) } else { Err(Error::Misaligned { what }) }
}

/// A structure that begins with its own size.
///
/// # Safety
///
/// The first member is a `usize`, and any bytes are a valid value of the type.
pub(crate) unsafe trait Structure {}

/// A structure of the caller's, or `None` for NULL.
///
/// # Safety
///
/// The pointer is NULL, or points to a `size_t`, and if that is the size of `T`, to a `T` that does not change during
/// `'a`.
pub(crate) unsafe fn structure<'a, T: Structure>(pointer: *const T, what: &'static str) -> Result<Option<&'a T>> {
    if pointer.is_null() {
        return Ok(None);
    }
    check_aligned(pointer, what)?;
    // SAFETY: the caller promises that a size is there, and it is aligned because the structure is.
    let size = unsafe { pointer.cast::<usize>().read() };
    if size != size_of::<T>() {
        return Err(Error::WrongSize { what, size, expected: size_of::<T>() });
    }
    // SAFETY: it is not NULL and it is aligned; the size is right, so the caller promises that all of it is there.
    Ok(Some(unsafe { &*pointer }))
}

/// Where a result goes.
pub(crate) struct Out<T>(*mut T);

impl<T> Out<T> {
    /// Checks where a result is to go, and puts `first` there.
    ///
    /// # Safety
    ///
    /// The pointer is NULL, or points to memory for a `T` that nobody else uses while this lives.
    pub(crate) unsafe fn new(pointer: *mut T, first: T, what: &'static str) -> Result<Self> {
        if pointer.is_null() {
            return Err(Error::Null { what });
        }
        check_aligned(pointer, what)?;
        let mut out = Self(pointer);
        out.set(first);
        Ok(out)
    }

    /// As [`Out::new`], but NULL means that nobody wants the result.
    ///
    /// # Safety
    ///
    /// As [`Out::new`].
    pub(crate) unsafe fn optional(pointer: *mut T, first: T, what: &'static str) -> Result<Option<Self>> {
        if pointer.is_null() {
            return Ok(None);
        }
        // SAFETY: the caller promises the same.
        unsafe { Self::new(pointer, first, what) }.map(Some)
    }

    pub(crate) fn set(&mut self, value: T) {
        // SAFETY: `new` checked that it is neither NULL nor misaligned, and its caller promised memory for a `T`.
        unsafe { self.0.write(value) };
    }
}

impl Out<usize> {
    /// As [`Out::new`], for a length that says how long a buffer is and gets how much is written. It is 0 until then.
    ///
    /// # Safety
    ///
    /// As [`Out::new`], and if the pointer is not NULL, a number is there.
    pub(crate) unsafe fn in_out(pointer: *mut usize, what: &'static str) -> Result<(usize, Self)> {
        if pointer.is_null() {
            return Err(Error::Null { what });
        }
        check_aligned(pointer, what)?;
        // SAFETY: it is neither NULL nor misaligned, and the caller promises that a number is there.
        let before = unsafe { pointer.read() };
        // SAFETY: the caller promises the same.
        Ok((before, unsafe { Self::new(pointer, 0, what) }?))
    }
}

/// A public text for C. A NUL, which a path in it may have, would end it early.
pub(crate) fn c_text(text: &impl ToString) -> CString {
    CString::new(text.to_string().replace('\0', "\u{fffd}")).unwrap_or_default()
}
