//! `otp doctor --rng`: the system's source over a longer run, with counts, p-values, and what they mean.

#[cfg(test)]
mod tests;

use otp_core::Code;
use otp_core::random::{HealthError, HealthTested, PROPORTION_CUTOFF, PROPORTION_WINDOW, REPETITION_CUTOFF, SystemRng};
use rand_core::{TryCryptoRng, TryRng};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::Result;
use crate::error::Error;
use crate::statistics::{self, Bits, Counts, DEGREES, real};
use crate::terminal::{self, Progress};

/// A p-value below this is a problem. Of three tests of a good source, one shows that once in 300 million runs.
const ALARM_BELOW: f64 = 1e-9;
/// How much is drawn at once, in bytes.
const CHUNK_LEN: usize = 64 * 1024;
/// The p-values are those of large numbers: with fewer bytes they would not hold as far out as [`ALARM_BELOW`].
const MIN_LEN: u64 = 64 << 10;
const MAX_LEN: u64 = 1 << 40;

const SCOPE: &str = "passing says that the source is not grossly broken, and no more: a generator whose seed \
    somebody knows passes all of it";

/// What `doctor --rng --json` prints.
#[derive(Serialize)]
struct Report {
    bytes: u64,
    alarm_below: f64,
    tests: Vec<Test>,
    passed: bool,
    meaning: &'static str,
}

#[derive(Serialize)]
struct Test {
    name: &'static str,
    observed: f64,
    /// What a uniform source has on average, where the test asks for that.
    expected: Option<f64>,
    /// From where on it is an alarm, where the test asks for that.
    alarm_at: Option<u32>,
    p: Option<f64>,
    passed: bool,
    meaning: String,
}

/// Reads a number of bytes, with K, M, G or T for powers of 1,024.
pub(crate) fn parse_len(text: &str) -> Result<u64, String> {
    let (digits, shift) = match text.bytes().last() {
        Some(b'K') => (&text[..text.len() - 1], 10),
        Some(b'M') => (&text[..text.len() - 1], 20),
        Some(b'G') => (&text[..text.len() - 1], 30),
        Some(b'T') => (&text[..text.len() - 1], 40),
        _ => (text, 0),
    };
    let number = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse::<u64>().ok()).flatten();
    let len = number.and_then(|number| number.checked_mul(1 << shift));
    len.filter(|len| (MIN_LEN..=MAX_LEN).contains(len))
        .ok_or_else(|| "it takes a number of bytes from 64K to 1T, such as 16M".to_owned())
}

pub(super) fn run(len: u64, json: bool) -> Result<()> {
    let progress = Progress::during("drawing from the system's source");
    let report = examine(SystemRng, len).map_err(|error| {
        Error::Randomness(format!("the source of randomness can't be read, so nothing can be said of it: {error}"))
    })?;
    drop(progress);
    if json {
        terminal::write_json(&report)?;
    } else {
        terminal::write_stdout(text(&report).as_bytes())?;
    }
    if report.passed { Ok(()) } else { Err(Error::Found(Code::RandomnessFailed)) }
}

/// Draws from a source through its health tests, until one of them alarms, and tests what came.
fn examine<R: TryCryptoRng>(source: R, len: u64) -> Result<Report, R::Error>
where
    R::Error: 'static,
{
    let mut source = HealthTested::new(source);
    let mut counts = Counts::new();
    let mut chunk = Zeroizing::new(vec![0; CHUNK_LEN]);
    let alarm = loop {
        let left = len - counts.len();
        if left == 0 {
            break None;
        }
        let part = &mut chunk[..usize::try_from(left).map_or(CHUNK_LEN, |left| left.min(CHUNK_LEN))];
        match source.try_fill_bytes(part) {
            Ok(()) => counts.add(part),
            Err(HealthError::Source(error)) => return Err(error),
            Err(alarm) => break Some(alarm),
        }
    };
    let figures = source.figures();
    let mut tests = vec![
        watched(
            "repetition-count",
            figures.longest_run,
            REPETITION_CUTOFF,
            !matches!(alarm, Some(HealthError::Repetition)),
            "equal bytes in a row at most",
        ),
        watched(
            "adaptive-proportion",
            figures.largest_count,
            PROPORTION_CUTOFF,
            !matches!(alarm, Some(HealthError::Proportion)),
            &format!("equal bytes in a window of {PROPORTION_WINDOW} at most"),
        ),
    ];
    // Of a source that gives nothing any more there is too little to say.
    if alarm.is_none() {
        tests.extend(computed(&counts));
    }
    let passed = tests.iter().all(|test| test.passed);
    Ok(Report { bytes: counts.len(), alarm_below: ALARM_BELOW, tests, passed, meaning: SCOPE })
}

/// A health test, which has watched the source while it was drawn from.
fn watched(name: &'static str, observed: u32, alarm_at: u32, passed: bool, what: &str) -> Test {
    let meaning = format!("{observed} {what}; {alarm_at} are an alarm");
    Test { name, observed: observed.into(), expected: None, alarm_at: Some(alarm_at), p: None, passed, meaning }
}

/// The tests of what was counted.
fn computed(counts: &Counts) -> [Test; 3] {
    let bits = counts.bits();
    let Bits { len, ones, runs } = bits;
    let chi_square = counts.chi_square();
    let p = statistics::chi_square_both_ways(chi_square);
    [
        rarity(
            "monobit",
            real(ones),
            real(len) / 2.0,
            bits.monobit(),
            &format!("{} ones of {} bits", grouped(ones), grouped(len)),
        ),
        rarity("runs", real(runs), bits.expected_runs(), bits.runs(), &format!("{} runs of equal bits", grouped(runs))),
        rarity(
            "byte-frequency",
            chi_square,
            DEGREES.into(),
            p,
            &format!("chi-square {chi_square:.1} of 256 values, {DEGREES} expected"),
        ),
    ]
}

fn rarity(name: &'static str, observed: f64, expected: f64, p: f64, what: &str) -> Test {
    let passed = p >= ALARM_BELOW;
    let how_often = if p < ALARM_BELOW {
        "a good source is as far off as this in fewer than 1 of 1,000,000,000 runs: this one is broken".to_owned()
    } else if p > 0.5 {
        "a good source is as far off as this in more than half of all runs".to_owned()
    } else {
        format!("a good source is as far off as this in about 1 of {:.0} runs", 1.0 / p)
    };
    let meaning = format!("{what}; p = {}; {how_often}", shown(p));
    Test { name, observed, expected: Some(expected), alarm_at: None, p: Some(p), passed, meaning }
}

fn shown(p: f64) -> String {
    if p < 0.001 { format!("{p:.2e}") } else { format!("{p:.4}") }
}

/// A number with a comma between each three digits.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn text(report: &Report) -> String {
    let mut text = format!(
        "{} bytes of the system's source, through the health tests that sealing uses\n\n",
        grouped(report.bytes)
    );
    for Test { name, passed, meaning, .. } in &report.tests {
        let verdict = if *passed { "passed" } else { "FAILED" };
        text.push_str(&format!(
            "{name:<20} {verdict}  {}\n",
            meaning.replace("; a good", "\n                             a good")
        ));
    }
    if report.passed {
        text.push_str(&format!("\n{SCOPE}\n"));
    } else {
        text.push_str("\nto mend it: don't seal anything on this machine until its randomness is mended\n");
    }
    text
}
