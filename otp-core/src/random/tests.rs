//! Both sources against scripted ones, and the cut-offs against their definitions.

use core::convert::Infallible;
use std::vec;
use std::vec::Vec;

use core::fmt;

use rand_core::{TryCryptoRng, TryRng};

use super::*;
use crate::frame::Capacity;
use crate::hint::Hint;
use crate::tag::TAG_KEY_LEN;

/// A source that gives what a function says of each byte's number, and counts what was asked for.
struct Scripted<F> {
    byte: F,
    given: usize,
    fails_at: usize,
}

#[derive(Debug, PartialEq)]
struct Dry;

impl fmt::Display for Dry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("dry")
    }
}

impl core::error::Error for Dry {}

impl<F: FnMut(usize) -> u8> TryRng for Scripted<F> {
    type Error = Dry;

    fn try_next_u32(&mut self) -> Result<u32, Dry> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, Dry> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Dry> {
        for byte in bytes {
            if self.given >= self.fails_at {
                return Err(Dry);
            }
            *byte = (self.byte)(self.given);
            self.given += 1;
        }
        Ok(())
    }
}

impl<F: FnMut(usize) -> u8> TryCryptoRng for Scripted<F> {}

fn scripted<F: FnMut(usize) -> u8>(byte: F) -> Scripted<F> {
    Scripted { byte, given: 0, fails_at: usize::MAX }
}

/// Bytes that no test objects to: each value comes twice in a window, and never twice in a row.
fn plain(at: usize) -> u8 {
    u8::try_from(at * 7 % 256).unwrap()
}

const SPECIAL: u8 = 5;

/// `plain` without one value.
fn others(at: usize) -> u8 {
    if plain(at) == SPECIAL { 6 } else { plain(at) }
}

/// The binary logarithm of `P(Bin(n, p) >= k)`, from the definition.
fn log2_binomial_tail(n: u32, p: f64, k: u32) -> f64 {
    let log2_choose = |n: u32, k: u32| (0..k).map(|i| (f64::from(n - i) / f64::from(i + 1)).log2()).sum::<f64>();
    let term = |i: u32| log2_choose(n, i) + f64::from(i) * p.log2() + f64::from(n - i) * (1.0 - p).log2();
    (k..=n).map(|i| term(i).exp2()).sum::<f64>().log2()
}

#[test]
fn the_cutoffs_keep_a_pad_within_two_to_the_minus_forty_of_uniform() {
    let pad = Capacity::MAX.frame_len() + TAG_KEY_LEN;
    assert_eq!(pad, 65_569);
    let pad = u32::try_from(pad).unwrap();

    // A run ends at each byte with probability 256^-(C - 1): C - 1 bytes that are equal to the one before.
    let repetition = -8.0 * f64::from(REPETITION_CUTOFF - 1);
    assert!(repetition <= -64.0);
    let repetition = repetition + f64::from(pad).log2();
    assert!(repetition < -47.0);

    let proportion = log2_binomial_tail(PROPORTION_WINDOW - 1, 1.0 / 256.0, PROPORTION_CUTOFF - 1);
    assert!(proportion < -53.0);
    // A pad touches the windows that lie in it whole, and one cut by each of its ends.
    let windows = pad / PROPORTION_WINDOW + 2;
    assert_eq!(windows, 130);
    let proportion = proportion + f64::from(windows).log2();
    assert!(proportion < -45.0);

    assert!((repetition.exp2() + proportion.exp2()).log2() < -44.0);
    // The figures of the standard: C = 1 + ceil(-log2(alpha) / H), and the smallest C with a tail of at most alpha.
    assert_eq!(REPETITION_CUTOFF, 1 + 64 / 8);
    assert!(log2_binomial_tail(PROPORTION_WINDOW - 1, 1.0 / 256.0, PROPORTION_CUTOFF - 2) > -53.0);
}

#[test]
fn the_binomial_tail_is_that_of_the_definition() {
    // P(Bin(3, 1/2) >= 2) = 1/2, and P(Bin(2, 1/4) >= 1) = 7/16.
    assert!((log2_binomial_tail(3, 0.5, 2) + 1.0).abs() < 1e-12);
    assert!((log2_binomial_tail(2, 0.25, 1).exp2() - 7.0 / 16.0).abs() < 1e-12);
}

#[test]
fn a_sound_source_is_handed_on_unchanged_from_the_first_byte_after_the_start() {
    let mut source = HealthTested::new(scripted(plain));
    let mut bytes = vec![0; 70_000];
    source.try_fill_bytes(&mut bytes).unwrap();
    let expected: Vec<u8> = (STARTUP_LEN..STARTUP_LEN + 70_000).map(plain).collect();
    assert!(bytes == expected);
    let word = source.try_next_u32().unwrap();
    assert_eq!(word, u32::from_le_bytes([0, 1, 2, 3].map(|i| plain(STARTUP_LEN + 70_000 + i))));
    source.try_next_u64().unwrap();
    assert_eq!(source.source.given, STARTUP_LEN + 70_012);
}

#[test]
fn a_run_alarms_at_exactly_its_cutoff_wherever_it_stands() {
    let cutoff = usize::try_from(REPETITION_CUTOFF).unwrap();
    // Also across two calls, and across the border between start and use.
    for start in [0, 1, 500, STARTUP_LEN - 4, STARTUP_LEN, STARTUP_LEN + 60, STARTUP_LEN + 96] {
        for run in [cutoff - 1, cutoff] {
            let source = scripted(|at| if (start..start + run).contains(&at) { SPECIAL } else { others(at) });
            let mut source = HealthTested::new(source);
            let results = [0; 3].map(|_| source.try_fill_bytes(&mut [0; 64]));
            let alarmed = results.iter().any(|result| matches!(result, Err(HealthError::Repetition)));
            assert_eq!(alarmed, run == cutoff, "{run} from {start}");
        }
    }
}

#[test]
fn the_first_byte_of_all_is_no_repetition_of_anything() {
    // A state that took the zeros it starts with for a byte would count one more.
    for (run, alarms) in [(8, false), (9, true)] {
        let mut source = HealthTested::new(scripted(|at| if at < run { 0 } else { 1 + plain(at) % 255 }));
        assert_eq!(source.try_fill_bytes(&mut [0; 1]).is_err(), alarms);
    }
}

#[test]
fn a_favoured_value_alarms_at_exactly_its_cutoff_in_a_window() {
    let (window, cutoff) = (usize::try_from(PROPORTION_WINDOW).unwrap(), usize::try_from(PROPORTION_CUTOFF).unwrap());
    // The window's first byte, and every 20th after it, for so often.
    for window_number in [0, 1, 2, 5] {
        for times in [cutoff - 1, cutoff] {
            let start = window_number * window;
            let favours = |at: usize| at >= start && at < start + window && (at - start).is_multiple_of(20);
            let source = scripted(|at| if favours(at) && at < start + 20 * times { SPECIAL } else { others(at) });
            let mut source = HealthTested::new(source);
            let result = source.try_fill_bytes(&mut [0; 4096]);
            assert_eq!(matches!(result, Err(HealthError::Proportion)), times == cutoff, "{times} in {window_number}");
        }
    }
    // A value that is no window's first byte is not counted.
    let source =
        scripted(|at| if (window - 1..window + 470).contains(&at) && at % 20 == 1 { SPECIAL } else { others(at) });
    assert!(HealthTested::new(source).try_fill_bytes(&mut [0; 4096]).is_ok());
}

#[test]
fn the_figures_are_the_largest_that_were_seen_also_at_the_start() {
    let figures = |longest_run, largest_count| HealthFigures { longest_run, largest_count };
    assert_eq!(HealthTested::new(scripted(plain)).figures(), figures(0, 0));
    // In the start-up test and behind it; inside a window, so that only the run counts it.
    for start in [100, STARTUP_LEN + 10] {
        let mut source =
            HealthTested::new(scripted(|at| if (start..start + 4).contains(&at) { SPECIAL } else { others(at) }));
        source.try_fill_bytes(&mut [0; 2048]).unwrap();
        assert_eq!(source.figures(), figures(4, 2));
    }
    let window = usize::try_from(PROPORTION_WINDOW).unwrap();
    let favours = |at: usize| at >= window && at < 2 * window && at.is_multiple_of(32);
    let mut source = HealthTested::new(scripted(|at| if favours(at) { SPECIAL } else { others(at) }));
    source.try_fill_bytes(&mut [0; 2048]).unwrap();
    assert_eq!(source.figures(), figures(1, 16));

    let mut stuck = HealthTested::new(scripted(|_| 0));
    assert!(stuck.try_fill_bytes(&mut [0; 8]).is_err());
    assert!(stuck.figures().longest_run >= REPETITION_CUTOFF);
    assert!(stuck.figures().largest_count >= PROPORTION_CUTOFF);
}

#[test]
fn after_an_alarm_nothing_is_handed_out_or_even_read_any_more() {
    let stuck_until = STARTUP_LEN + 100;
    let source = scripted(|at| if (STARTUP_LEN + 80..stuck_until).contains(&at) { SPECIAL } else { others(at) });
    let mut source = HealthTested::new(source);
    assert!(source.try_fill_bytes(&mut [0; 80]).is_ok());
    let mut bytes = [0xaa; 300];
    assert!(matches!(source.try_fill_bytes(&mut bytes), Err(HealthError::Repetition)));
    assert_eq!(bytes, [0; 300]);
    let given = source.source.given;
    for _ in 0..3 {
        let mut bytes = [0xaa; 16];
        assert!(matches!(source.try_fill_bytes(&mut bytes), Err(HealthError::Repetition)));
        assert_eq!(bytes, [0; 16]);
        assert!(source.try_next_u32().is_err() && source.try_next_u64().is_err());
    }
    assert_eq!(source.source.given, given);
}

#[test]
fn a_source_that_is_stuck_from_the_start_gives_nothing() {
    for value in [0, 0xff] {
        let mut source = HealthTested::new(scripted(|_| value));
        for _ in 0..2 {
            let mut bytes = [0xaa; 16];
            assert!(matches!(source.try_fill_bytes(&mut bytes), Err(HealthError::Repetition)));
            assert_eq!(bytes, [0; 16]);
        }
    }
}

#[test]
fn a_source_that_fails_is_told_from_one_that_alarms_and_may_recover() {
    for fails_at in [0, 100, STARTUP_LEN + 3] {
        let mut source = HealthTested::new(Scripted { byte: plain, given: 0, fails_at });
        let mut bytes = [0xaa; 16];
        assert!(matches!(source.try_fill_bytes(&mut bytes), Err(HealthError::Source(Dry))));
        assert_eq!(bytes, [0; 16]);
        source.source.fails_at = usize::MAX;
        assert!(source.try_fill_bytes(&mut bytes).is_ok());
    }
}

#[test]
fn two_sources_are_joined_byte_by_byte() {
    let mut joined = Xor::new(scripted(plain), scripted(|at| plain(at + 1)));
    let mut bytes = [0; 200];
    joined.try_fill_bytes(&mut bytes).unwrap();
    for (at, byte) in bytes.into_iter().enumerate() {
        assert_eq!(byte, plain(at) ^ plain(at + 1));
    }
    assert_eq!((joined.first.given, joined.second.given), (200, 200));
    let next = |at: usize| plain(at) ^ plain(at + 1);
    let word = u32::from_le_bytes(core::array::from_fn(|index| next(200 + index)));
    let long = u64::from_le_bytes(core::array::from_fn(|index| next(204 + index)));
    assert_eq!((joined.try_next_u32().unwrap(), joined.try_next_u64().unwrap()), (word, long));
}

#[test]
fn half_of_a_mixture_is_never_handed_out() {
    for fails_at in [0, 10, 64, 150] {
        let mut bytes = [0xaa; 200];
        let mut joined = Xor::new(Scripted { byte: plain, given: 0, fails_at }, scripted(plain));
        assert!(matches!(joined.try_fill_bytes(&mut bytes), Err(XorError::First(Dry))));
        assert_eq!(bytes, [0; 200]);

        let mut bytes = [0xaa; 200];
        let mut joined = Xor::new(scripted(plain), Scripted { byte: plain, given: 0, fails_at });
        assert!(matches!(joined.try_fill_bytes(&mut bytes), Err(XorError::Second(Dry))));
        assert_eq!(bytes, [0; 200]);
    }
}

#[test]
fn each_error_tells_what_failed_and_keeps_its_cause() {
    use core::error::Error as _;
    use std::string::ToString;

    let drawn = DrawError::Source(HealthError::Source(XorError::<Dry, Dry>::Second(Dry)));
    assert_eq!(drawn.code(), Code::RandomnessFailed);
    let mut messages = vec![drawn.to_string()];
    let mut cause = drawn.source();
    while let Some(error) = cause {
        messages.push(error.to_string());
        cause = error.source();
    }
    let second = "the second of two sources of randomness failed";
    let failed = "the source of randomness failed; nothing was sealed";
    assert_eq!(messages, [failed, "the source of randomness can't be read", second, "dry"]);
    let first = XorError::<Dry, Infallible>::First(Dry);
    assert!(first.to_string().contains("first") && first.source().is_some());
    let alarms = [HealthError::<Dry>::Repetition, HealthError::Proportion];
    assert!(alarms.iter().all(|alarm| alarm.source().is_none()));
    assert!(alarms.iter().all(|alarm| alarm.hint() == Some(Hint::RepairRandomness)));
    assert_eq!(HealthError::Source(Dry).hint(), None);
    let invalid = DrawError::<Dry>::Invalid(Error::InvalidCapacity);
    assert_eq!((invalid.code(), invalid.to_string()), (Code::Usage, Error::InvalidCapacity.to_string()));
    assert!(invalid.source().is_none());
}

#[cfg(feature = "getrandom")]
#[test]
fn the_system_gives_different_bytes_each_time() {
    let mut source = system();
    let mut draws = [[0; 32]; 2];
    for draw in &mut draws {
        source.try_fill_bytes(draw).unwrap();
    }
    assert_ne!(draws[0], draws[1]);
}
