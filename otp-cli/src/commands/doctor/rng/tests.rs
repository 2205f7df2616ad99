//! Sources that are sound, and sources that are broken in ways that one test or another sees.

use std::convert::Infallible;

use super::*;

/// A source that gives what a function says of each byte's number.
struct Scripted<F>(F, u64);

impl<F: FnMut(u64) -> u8> TryRng for Scripted<F> {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        for byte in bytes {
            *byte = (self.0)(self.1);
            self.1 += 1;
        }
        Ok(())
    }
}

impl<F: FnMut(u64) -> u8> TryCryptoRng for Scripted<F> {}

const LEN: u64 = 1 << 20;

/// The tests that a source failed, by name.
fn failed(byte: impl FnMut(u64) -> u8) -> Vec<&'static str> {
    let Ok(report) = examine(Scripted(byte, 0), LEN);
    let failed: Vec<_> = report.tests.iter().filter(|test| !test.passed).map(|test| test.name).collect();
    assert_eq!(report.passed, failed.is_empty());
    failed
}

/// A generator of 64 bits with a known seed (splitmix64): worthless for secrets, and without a fault that shows.
fn known(at: u64) -> u64 {
    let mut word = at.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ word >> 31
}

fn known_byte(at: u64) -> u8 {
    known(at).to_be_bytes()[0]
}

#[test]
fn a_generator_with_a_known_seed_passes_as_the_report_says_itself() {
    assert_eq!(failed(known_byte), [""; 0]);
    let Ok(report) = examine(Scripted(known_byte, 0), LEN);
    assert_eq!((report.bytes, report.tests.len()), (LEN, 5));
    assert!(text(&report).contains("a generator whose seed somebody knows passes all of it"));
}

#[test]
fn a_stuck_or_alternating_source_gives_nothing_to_count() {
    for (stream, test) in [
        ((|_| 0) as fn(u64) -> u8, "repetition-count"),
        (|_| 0x55, "repetition-count"),
        (|at| if at % 2 == 0 { 0 } else { 255 }, "adaptive-proportion"),
        (|at| if at < 300_000 { known_byte(at) } else { 7 }, "repetition-count"),
    ] {
        assert_eq!(failed(stream), [test]);
    }
    let Ok(report) = examine(Scripted(|_| 0, 0), LEN);
    assert_eq!((report.bytes, report.tests.len()), (0, 2));
    assert!(text(&report).contains("don't seal anything on this machine"));
}

#[test]
fn what_the_health_tests_let_pass_and_is_biased_is_caught() {
    // One bit in 50 that should be a coin is a one: in ones, and in the values of bytes.
    let biased = |at| known_byte(at) | u8::from(known(at ^ 1 << 40).is_multiple_of(50));
    assert_eq!(failed(biased), ["monobit", "byte-frequency"]);
    // Bytes below 4 come half as often.
    let rare =
        |at| if known_byte(at) < 4 && known(at ^ 1 << 40) & 1 == 0 { known_byte(at + LEN) } else { known_byte(at) };
    assert!(failed(rare).contains(&"byte-frequency"));
}

#[test]
fn a_short_cycle_is_caught_also_one_that_is_all_too_even() {
    let far = failed(|at| known_byte(at % 1000));
    assert!(far.contains(&"byte-frequency"), "{far:?}");
    let far = failed(|at| known_byte(at % 100_000));
    assert!(far.contains(&"byte-frequency"), "{far:?}");
    // Each value once in 256, in an order that looks like none: as many ones as zeros, and chi-square 0.
    let even = |at: u64| u8::try_from(at % 256).unwrap().wrapping_mul(73) ^ 0x5a;
    assert!(failed(even).contains(&"byte-frequency"));
}

#[test]
fn bits_that_stick_to_their_neighbours_are_caught_by_their_runs() {
    // Each byte or its mirror image: whichever begins as the last one ended.
    let mut last = 0_u8;
    let sticky = move |at| {
        let byte = known_byte(at);
        last = if byte >> 7 == last & 1 { byte } else { byte.reverse_bits() };
        last
    };
    assert_eq!(failed(sticky), ["runs"]);
}

#[test]
fn a_number_of_bytes_has_a_suffix_and_bounds() {
    for (text, len) in [("64K", 65_536), ("65536", 65_536), ("16M", 1 << 24), ("2G", 1 << 31), ("1T", 1 << 40)] {
        assert_eq!(parse_len(text), Ok(len));
    }
    for text in ["", "K", "63K", "65535", "2T", "16m", "+16M", "-1", "1.5M", "99999999999999999999T", "16 M", "\u{e9}"]
    {
        assert!(parse_len(text).is_err(), "{text}");
    }
    assert_eq!(["0", "12", "1,234", "1,000,000"], [0, 12, 1234, 1_000_000].map(grouped).each_ref().map(String::as_str));
}
