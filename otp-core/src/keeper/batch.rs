//! [`Batch`]: everything that an operation draws, in one draw.

use alloc::vec;
use alloc::vec::Vec;

use rand_core::{TryCryptoRng, TryRng};
use zeroize::Zeroizing;

/// A source whose first bytes were drawn together, before the store was changed.
///
/// So a source that is exhausted, or fails its tests, is noticed while nothing has happened yet.
pub(super) struct Batch<'r, R> {
    source: &'r mut R,
    drawn: Zeroizing<Vec<u8>>,
    used: usize,
}

impl<'r, R: TryCryptoRng> Batch<'r, R> {
    pub(super) fn draw(source: &'r mut R, len: usize) -> Result<Self, R::Error> {
        let mut drawn = Zeroizing::new(vec![0; len]);
        source.try_fill_bytes(&mut drawn)?;
        Ok(Self { source, drawn, used: 0 })
    }
}

impl<R: TryCryptoRng> TryRng for Batch<'_, R> {
    type Error = R::Error;

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), R::Error> {
        match self.drawn.get(self.used..self.used + bytes.len()) {
            Some(next) => {
                bytes.copy_from_slice(next);
                self.used += bytes.len();
                Ok(())
            }
            // Others added keys meanwhile.
            None => self.source.try_fill_bytes(bytes),
        }
    }

    fn try_next_u32(&mut self) -> Result<u32, R::Error> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, R::Error> {
        rand_core::utils::next_word_via_fill(self)
    }
}

impl<R: TryCryptoRng> TryCryptoRng for Batch<'_, R> {}
