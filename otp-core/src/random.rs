//! Sources of randomness: health-tested, and combined.
//!
//! Anything that implements `rand_core`'s `TryCryptoRng` will do. [`HealthTested`] watches a source while it works, and fails
//! closed; [`Xor`] joins two sources so that the result is as good as the better one.

use core::fmt;

use crate::code::{Code, Coded};
use crate::error::Error;

mod health;
#[cfg(test)]
mod tests;
mod xor;

pub use health::{
    HealthError, HealthFigures, HealthTested, PROPORTION_CUTOFF, PROPORTION_WINDOW, REPETITION_CUTOFF, STARTUP_LEN,
};
pub use xor::{Xor, XorError};

/// The system's CSPRNG.
#[cfg(feature = "getrandom")]
pub use getrandom::SysRng as SystemRng;

/// The system's CSPRNG under its health tests: what this project's programs draw from.
#[cfg(feature = "getrandom")]
#[must_use]
pub fn system() -> HealthTested<SystemRng> {
    HealthTested::new(SystemRng)
}

/// Why nothing could be drawn.
#[derive(Debug)]
#[non_exhaustive]
pub enum DrawError<E> {
    /// What was asked for is not valid.
    Invalid(Error),
    /// The source of randomness failed.
    Source(E),
}

impl<E: core::error::Error> fmt::Display for DrawError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(error) => fmt::Display::fmt(error, f),
            Self::Source(_) => f.write_str("the source of randomness failed; nothing was sealed"),
        }
    }
}

impl<E: core::error::Error + 'static> core::error::Error for DrawError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Invalid(_) => None,
            Self::Source(error) => Some(error),
        }
    }
}

impl<E: core::error::Error + 'static> Coded for DrawError<E> {
    fn code(&self) -> Code {
        match self {
            Self::Invalid(error) => error.code(),
            Self::Source(_) => Code::RandomnessFailed,
        }
    }
}
