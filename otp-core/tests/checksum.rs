//! What the checksum detects: the claims in `docs/format.md`, proved for the longest key and record.
//!
//! The places of changed bits form a polynomial E. A change goes unnoticed exactly if E is a multiple of (x + 1) T,
//! wherever the bits are, even in the checksum itself. So each claim is about multiples of that polynomial.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use otp_core::{Record, checksum, key};
use proptest::prelude::*;

/// T = x^31 + x^7 + x^5 + x^3 + 1.
const T: u32 = 1 << 31 | 1 << 7 | 1 << 5 | 1 << 3 | 1;
/// (x + 1) T, without its x^32.
const POLYNOMIAL: u32 = T << 1 ^ T;
/// The most bits that a checksum covers, including its own.
const LONGEST: usize = (if Record::MAX_LEN > key::MAX_LEN { Record::MAX_LEN } else { key::MAX_LEN }) * 8;
/// Up to this many bits, four and five changed bits are detected as well.
const SHORT: usize = 500 * 8;

/// Polynomial division, as done by hand.
fn by_hand(bytes: &[u8]) -> [u8; checksum::LEN] {
    let mut remainder = 0_u32;
    for byte in bytes {
        remainder ^= u32::from(*byte) << 24;
        for _ in 0..8 {
            remainder = remainder << 1 ^ if remainder >> 31 == 1 { POLYNOMIAL } else { 0 };
        }
    }
    (!remainder).to_be_bytes()
}

/// 1, x, x^2, ... modulo a polynomial with x^`degree`.
fn powers(polynomial: u64, degree: u32) -> impl Iterator<Item = u32> {
    std::iter::successors(Some(1_u64), move |power| {
        let next = power << 1;
        Some(if next >> degree == 1 { next ^ polynomial } else { next })
    })
    .map(|power| u32::try_from(power).unwrap())
}

#[test]
fn the_checksum_is_what_the_catalogue_of_its_parameters_says() {
    assert_eq!(POLYNOMIAL, 0x8000_01fb);
    assert_eq!(checksum::of(b"123456789"), [0x0b, 0x4b, 0x4b, 0xfc]);
    assert_eq!(checksum::of(b""), [0xff; 4]);
    let bytes: Vec<u8> = (0..=u8::MAX).cycle().map(|n| n.wrapping_mul(n) ^ n).take(1_000).collect();
    for len in 0..=bytes.len() {
        assert_eq!(checksum::of(&bytes[..len]), by_hand(&bytes[..len]), "{len} bytes");
    }
}

#[test]
fn all_pairs_of_bytes_are_divided_as_by_hand() {
    for pair in 0..=u16::MAX {
        assert_eq!(checksum::of(&pair.to_be_bytes()), by_hand(&pair.to_be_bytes()));
    }
}

proptest! {
    #[test]
    fn any_bytes_are_divided_as_by_hand(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        prop_assert_eq!(checksum::of(&bytes), by_hand(&bytes));
        prop_assert_eq!(checksum::of(&bytes), otp_reference::checksum(&bytes));
    }
}

#[test]
fn each_bit_of_the_longest_record_changes_the_checksum_by_a_power_of_x() {
    let mut bytes = vec![0x5a; LONGEST / 8 - checksum::LEN];
    let whole = u32::from_be_bytes(checksum::of(&bytes));
    assert_eq!(whole.to_be_bytes(), by_hand(&bytes));
    let powers: Vec<u32> = powers(u64::from(POLYNOMIAL) | 1 << 32, 32).take(LONGEST).collect();
    let bits = bytes.len() * 8;
    // Every bit near the start and the end, and every 1,009th between them.
    for bit in (0..bits).filter(|bit| *bit < 300 || bits - *bit < 300 || bit % 1009 == 0) {
        bytes[bit / 8] ^= 0x80 >> (bit % 8);
        let changed = u32::from_be_bytes(checksum::of(&bytes));
        bytes[bit / 8] ^= 0x80 >> (bit % 8);
        assert_eq!(changed ^ whole, powers[bits - 1 - bit + 32], "bit {bit}");
    }
}

#[test]
fn t_is_irreducible_and_so_x_has_order_2_to_the_31_minus_1() {
    // Squaring x 31 times gives x again, modulo T. So T divides x^(2^31) - x, and as 31 is prime, its factors are of
    // degree 1 or 31. It has none of degree 1: neither 0 nor 1 is a root.
    let square = |value: u32| {
        let multiples = multiples_of(value);
        (0..31).filter(|bit| value >> bit & 1 == 1).fold(0, |sum, bit| sum ^ multiples[bit])
    };
    assert_eq!((0..31).fold(2, |power, _| square(power)), 2);
    assert_eq!((T & 1, T.count_ones() % 2), (1, 1));
}

/// A polynomial below degree 31 times 1, x, ..., x^30, modulo T.
fn multiples_of(value: u32) -> Vec<u32> {
    let next = |value: &u32| Some(if value >> 30 & 1 == 1 { value << 1 ^ T } else { value << 1 });
    std::iter::successors(Some(value), next).take(31).collect()
}

#[test]
fn up_to_three_changed_bits_are_noticed_in_the_longest_record() {
    // One and three: x + 1 divides only polynomials with an even number of terms. Two: no two powers of x are congruent.
    assert_eq!((u64::from(POLYNOMIAL) | 1 << 32).count_ones() % 2, 0);
    let mut powers: Vec<u32> = powers(T.into(), 31).take(LONGEST).collect();
    powers.sort_unstable();
    assert!(powers.windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
fn up_to_five_changed_bits_are_noticed_in_500_bytes() {
    // Four: no two sums of two powers are congruent. Five: as above, an odd number.
    let powers: Vec<u32> = powers(T.into(), 31).take(SHORT).collect();
    let pairs = powers.iter().enumerate().flat_map(|(at, left)| powers[..at].iter().map(move |right| left ^ right));
    let mut sums: Vec<u32> = pairs.collect();
    sums.sort_unstable();
    assert!(sums.windows(2).all(|pair| pair[0] != pair[1]));
}

#[test]
fn changes_that_lie_within_32_bits_are_noticed() {
    // Such a change is x^k times a polynomial below degree 32, which (x + 1) T, of degree 32 and prime to x, can't
    // divide. The last 32 bits are the checksum itself, which has one value. It remains to show that the checksum
    // depends one to one on any 32 neighbouring bits before it: the changes that they cause are linearly independent.
    let bytes = [0_u8; 40];
    let whole = u32::from_be_bytes(checksum::of(&bytes));
    for start in 0..bytes.len() * 8 - 32 {
        let mut basis = [0_u32; 32];
        for bit in start..start + 32 {
            let mut changed = bytes;
            changed[bit / 8] ^= 0x80 >> (bit % 8);
            let mut change = u32::from_be_bytes(checksum::of(&changed)) ^ whole;
            while change != 0 {
                let top = change.ilog2() as usize;
                if basis[top] == 0 {
                    basis[top] = change;
                    break;
                }
                change ^= basis[top];
            }
            assert_ne!(change, 0, "bits from {start}");
        }
    }
}
