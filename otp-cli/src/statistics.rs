//! Statistical tests of a stream of bytes, each with its p-value: what a uniform source would show as rarely.
//!
//! The stream goes by once, and is kept nowhere; what is counted of it takes the same memory however long it is.

/// What is counted of a stream. The bits of a byte come from its highest on.
pub(crate) struct Counts {
    bytes: [u64; 256],
    /// Neighbouring bits that differ, where one ends a byte and the other begins the next.
    borders: u64,
    last: Option<u8>,
}

/// Bits, the ones among them, and the runs of equal bits that they make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bits {
    pub(crate) len: u64,
    pub(crate) ones: u64,
    pub(crate) runs: u64,
}

impl Counts {
    pub(crate) const fn new() -> Self {
        Self { bytes: [0; 256], borders: 0, last: None }
    }

    pub(crate) fn add(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.bytes[usize::from(byte)] += 1;
            self.borders += self.last.map_or(0, |last| u64::from(last & 1 ^ byte >> 7));
            self.last = Some(byte);
        }
    }

    /// How many bytes there were.
    pub(crate) fn len(&self) -> u64 {
        self.bytes.iter().sum()
    }

    pub(crate) fn bits(&self) -> Bits {
        let sum =
            |of: fn(u8) -> u32| (0..=u8::MAX).zip(self.bytes).map(|(byte, count)| u64::from(of(byte)) * count).sum();
        let ones: u64 = sum(u8::count_ones);
        let changes: u64 = sum(|byte| ((byte ^ byte >> 1) & 0x7f).count_ones());
        Bits { len: 8 * self.len(), ones, runs: changes + self.borders + u64::from(self.last.is_some()) }
    }

    /// Chi-square of the values of the bytes, with [`DEGREES`] degrees of freedom.
    pub(crate) fn chi_square(&self) -> f64 {
        let expected = real(self.len()) / 256.0;
        self.bytes.iter().map(|count| (real(*count) - expected).powi(2) / expected).sum()
    }
}

/// The degrees of freedom of 256 values whose sum is known.
pub(crate) const DEGREES: u32 = 255;

impl Bits {
    /// How rarely a uniform source has ones and zeros as unequal as this (NIST SP 800-22, 2.1).
    pub(crate) fn monobit(&self) -> f64 {
        let difference = (2.0 * real(self.ones) - real(self.len)).abs();
        libm::erfc(difference / (2.0 * real(self.len)).sqrt())
    }

    /// How many runs are to be expected of so many ones and zeros in any order.
    pub(crate) fn expected_runs(&self) -> f64 {
        2.0 * real(self.len) * self.share() * (1.0 - self.share())
    }

    /// How rarely a uniform source has a number of runs as far from that (NIST SP 800-22, 2.3).
    ///
    /// The standard leaves this test out where ones and zeros are too unequal. Here it is always made: the number that is
    /// expected takes the ones into account.
    pub(crate) fn runs(&self) -> f64 {
        if self.ones == 0 || self.ones == self.len {
            return 0.0;
        }
        let spread = 2.0 * (2.0 * real(self.len)).sqrt() * self.share() * (1.0 - self.share());
        libm::erfc((real(self.runs) - self.expected_runs()).abs() / spread)
    }

    fn share(&self) -> f64 {
        real(self.ones) / real(self.len)
    }
}

/// How rarely a uniform source has a chi-square as far from what is expected, above or below.
///
/// A source whose values come *too* evenly is as broken as one that prefers some.
pub(crate) fn chi_square_both_ways(chi_square: f64) -> f64 {
    let above = chi_square_tail(chi_square);
    (2.0 * above.min(1.0 - above)).min(1.0)
}

/// The probability of a chi-square of at least this, with [`DEGREES`] degrees of freedom: the regularised incomplete gamma
/// function `Q(DEGREES / 2, chi_square / 2)`.
///
/// For an odd number of degrees it is a finite sum (Abramowitz and Stegun, 26.4.4), taken here from logarithms, since its
/// terms may lie beyond any number although the sum does not.
fn chi_square_tail(chi_square: f64) -> f64 {
    if chi_square <= 0.0 {
        return 1.0;
    }
    let mut term = (2.0 / std::f64::consts::PI).sqrt().ln() + (chi_square.ln() - chi_square) / 2.0;
    let mut sum = libm::erfc((chi_square / 2.0).sqrt());
    for odd in (1..DEGREES).step_by(2) {
        sum += term.exp();
        term += (chi_square / f64::from(odd + 2)).ln();
    }
    sum.min(1.0)
}

/// A count as a real number. It is exact up to 2^53, far above what can be counted.
#[allow(clippy::cast_precision_loss, reason = "counts stay below 2^53")]
pub(crate) fn real(count: u64) -> f64 {
    count as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is counted of bits that are written out.
    fn counted(bits: &str) -> Bits {
        let bits: Vec<char> = bits.chars().filter(char::is_ascii_digit).collect();
        let ones = bits.iter().filter(|bit| **bit == '1').count();
        let runs = 1 + bits.windows(2).filter(|pair| pair[0] != pair[1]).count();
        Bits { len: bits.len() as u64, ones: ones as u64, runs: runs as u64 }
    }

    #[track_caller]
    fn near(value: f64, expected: f64, within: f64) {
        assert!((value - expected).abs() <= within, "{value} is not {expected}");
    }

    /// The first 100 binary digits of pi, as the standard's examples have them.
    const PI: &str = "1100100100001111110110101010001000100001011010001100 \
        001000110100110001001100011001100010100010111000";

    #[test]
    fn monobit_and_runs_give_what_the_standards_examples_say() {
        near(counted("1011010101").monobit(), 0.527_089, 5e-7);
        near(counted("1001101011").runs(), 0.147_232, 5e-7);
        let pi = counted(PI);
        assert_eq!(pi, Bits { len: 100, ones: 42, runs: 52 });
        near(pi.monobit(), 0.109_599, 5e-7);
        near(pi.runs(), 0.500_798, 5e-7);
        // The first million binary digits of e: counted elsewhere, p-values from appendix B.
        let e = Bits { len: 1_000_000, ones: 500_029, runs: 499_710 };
        near(e.monobit(), 0.953_749, 5e-7);
        near(e.runs(), 0.561_917, 5e-7);
    }

    #[test]
    fn the_tail_of_chi_square_is_that_of_other_hands() {
        // From a library of arbitrary precision; the second and third are the table's 5 % and 1 %.
        for (chi_square, p) in [
            (255.0, 0.488_222_521_770_406),
            (293.247_835_080_7, 0.05),
            (310.457_388, 0.010_000_000_227_8),
            (205.42, 0.990_001_195_920_617),
            (400.0, 1.660_002_524_412_45e-8),
            (500.0, 4.384_961_916_799_65e-18),
        ] {
            let tail = chi_square_tail(chi_square);
            near(tail / p, 1.0, 1e-10);
        }
        near(1.0 - chi_square_tail(150.0), 2.190_4e-8, 1e-12);
        near(chi_square_tail(0.0), 1.0, 0.0);
        near(chi_square_tail(1e12), 0.0, 0.0);
        near(chi_square_both_ways(0.0), 0.0, 0.0);
        near(chi_square_both_ways(293.247_835_080_7), 0.1, 1e-10);
        assert!(chi_square_both_ways(254.4) > 0.99);
    }

    #[test]
    fn a_stream_is_counted_alike_in_whatever_pieces_it_comes() {
        let bytes: Vec<u8> = (0..3000_u32).map(|n| u8::try_from(n * n % 251).unwrap()).collect();
        let text = bytes.iter().map(|byte| format!("{byte:08b}")).collect::<Vec<_>>().concat();
        for piece in [1, 7, 3000] {
            let mut counts = Counts::new();
            bytes.chunks(piece).for_each(|piece| counts.add(piece));
            assert_eq!((counts.len(), counts.bits()), (3000, counted(&text)));
        }
        let mut counts = Counts::new();
        assert_eq!(counts.bits(), Bits { len: 0, ones: 0, runs: 0 });
        counts.add(&(0..=255).collect::<Vec<u8>>());
        near(counts.chi_square(), 0.0, 0.0);
        // One value comes twice, one not at all: (1 + 1) / 1.
        let mut counts = Counts::new();
        counts.add(&(0..=254).chain([7]).collect::<Vec<u8>>());
        near(counts.chi_square(), 2.0, 1e-12);
    }
}
