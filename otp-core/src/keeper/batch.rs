//! [`Batch`]: everything that an operation draws, in one draw.

use rand_core::{TryCryptoRng, TryRng};

use crate::buffer::{Buffer, OwnedBuffer, Wiped};

/// A source whose first bytes were drawn together, before the store was changed.
///
/// So a source that is exhausted, or fails its tests, is noticed before anything has happened.
pub(super) struct Batch<'r, R, M: Buffer> {
    source: &'r mut R,
    drawn: Wiped<M>,
    used: usize,
}

impl<'r, R: TryCryptoRng, M: OwnedBuffer> Batch<'r, R, M> {
    pub(super) fn draw(source: &'r mut R, len: usize) -> Result<Self, R::Error> {
        let mut drawn = Wiped::new(M::zeroed(len));
        source.try_fill_bytes(&mut drawn.bytes_mut()[..len])?;
        Ok(Self { source, drawn, used: 0 })
    }
}

impl<R: TryCryptoRng, M: Buffer> TryRng for Batch<'_, R, M> {
    type Error = R::Error;

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), R::Error> {
        match self.drawn.bytes().get(self.used..self.used + bytes.len()) {
            Some(next) => {
                bytes.copy_from_slice(next);
                self.used += bytes.len();
                Ok(())
            }
            // Others have added keys in the meantime, so it takes more than was drawn.
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

impl<R: TryCryptoRng, M: Buffer> TryCryptoRng for Batch<'_, R, M> {}
