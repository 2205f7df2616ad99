//! [`Buffer`]: the bytes that a secret lives in, the caller's or on the stack, and the wiping of them.

use core::ops::{Deref, DerefMut};

use zeroize::Zeroize;

/// Bytes that a secret can live in: the caller's `&mut [u8]`, a `Vec<u8>`, or memory that is locked against swapping.
///
/// Whatever takes a buffer wipes the whole of it when it is dropped. A type of your own becomes a buffer with
/// `impl Buffer for Locked {}`, which promises that its bytes stay where they are when it is moved.
///
/// An array's bytes do move, and a move leaves a copy behind that nobody wipes. So this does not compile:
///
/// ```compile_fail,E0277
/// let key = otp_core::Key::parse(b"otpk1_", [0; 256]);
/// ```
///
/// And this does:
///
/// ```
/// let mut bytes = [0; 256];
/// let key = otp_core::Key::parse(b"otpk1_", &mut bytes);
/// ```
pub trait Buffer: AsRef<[u8]> + AsMut<[u8]> {}

impl<B: AsRef<[u8]> + AsMut<[u8]> + ?Sized> Buffer for &mut B {}

#[cfg(feature = "alloc")]
impl Buffer for alloc::vec::Vec<u8> {}

#[cfg(feature = "alloc")]
impl Buffer for alloc::boxed::Box<[u8]> {}

/// A buffer that brings its own memory: where a [`Keeper`](crate::Keeper) and an [`Account`](crate::Account) put what is secret.
#[cfg(feature = "alloc")]
pub trait OwnedBuffer: Buffer {
    /// A buffer of `len` zeros.
    fn zeroed(len: usize) -> Self;
}

#[cfg(feature = "alloc")]
impl OwnedBuffer for alloc::vec::Vec<u8> {
    fn zeroed(len: usize) -> Self {
        alloc::vec![0; len]
    }
}

/// A buffer that is wiped on drop and can't be printed.
pub(crate) struct Wiped<B: Buffer>(B);

impl<B: Buffer> Wiped<B> {
    pub(crate) fn new(bytes: B) -> Self {
        Self(bytes)
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.0.as_ref()
    }

    pub(crate) fn bytes_mut(&mut self) -> &mut [u8] {
        self.0.as_mut()
    }
}

impl<B: Buffer> Drop for Wiped<B> {
    fn drop(&mut self) {
        self.0.as_mut().zeroize();
    }
}

/// Bytes on the stack that are wiped on drop, in one go: `Zeroizing` would wipe an array byte by byte.
pub(crate) struct Scratch<const N: usize>([u8; N]);

impl<const N: usize> Scratch<N> {
    pub(crate) const fn zeroed() -> Self {
        Self([0; N])
    }
}

impl<const N: usize> Deref for Scratch<N> {
    type Target = [u8; N];

    fn deref(&self) -> &[u8; N] {
        &self.0
    }
}

impl<const N: usize> DerefMut for Scratch<N> {
    fn deref_mut(&mut self) -> &mut [u8; N] {
        &mut self.0
    }
}

impl<const N: usize> Drop for Scratch<N> {
    fn drop(&mut self) {
        self.0.as_mut_slice().zeroize();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_dropped_buffer_is_all_zeros() {
        let mut bytes = [1; 9];
        drop(Wiped::new(&mut bytes[..]));
        assert_eq!(bytes, [0; 9]);
    }
}
