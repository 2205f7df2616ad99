//! [`Buffer`]: the caller's bytes that a secret lives in, and the wiping of them.

use core::fmt;

use zeroize::Zeroize;

/// Bytes that a secret can live in: the caller's `&mut [u8]`, a `Vec<u8>`, or memory that is locked against swapping.
///
/// Whatever takes a buffer wipes the whole of it when it is dropped. The bytes must stay where they are when the
/// buffer is moved (an array's do not, and would leave a copy behind).
pub trait Buffer: AsRef<[u8]> + AsMut<[u8]> {}

impl<B: AsRef<[u8]> + AsMut<[u8]>> Buffer for B {}

/// A buffer that is wiped on drop and printed by nobody.
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

impl<B: Buffer> fmt::Debug for Wiped<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
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
