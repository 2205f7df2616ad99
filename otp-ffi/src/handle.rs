//! Every conversion between what C holds (pointers, lengths, handles) and what Rust works with.
//!
//! A handle is no address. It is a number that is never given twice, and the memory behind it is found in a table, so
//! one that was freed, that is of another kind or that was never given is refused without touching any memory.

use std::collections::BTreeMap;
use std::ffi::{CStr, c_char};
use std::path::Path;
use std::ptr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::fault::Error;

/// The handles of one kind that C holds.
pub(crate) struct Table<T> {
    live: Mutex<BTreeMap<usize, Arc<T>>>,
}

/// The number of the next handle, of whichever kind. Only odd ones are given, which are the address of nothing.
static NEXT: AtomicUsize = AtomicUsize::new(1);

impl<T> Table<T> {
    pub(crate) const fn new() -> Self {
        Self { live: Mutex::new(BTreeMap::new()) }
    }

    /// Keeps a value, and gives the handle that stands for it.
    pub(crate) fn insert<H>(&self, value: T) -> *mut H {
        let number = NEXT.fetch_add(2, Ordering::Relaxed);
        self.live().insert(number, Arc::new(value));
        ptr::without_provenance_mut(number)
    }

    /// What a handle stands for.
    pub(crate) fn get<H>(&self, handle: *const H) -> Result<Arc<T>, Error> {
        self.live().get(&handle.addr()).cloned().ok_or_else(|| {
            Error::Usage(
                if handle.is_null() { "the handle is NULL" } else { "the handle is not one that is open" }.into(),
            )
        })
    }

    /// Forgets a handle. What it stands for is wiped, unless another thread is using it, which then wipes it.
    pub(crate) fn remove<H>(&self, handle: *mut H) {
        let value = self.live().remove(&handle.addr());
        drop(value);
    }

    fn live(&self) -> MutexGuard<'_, BTreeMap<usize, Arc<T>>> {
        // The map is whole whatever panicked: nothing in here calls out.
        self.live.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn usage(what: &str, wrong: &str) -> Error {
    Error::Usage(format!("{what} {wrong}"))
}

/// The text that a pointer leads to, if it is not NULL.
///
/// # Safety
///
/// The pointer is NULL, or leads to bytes that end with a NUL and stay as they are for `'a`.
pub(crate) unsafe fn text<'a>(pointer: *const c_char, what: &str) -> Result<Option<&'a str>, Error> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller says that it ends with a NUL and stays.
    let text = unsafe { CStr::from_ptr(pointer) };
    text.to_str().map(Some).map_err(|_| usage(what, "is not valid UTF-8"))
}

/// As [`text`], but NULL is an error.
///
/// # Safety
///
/// As [`text`].
pub(crate) unsafe fn needed<'a>(pointer: *const c_char, what: &str) -> Result<&'a str, Error> {
    // SAFETY: the caller says what `text` asks for.
    unsafe { text(pointer, what) }?.ok_or_else(|| usage(what, "is NULL"))
}

/// The path that a pointer leads to, if it is not NULL: on Unix any bytes, elsewhere UTF-8.
///
/// # Safety
///
/// As [`text`].
pub(crate) unsafe fn path<'a>(pointer: *const c_char, what: &str) -> Result<Option<&'a Path>, Error> {
    if pointer.is_null() {
        return Ok(None);
    }
    // SAFETY: the caller says that it ends with a NUL and stays.
    let bytes = unsafe { CStr::from_ptr(pointer) };
    if bytes.is_empty() {
        return Err(usage(what, "is empty"));
    }
    #[cfg(unix)]
    let path = Some(Path::new(<std::ffi::OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes.to_bytes())));
    #[cfg(not(unix))]
    let path = bytes.to_str().ok().map(Path::new);
    path.map(Some).ok_or_else(|| usage(what, "is not valid UTF-8"))
}

/// The values that a pointer leads to; none if there are to be none.
///
/// # Safety
///
/// The pointer is NULL, or leads to `count` values that stay as they are for `'a`.
pub(crate) unsafe fn slice<'a, T>(pointer: *const T, count: usize, what: &str) -> Result<&'a [T], Error> {
    if count == 0 {
        return Ok(&[]);
    }
    check(pointer, count, what)?;
    // SAFETY: it is not NULL, aligned, and within what a slice may have; the caller says that the values are there.
    Ok(unsafe { std::slice::from_raw_parts(pointer, count) })
}

/// The caller's buffer.
///
/// # Safety
///
/// The pointer is NULL, or leads to `len` bytes that nobody else uses during `'a`.
pub(crate) unsafe fn buffer<'a>(pointer: *mut u8, len: usize, what: &str) -> Result<&'a mut [u8], Error> {
    if len == 0 {
        return Ok(&mut []);
    }
    check(pointer, len, what)?;
    // SAFETY: it is not NULL and within what a slice may have; the caller says that the bytes are there and his alone.
    Ok(unsafe { std::slice::from_raw_parts_mut(pointer, len) })
}

fn check<T>(pointer: *const T, count: usize, what: &str) -> Result<(), Error> {
    let len = count.checked_mul(size_of::<T>()).filter(|len| isize::try_from(*len).is_ok());
    if pointer.is_null() {
        Err(usage(what, "is NULL, but its length is not 0"))
    } else if !pointer.is_aligned() {
        Err(usage(what, "is not aligned"))
    } else if len.and_then(|len| pointer.addr().checked_add(len)).is_none() {
        Err(usage(what, "is longer than memory can be"))
    } else {
        Ok(())
    }
}

/// A structure of the caller's, if it is not NULL. Its first member, `size`, must say the size that it has here.
///
/// # Safety
///
/// The pointer is NULL, or leads to a `size_t`, and if that is the size of `T`, to a `T` that stays as it is for `'a`.
pub(crate) unsafe fn sized<'a, T>(pointer: *const T, what: &str) -> Result<Option<&'a T>, Error> {
    if pointer.is_null() {
        return Ok(None);
    }
    if !pointer.is_aligned() {
        return Err(usage(what, "is not aligned"));
    }
    // SAFETY: the caller says that a size stands there; it is aligned as the structure is.
    let size = unsafe { pointer.cast::<usize>().read() };
    if size != size_of::<T>() {
        return Err(usage(what, "does not say its size: set it to zeros, and its size to sizeof"));
    }
    // SAFETY: the caller says that the whole is there, since its size is right.
    Ok(Some(unsafe { &*pointer }))
}

/// Where a result goes.
pub(crate) struct Out<T>(*mut T);

impl<T> Out<T> {
    /// Checks where a result is to go, and puts `first` there.
    ///
    /// # Safety
    ///
    /// The pointer is NULL, or leads to memory for a `T` that nobody else uses while this lives.
    pub(crate) unsafe fn new(pointer: *mut T, first: T, what: &str) -> Result<Self, Error> {
        if pointer.is_null() {
            return Err(usage(what, "is NULL, but a result goes there"));
        }
        if !pointer.is_aligned() {
            return Err(usage(what, "is not aligned"));
        }
        let mut out = Self(pointer);
        out.set(first);
        Ok(out)
    }

    pub(crate) fn set(&mut self, value: T) {
        // SAFETY: it is not NULL and aligned; whoever made this said that there is room for a `T`.
        unsafe { self.0.write(value) };
    }
}
