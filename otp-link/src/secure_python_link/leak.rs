//! [`Leak`]: what a file alone revealed of one value, computed for that particular file.
//!
//! A pad's character is one of 72, so a character of the value that would need another one is ruled out. Every reader of the
//! file sees which ones remain.

use super::shape::{ALPHABET, LEN, MAX_VALUE_LEN};

/// What a file alone revealed of a value.
#[derive(Clone, Debug, PartialEq)]
pub struct Leak {
    /// How many bits it revealed of the 23 characters of a value and its filler, if they are taken for characters of
    /// the alphabet, all equally likely.
    pub bits: f64,
    /// Which lengths of the value were still possible, of 0 to 23.
    pub lengths: Vec<usize>,
}

impl Leak {
    /// What everybody who reads the file knows. It does not depend on the value, not even on its length.
    pub(crate) fn of(hidden: &[u8; LEN]) -> Self {
        let bits = hidden[..MAX_VALUE_LEN].iter().map(|byte| bits_of(*byte)).sum();
        let possible = |len: &usize| {
            let digits = format!("{len:02}");
            hidden[MAX_VALUE_LEN..]
                .iter()
                .zip(digits.bytes())
                .all(|(hidden, digit)| ALPHABET.contains(&(hidden ^ digit)))
        };
        Self { bits, lengths: (0..=MAX_VALUE_LEN).filter(possible).collect() }
    }
}

/// How many bits one character reveals: the logarithm of the 72 that were possible over those that are left.
fn bits_of(hidden: u8) -> f64 {
    let left = ALPHABET.iter().filter(|shown| ALPHABET.contains(&(hidden ^ **shown))).count();
    // The true one is left if it is in the alphabet; otherwise the character is known.
    log2(count(ALPHABET.len()) / count(left.max(1)))
}

/// The binary logarithm of a number of at least 1, to 40 places: each squaring gives one more. The standard library's
/// would be the only reason to load the mathematical library.
fn log2(mut number: f64) -> f64 {
    let (mut bits, mut unit) = (0.0, 1.0);
    while number >= 2.0 {
        (number, bits) = (number / 2.0, bits + 1.0);
    }
    for _ in 0..40 {
        (number, unit) = (number * number, unit / 2.0);
        if number >= 2.0 {
            (number, bits) = (number / 2.0, bits + unit);
        }
    }
    bits
}

fn count(number: usize) -> f64 {
    u32::try_from(number).map_or(f64::INFINITY, f64::from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_logarithm_is_that_of_the_standard_library() {
        for left in 1..=72 {
            let ratio = count(72) / count(left);
            assert!((log2(ratio) - ratio.log2()).abs() < 1e-11, "{left}");
        }
    }

    /// Over all pads and all characters, by enumeration: what one character reveals on average.
    #[test]
    fn a_character_reveals_three_quarters_of_a_bit_on_average() {
        let each = ALPHABET.iter().flat_map(|shown| ALPHABET.iter().map(move |pad| bits_of(shown ^ pad)));
        let average = each.sum::<f64>() / count(72 * 72);
        assert!((0.775..0.785).contains(&average), "{average}");
    }

    /// The same bytes are a value of any length, under other pads, so what is said must not depend on it.
    #[test]
    fn every_position_counts_whether_it_is_value_or_filler() {
        let leak = Leak::of(&[0x11; LEN]);
        assert!((leak.bits - 23.0 * bits_of(0x11)).abs() < 1e-9, "{leak:?}");
    }

    /// Over all pads and all lengths, by enumeration: how many of the 24 lengths stay possible.
    #[test]
    fn on_average_eighteen_lengths_stay_possible_and_at_worst_two() {
        let mut counts = Vec::new();
        for len in 0..=MAX_VALUE_LEN {
            let digits = format!("{len:02}").into_bytes();
            for first in ALPHABET {
                for second in ALPHABET {
                    let mut hidden = [0; LEN];
                    hidden[23] = digits[0] ^ first;
                    hidden[24] = digits[1] ^ second;
                    let lengths = Leak::of(&hidden).lengths;
                    assert!(lengths.contains(&len));
                    counts.push(lengths.len());
                }
            }
        }
        let average = count(counts.iter().sum()) / count(counts.len());
        assert!((17.5..18.5).contains(&average), "{average}");
        assert_eq!(counts.iter().min(), Some(&2));
    }
}
