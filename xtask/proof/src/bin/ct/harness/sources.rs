//! Sources of randomness whose every byte is secret.

use chacha20::ChaCha20Rng;
use otp_core::rand_core::{SeedableRng, TryCryptoRng, TryRng};
use otp_proof::memcheck::hide;

/// Bytes that are always the same.
pub(crate) fn fixed(len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    ChaCha20Rng::from_seed([9; 32]).try_fill_bytes(&mut bytes).expect("it never fails");
    bytes
}

/// A source whose every byte is secret.
pub(crate) struct Secret(ChaCha20Rng);

impl Secret {
    pub(crate) fn new(seed: u8) -> Self {
        Self(ChaCha20Rng::from_seed([seed; 32]))
    }
}

impl TryRng for Secret {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.0.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.0.try_next_u64()
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        self.0.try_fill_bytes(bytes)?;
        hide(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Secret {}

/// A source that is stuck, at a secret value.
pub(crate) struct Stuck;

impl TryRng for Stuck {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(0)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(0)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        bytes.fill(7);
        hide(bytes);
        Ok(())
    }
}

impl TryCryptoRng for Stuck {}
