//! [`Randomness`]: everything that a command draws.

use std::fmt;
use std::hint::black_box;
use std::rc::Rc;

use otp_core::random::{HealthError, HealthTested, STARTUP_LEN, SystemRng, Xor, XorError};
use otp_sys::LockedVec;
use rand_core::{TryCryptoRng, TryRng};

use crate::ahead::Ahead;
use crate::entropy::{Entropy, SharedEntropy};
use crate::error::{EntropyFault, Error, Result};

/// All that a command draws: pads, tag keys, ids, generated passwords. Each source is under its own health tests.
pub struct Randomness {
    source: Source,
}

enum Source {
    System(Box<HealthTested<Ahead<SystemRng>>>),
    Mixed {
        entropy: Rc<Entropy>,
        started: bool,
        source: Box<Xor<HealthTested<Ahead<SystemRng>>, HealthTested<SharedEntropy>>>,
    },
}

impl Randomness {
    /// The system's source.
    #[must_use]
    pub fn system() -> Self {
        Self { source: Source::System(Box::new(system())) }
    }

    /// The system's source, combined by XOR with one that the user provides.
    ///
    /// Each draw uses up as many bytes of the user's source, and the first draw [`STARTUP_LEN`] more, for its start-up
    /// test. They are used up before the draw returns, and not at all if the source has too few.
    #[must_use]
    pub fn with_extra(entropy: Entropy) -> Self {
        let entropy = Rc::new(entropy);
        let shared = HealthTested::new(SharedEntropy(Rc::clone(&entropy)));
        // The user's bytes are in memory already. They come last, so that no system call is made while a trace of them is on the
        // stack.
        let source = Box::new(Xor::new(system(), shared));
        Self { source: Source::Mixed { entropy, started: false, source } }
    }

    /// A password of `len` letters, digits, `-` and `_`: 64 symbols, 6 bits each, without bias.
    ///
    /// # Errors
    ///
    /// The source's.
    pub fn password(&mut self, len: usize) -> Result<LockedVec> {
        let mut password = LockedVec::with_capacity(len);
        self.try_fill_bytes(&mut password.spare(len)[..len])?;
        password.advance(len);
        for byte in password.iter_mut() {
            *byte = symbol(*byte & 63);
        }
        Ok(password)
    }
}

/// The symbol of a number below 64: `A-Z`, `a-z`, `0-9`, `-`, `_`. No table and no branch: the number is secret.
fn symbol(number: u8) -> u8 {
    /// Each range of symbols begins at this number, where the distance from number to symbol changes by this much.
    const STEPS: [(u8, u8); 4] = [
        (26, b'a' - (b'Z' + 1)),
        (52, b'0'.wrapping_sub(b'z' + 1)),
        (62, b'-'.wrapping_sub(b'9' + 1)),
        (63, b'_' - (b'-' + 1)),
    ];
    STEPS.iter().fold(number + b'A', |symbol, (from, step)| {
        // The sign of the difference fills the byte: all bits from `from` on, none before.
        let mask = black_box((number.wrapping_sub(*from) >> 7).wrapping_sub(1));
        symbol.wrapping_add(step & mask)
    })
}

impl TryRng for Randomness {
    type Error = Error;

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<()> {
        self.fill(bytes)?;
        otp_sys::secret_input(bytes);
        Ok(())
    }

    fn try_next_u32(&mut self) -> Result<u32> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64> {
        rand_core::utils::next_word_via_fill(self)
    }
}

impl TryCryptoRng for Randomness {}

impl Randomness {
    fn fill(&mut self, bytes: &mut [u8]) -> Result<()> {
        match &mut self.source {
            Source::System(source) => source.try_fill_bytes(bytes).map_err(system_failed),
            Source::Mixed { entropy, started, source } => {
                entropy.reserve(if *started { bytes.len() } else { STARTUP_LEN + bytes.len() })?;
                *started = true;
                source.try_fill_bytes(bytes).map_err(|error| match error {
                    XorError::Second(HealthError::Source(error)) => error,
                    XorError::Second(_) => {
                        Error::Entropy { name: entropy.name().to_owned(), fault: EntropyFault::NotRandom }
                    }
                    XorError::First(error) => system_failed(error),
                })
            }
        }
    }
}

/// The system's source, as [`otp_core::random::system`] tests it, asked once for what most commands need.
fn system() -> HealthTested<Ahead<SystemRng>> {
    HealthTested::new(Ahead::new(SystemRng))
}

fn system_failed<E: std::error::Error + Send + Sync + 'static>(error: E) -> Error {
    Error::Randomness(Box::new(error))
}

impl fmt::Debug for Randomness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Randomness(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_number_has_its_symbol() {
        let symbols: Vec<u8> = (0..64).map(symbol).collect();
        assert_eq!(symbols, *b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
    }
}
