//! [`Xor`]: two sources in one, as good as the better.

use core::fmt;

use rand_core::{TryCryptoRng, TryRng};
use zeroize::Zeroize;

use crate::ct;

/// Two sources in one: every byte is the XOR of a byte from each.
///
/// If the two are independent, the result is uniform as soon as one of them is (for a uniform `a`, `a ^ b` is uniform
/// whatever the distribution of `b`). So adding a hardware source or dice never makes a pad worse.
#[derive(Debug)]
pub struct Xor<A, B> {
    pub(super) first: A,
    pub(super) second: B,
}

/// Which of two sources failed.
#[derive(Debug)]
pub enum XorError<A, B> {
    /// The first.
    First(A),
    /// The second.
    Second(B),
}

impl<A, B> Xor<A, B> {
    /// Joins two sources.
    #[must_use]
    pub const fn new(first: A, second: B) -> Self {
        Self { first, second }
    }
}

impl<A: TryCryptoRng, B: TryCryptoRng> TryRng for Xor<A, B>
where
    A::Error: 'static,
    B::Error: 'static,
{
    type Error = XorError<A::Error, B::Error>;

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        let mut part = [0; 64];
        let result = self.first.try_fill_bytes(bytes).map_err(XorError::First).and_then(|()| {
            bytes.chunks_mut(part.len()).try_for_each(|chunk| {
                let part = &mut part[..chunk.len()];
                self.second.try_fill_bytes(part).map_err(XorError::Second)?;
                ct::xor_in_place(chunk, part);
                Ok(())
            })
        });
        part.zeroize();
        // Half of a mixture is not as good as the better source.
        if result.is_err() {
            bytes.zeroize();
        }
        result
    }

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        rand_core::utils::next_word_via_fill(self)
    }
}

impl<A: TryCryptoRng, B: TryCryptoRng> TryCryptoRng for Xor<A, B>
where
    A::Error: 'static,
    B::Error: 'static,
{
}

impl<A: core::error::Error, B: core::error::Error> fmt::Display for XorError<A, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::First(_) => "the first of two sources of randomness failed",
            Self::Second(_) => "the second of two sources of randomness failed",
        })
    }
}

impl<A: core::error::Error + 'static, B: core::error::Error + 'static> core::error::Error for XorError<A, B> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::First(error) => Some(error),
            Self::Second(error) => Some(error),
        }
    }
}
