//! [`Pad`]: uniform bytes, as long as a frame, gone once used.

use core::fmt;

use rand_core::TryCryptoRng;
use zeroize::Zeroize;

use crate::ct;
use crate::error::Error;

/// A one-time pad on the caller's bytes: uniformly random, as long as the frame, for one frame only.
///
/// It is used once by type: [`Pad::apply`] takes it by value.
///
/// ```
/// # use chacha20::{ChaCha20Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha20Rng::from_seed([7; 32]);
/// use otp_core::pad::Pad;
///
/// let mut bytes = [0; 5];
/// let mut frame = *b"hello";
/// let spent = Pad::generate(&mut bytes, &mut rng)?.apply(&mut frame)?;
/// // `frame` is a ciphertext now, and `spent` what opens it.
/// otp_core::ct::xor_in_place(&mut frame, spent);
/// assert_eq!(&frame, b"hello");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A second use does not compile:
///
/// ```compile_fail,E0382
/// # use chacha20::{ChaCha20Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha20Rng::from_seed([7; 32]);
/// # use otp_core::pad::Pad;
/// let mut bytes = [0; 5];
/// let pad = Pad::generate(&mut bytes, &mut rng)?;
/// let (mut one, mut other) = (*b"hello", *b"world");
/// pad.apply(&mut one)?;
/// pad.apply(&mut other)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Without its last line it does:
///
/// ```
/// # use chacha20::{ChaCha20Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha20Rng::from_seed([7; 32]);
/// # use otp_core::pad::Pad;
/// let mut bytes = [0; 5];
/// let pad = Pad::generate(&mut bytes, &mut rng)?;
/// let (mut one, mut other) = (*b"hello", *b"world");
/// pad.apply(&mut one)?;
/// # other[0] = 0;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// Nor can it be copied or printed:
///
/// ```compile_fail,E0599
/// # use chacha20::{ChaCha20Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha20Rng::from_seed([7; 32]);
/// # use otp_core::pad::Pad;
/// let mut bytes = [0; 5];
/// let pad = Pad::generate(&mut bytes, &mut rng)?;
/// let copy = pad.clone();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// ```compile_fail,E0277
/// # use chacha20::{ChaCha20Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha20Rng::from_seed([7; 32]);
/// # use otp_core::pad::Pad;
/// let mut bytes = [0; 5];
/// let pad = Pad::generate(&mut bytes, &mut rng)?;
/// println!("{pad}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Pad<'a> {
    // Taken out when the pad is used, so that only an unused one is wiped.
    bytes: Option<&'a mut [u8]>,
}

impl<'a> Pad<'a> {
    /// Fills `bytes` from the source. They are wiped if the pad is dropped unused.
    ///
    /// # Errors
    ///
    /// The source's own error; `bytes` are then wiped.
    pub fn generate<R: TryCryptoRng + ?Sized>(bytes: &'a mut [u8], rng: &mut R) -> Result<Self, R::Error> {
        let mut pad = Self::unused(bytes);
        rng.try_fill_bytes(pad.bytes.as_deref_mut().unwrap_or_default())?;
        Ok(pad)
    }

    /// Takes random bytes that were drawn together with others.
    pub(crate) fn unused(bytes: &'a mut [u8]) -> Self {
        Self { bytes: Some(bytes) }
    }

    /// XORs the pad into a frame of its length, in place, and gives back the spent bytes: they open the ciphertext.
    ///
    /// # Errors
    ///
    /// [`Error::LengthMismatch`]; the frame is then unchanged and the pad wiped.
    pub fn apply(mut self, frame: &mut [u8]) -> Result<&'a mut [u8], Error> {
        match self.bytes.take_if(|bytes| bytes.len() == frame.len()) {
            Some(bytes) => {
                ct::xor_in_place(frame, bytes);
                Ok(bytes)
            }
            None => Err(Error::LengthMismatch),
        }
    }
}

impl Drop for Pad<'_> {
    fn drop(&mut self) {
        if let Some(bytes) = self.bytes.as_deref_mut() {
            bytes.zeroize();
        }
    }
}

impl fmt::Debug for Pad<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pad(..)")
    }
}

#[cfg(test)]
mod tests {
    use chacha20::ChaCha20Rng;
    use chacha20::rand_core::SeedableRng;

    use super::*;

    #[test]
    fn a_pad_that_is_not_used_leaves_zeros() {
        let mut rng = ChaCha20Rng::from_seed([7; 32]);
        let mut bytes = [0; 32];
        drop(Pad::generate(&mut bytes, &mut rng).unwrap());
        assert_eq!(bytes, [0; 32]);

        let mut frame = [9; 31];
        assert_eq!(Pad::generate(&mut bytes, &mut rng).unwrap().apply(&mut frame), Err(Error::LengthMismatch));
        assert_eq!((bytes, frame), ([0; 32], [9; 31]));
    }
}
