//! What a command draws from: the system's source, or that and one that the user brings along.

use std::fmt;
use std::path::Path;

use otp_core::random::{self, HealthError, HealthTested, STARTUP_LEN, SystemRng, Xor, XorError};
use otp_store_fs::entropy::{Entropy, EntropyError, Used};
use rand_core::{TryCryptoRng, TryRng};

use crate::Result;
use crate::args::{EntropyArgs, EntropyUsed};
use crate::error::Error;

/// The user's own source, if there is one. Opening it takes nothing from it.
pub(crate) fn open(args: &EntropyArgs) -> Result<Option<Entropy>> {
    let used = match args.entropy_used {
        EntropyUsed::Record => Used::Record,
        EntropyUsed::Destroy => Used::Destroy,
    };
    Ok(args.extra_entropy.as_deref().map(|path| Entropy::open(path, used)).transpose()?)
}

/// Refuses to read two things from one stream: the first would take all of it.
///
/// Each is what people call it, and the number of the descriptor that it is read from, if it is.
pub(crate) fn check_streams(uses: &[(&str, Option<i32>)]) -> Result<()> {
    for (number, (first, stream)) in uses.iter().enumerate() {
        if let Some((second, _)) = uses[number + 1..].iter().find(|(_, other)| stream.is_some() && other == stream) {
            return Err(Error::Usage(format!(
                "{first} and {second} can't come from one stream; give one of them another way"
            )));
        }
    }
    Ok(())
}

/// The descriptor that a file is read from, if it is `-`.
pub(crate) fn stream_of(path: Option<&Path>) -> Option<i32> {
    (path == Some(Path::new("-"))).then_some(0)
}

/// All that a command draws: pads, tag keys, ids, generated passwords. Each source has its own health tests.
pub(crate) struct Randomness<'e> {
    entropy: Option<&'e Entropy>,
    started: bool,
    source: Source<'e>,
}

enum Source<'e> {
    System(HealthTested<SystemRng>),
    Mixed(Xor<HealthTested<&'e Entropy>, HealthTested<SystemRng>>),
}

impl<'e> Randomness<'e> {
    pub(crate) fn new(entropy: Option<&'e Entropy>) -> Self {
        let source = match entropy {
            Some(entropy) => Source::Mixed(Xor::new(HealthTested::new(entropy), random::system())),
            None => Source::System(random::system()),
        };
        Self { entropy, started: false, source }
    }

    /// Whether the user brought a source along, of which nothing should be wasted.
    pub(crate) fn is_mixed(&self) -> bool {
        self.entropy.is_some()
    }

    /// Takes from the user's own source what the next draws need; the first time, the start-up test's bytes too.
    pub(crate) fn reserve(&mut self, len: usize) -> Result<()> {
        if let Some(entropy) = self.entropy {
            entropy.reserve(if self.started { len } else { STARTUP_LEN + len })?;
            self.started = true;
        }
        Ok(())
    }
}

impl TryRng for Randomness<'_> {
    type Error = DrawFailed;

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), DrawFailed> {
        match &mut self.source {
            Source::System(source) => source.try_fill_bytes(bytes).map_err(|error| DrawFailed::System(Box::new(error))),
            Source::Mixed(source) => source.try_fill_bytes(bytes).map_err(|error| match error {
                XorError::First(HealthError::Source(error)) => DrawFailed::Extra(error),
                XorError::First(_) => {
                    DrawFailed::ExtraAlarm(self.entropy.map(Entropy::name).unwrap_or_default().to_owned())
                }
                XorError::Second(error) => DrawFailed::System(Box::new(error)),
            }),
        }
    }

    fn try_next_u32(&mut self) -> Result<u32, DrawFailed> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, DrawFailed> {
        rand_core::utils::next_word_via_fill(self)
    }
}

impl TryCryptoRng for Randomness<'_> {}

/// Which source failed.
#[derive(Debug)]
pub(crate) enum DrawFailed {
    /// The system's.
    System(Box<dyn std::error::Error + Send + Sync>),
    /// The user's own.
    Extra(EntropyError),
    /// A health test of the user's own, which has this name.
    ExtraAlarm(String),
}

impl fmt::Display for DrawFailed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::System(error) => error.fmt(f),
            Self::Extra(error) => error.fmt(f),
            Self::ExtraAlarm(name) => write!(
                f,
                "the extra entropy in {name} repeats itself or prefers some values, so it is no random bytes; use another source"
            ),
        }
    }
}

impl std::error::Error for DrawFailed {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::System(error) => error.source(),
            Self::Extra(error) => error.source(),
            Self::ExtraAlarm(_) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::check_streams;

    #[test]
    fn two_uses_of_one_stream_are_refused_and_none_or_two_streams_are_not() {
        for (streams, refused) in [
            ([None, None, None], false),
            ([Some(0), None, Some(3)], false),
            ([Some(0), None, Some(0)], true),
            ([None, Some(3), Some(3)], true),
        ] {
            let [key, password, entropy] = streams;
            let uses = [("key", key), ("password", password), ("extra entropy", entropy)];
            assert_eq!(check_streams(&uses).is_err(), refused, "{streams:?}");
        }
    }
}
