//! [`HealthTested`]: a source that is watched while it works.

use core::fmt;

use rand_core::{TryCryptoRng, TryRng};
use subtle::ConstantTimeEq;
use zeroize::Zeroize;

use crate::ct;
use crate::hint::Hint;

/// Why a health-tested source gave nothing.
#[derive(Debug)]
#[non_exhaustive]
pub enum HealthError<E> {
    /// The source itself failed.
    Source(E),
    /// One byte came too often in a row: the repetition count test.
    Repetition,
    /// One byte came too often in a window: the adaptive proportion test.
    Proportion,
}

impl<E> HealthError<E> {
    /// What to do about it: nothing that a health test can know, if the source itself failed.
    #[must_use]
    pub const fn hint(&self) -> Option<Hint<'static>> {
        match self {
            Self::Source(_) => None,
            Self::Repetition | Self::Proportion => Some(Hint::RepairRandomness),
        }
    }
}

impl<E: core::error::Error> fmt::Display for HealthError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Source(_) => "the source of randomness can't be read",
            Self::Repetition => "the source of randomness repeats itself",
            Self::Proportion => "the source of randomness prefers some values",
        })
    }
}

impl<E: core::error::Error + 'static> core::error::Error for HealthError<E> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Source(error) => Some(error),
            Self::Repetition | Self::Proportion => None,
        }
    }
}

/// A source under the continuous health tests of NIST SP 800-90B (section 4.4), with a start-up test (section 4.3).
///
/// A sample is one byte, claimed to have full entropy, `H = 8` bits. Before the first byte is handed out, 1,024 are
/// drawn, tested and discarded. Everything handed out has passed; once a test fails, the source returns nothing more.
///
/// # The cut-offs
///
/// A false alarm costs a call, and nothing more. But a pad that is handed out only after it has passed a test is no longer
/// exactly uniform. Its distance from uniform is at most the probability of an alarm while it is drawn, so the cut-offs
/// bound that, for the longest pad and its tag key (65,569 bytes, below 2^16.01 samples):
///
/// - Repetition count: alarm at [`REPETITION_CUTOFF`] = 9 equal bytes in a row. Section 4.4.1 gives
///   `C = 1 + ceil(-log2(alpha) / H)`, so `alpha = 2^-64` per sample, and below `2^-47` per pad.
/// - Adaptive proportion: in windows of [`PROPORTION_WINDOW`] = 512 bytes, alarm when the window's first byte occurs
///   [`PROPORTION_CUTOFF`] = 24 times. Each of the other 511 bytes is equal to it with probability `1/256`, so
///   `alpha = P(Bin(511, 1/256) >= 23) < 2^-53` per window, and below `2^-45` for the at most 130 windows of a pad.
///
/// Together that is below `2^-44`, within the `2^-40` that the threat model states beside Shannon's theorem. A unit test
/// computes these figures from the definitions.
#[derive(Debug)]
pub struct HealthTested<R> {
    pub(super) source: R,
    state: State,
}

/// How many equal bytes in a row are an alarm.
pub const REPETITION_CUTOFF: u32 = 9;
/// The window of the adaptive proportion test, in bytes.
pub const PROPORTION_WINDOW: u32 = 512;
/// How many bytes equal to the first one of a window are an alarm.
pub const PROPORTION_CUTOFF: u32 = 24;
/// How many bytes are tested and discarded before the first is handed out.
pub const STARTUP_LEN: usize = 1024;

/// How close a source has come to an alarm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthFigures {
    /// The most equal bytes in a row; [`REPETITION_CUTOFF`] are an alarm.
    pub longest_run: u32,
    /// The most bytes of a window that were equal to its first; [`PROPORTION_CUTOFF`] are an alarm.
    pub largest_count: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Alarm {
    None,
    Repetition,
    Proportion,
}

struct State {
    started: bool,
    alarm: Alarm,
    last: u8,
    run: u32,
    first: u8,
    count: u32,
    position: u32,
    seen: HealthFigures,
}

impl State {
    const fn new() -> Self {
        let seen = HealthFigures { longest_run: 0, largest_count: 0 };
        Self { started: false, alarm: Alarm::None, last: 0, run: 0, first: 0, count: 0, position: 0, seen }
    }

    /// Puts bytes through both tests. The bytes may be a pad: nothing here branches on them but the alarm itself.
    fn test(&mut self, bytes: &[u8]) {
        // A plain `==` would do, if compilers did not turn a multiplication by its result into a branch.
        let equal = |left: u8, right: u8| u32::from(left.ct_eq(&right).unwrap_u8());
        let (mut repetition, mut proportion) = (false, false);
        for &byte in bytes {
            // A run of 0 marks the very first byte, which has nothing before it.
            self.run = (self.run & equal(byte, self.last).wrapping_neg()).wrapping_add(1);
            self.last = byte;
            self.seen.longest_run = larger(self.seen.longest_run, self.run);
            repetition |= self.run >= REPETITION_CUTOFF;

            if self.position == 0 {
                (self.first, self.count) = (byte, 0);
            }
            self.count = self.count.wrapping_add(equal(byte, self.first));
            self.seen.largest_count = larger(self.seen.largest_count, self.count);
            proportion |= self.count >= PROPORTION_CUTOFF;
            self.position = (self.position + 1) % PROPORTION_WINDOW;
        }
        if ct::reveal(repetition) {
            self.alarm = Alarm::Repetition;
        } else if ct::reveal(proportion) {
            self.alarm = Alarm::Proportion;
        }
    }
}

impl Drop for State {
    fn drop(&mut self) {
        self.last.zeroize();
        self.first.zeroize();
    }
}

/// The larger of two numbers below 2^31, without a branch.
fn larger(left: u32, right: u32) -> u32 {
    let below = left.wrapping_sub(right) >> 31;
    left ^ (left ^ right) & below.wrapping_neg()
}

impl fmt::Debug for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.alarm)
    }
}

impl<R: TryCryptoRng> HealthTested<R> {
    /// Puts a source under test.
    #[must_use]
    pub const fn new(source: R) -> Self {
        Self { source, state: State::new() }
    }

    /// How close the source has come to an alarm so far, in everything drawn from it.
    #[must_use]
    pub fn figures(&self) -> HealthFigures {
        ct::reveal(self.state.seen)
    }

    fn start(&mut self) -> Result<(), HealthError<R::Error>> {
        let mut sample = [0; 64];
        for _ in 0..STARTUP_LEN / sample.len() {
            self.draw(&mut sample)?;
        }
        sample.zeroize();
        self.state.started = true;
        Ok(())
    }

    fn draw(&mut self, bytes: &mut [u8]) -> Result<(), HealthError<R::Error>> {
        let result = self.check_alarm().and_then(|()| {
            self.source.try_fill_bytes(bytes).map_err(HealthError::Source)?;
            self.state.test(bytes);
            self.check_alarm()
        });
        if result.is_err() {
            bytes.zeroize();
        }
        result
    }

    fn check_alarm(&self) -> Result<(), HealthError<R::Error>> {
        match self.state.alarm {
            Alarm::None => Ok(()),
            Alarm::Repetition => Err(HealthError::Repetition),
            Alarm::Proportion => Err(HealthError::Proportion),
        }
    }
}

impl<R: TryCryptoRng> TryRng for HealthTested<R>
where
    R::Error: 'static,
{
    type Error = HealthError<R::Error>;

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        if !self.state.started {
            self.start().inspect_err(|_| bytes.zeroize())?;
        }
        self.draw(bytes)
    }

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        rand_core::utils::next_word_via_fill(self)
    }
}

impl<R: TryCryptoRng> TryCryptoRng for HealthTested<R> where R::Error: 'static {}

#[cfg(test)]
mod tests {
    use super::larger;

    #[test]
    fn the_larger_of_two_numbers_is_the_larger() {
        let most = (1 << 31) - 1;
        for left in (0..64).chain([most - 1, most]) {
            for right in (0..64).chain([most - 1, most]) {
                assert_eq!(larger(left, right), left.max(right), "{left} {right}");
            }
        }
    }
}
