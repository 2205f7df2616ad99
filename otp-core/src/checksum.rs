//! The checksum at the end of keys, records and notes. It finds accidents, not attacks.
//!
//! It is a 32-bit CRC whose polynomial was chosen so that it needs no table, since a key's bytes must not be used as an
//! index. `docs/format.md` says what it detects, and why.

use core::array;

use crate::IS_SMALL;

/// The length of a checksum in bytes.
pub const LEN: usize = 4;

/// How many words are processed at a time.
const LANES: usize = 4;

/// The CRC's polynomial without x^32; with it, it is (x + 1) T.
const POLYNOMIAL: u32 = 0x8000_01fb;
/// T, which is irreducible: x^31 + x^7 + x^5 + x^3 + 1.
const T: u64 = 1 << 31 | low_terms(1);

/// The checksum of bytes: the complement of the remainder of B x^32 modulo (x + 1) T, big-endian.
///
/// B is the polynomial over GF(2) whose coefficients are the bits of `bytes`; the top bit of the first byte has the
/// highest degree. (In CRC catalogue terms: width 32, polynomial `800001fb`, initial value 0, not reflected, final XOR
/// `ffffffff`; the checksum of `123456789` is `0b4b4bfc`.) The time depends on the length alone.
#[must_use]
pub fn of(bytes: &[u8]) -> [u8; LEN] {
    let remainder = if IS_SMALL { bit_by_bit(bytes) } else { in_lanes(bytes) };
    (!remainder).to_be_bytes()
}

/// The remainder, in the least code.
fn bit_by_bit(bytes: &[u8]) -> u32 {
    bytes.iter().fold(0, |remainder, byte| {
        let shifted = |remainder: u32, _| remainder << 1 ^ POLYNOMIAL & (remainder >> 31).wrapping_neg();
        (0..8).fold(remainder ^ u32::from(*byte) << 24, shifted)
    })
}

/// The remainder, in the least time.
fn in_lanes(bytes: &[u8]) -> u32 {
    // Split into whole words and blocks from the end: zeros in front change no remainder.
    let (head, words) = bytes.as_rchunks::<8>();
    let (first, blocks) = words.as_rchunks::<LANES>();
    let head = head.iter().fold(0, |head, byte| head << 8 | u64::from(*byte));
    let mut lanes: [u64; LANES] = array::from_fn(|lane| match (lane + 1 + first.len()).checked_sub(LANES) {
        None => 0,
        Some(0) => head,
        Some(at) => u64::from_be_bytes(first[at - 1]),
    });

    // Modulo each factor by itself: modulo x + 1 the remainder is the parity of the bits, and modulo T it is kept modulo
    // T^2, in whole words. Each lane takes one word of every block, so that no word waits for the one before it.
    let mut parity = lanes;
    for block in blocks {
        for ((lane, parity), word) in lanes.iter_mut().zip(&mut parity).zip(block) {
            let word = u64::from_be_bytes(*word);
            *lane = times_x256(*lane) ^ word;
            *parity ^= word;
        }
    }
    let remainder = lanes.iter().fold(0, |remainder, lane| times_x64(remainder) ^ lane);
    let parity = parity.iter().fold(0, |parity, lane| parity ^ lane);

    let remainder = modulo_t(modulo_t(remainder) << 32);
    // The one polynomial below degree 32 with both remainders. T has an odd number of terms.
    let odd = u64::from((parity ^ remainder).count_ones() & 1);
    let [_, _, _, _, remainder @ ..] = (remainder ^ T & odd.wrapping_neg()).to_be_bytes();
    u32::from_be_bytes(remainder)
}

/// x^256 times a polynomial: x^48 + x^32 + x^16 + x^12 + x^2 times it, modulo T^2.
const fn times_x256(word: u64) -> u64 {
    let carried = word >> 62 ^ word >> 52 ^ word >> 48 ^ word >> 32 ^ word >> 16;
    word << 48 ^ word << 32 ^ word << 16 ^ word << 12 ^ word << 2 ^ times_x64_low(carried)
}

/// x^64 times a polynomial, modulo T^2 = x^62 + x^14 + x^10 + x^6 + 1: a shift for each term, since x^64 is x^2 times four of
/// them. What they carry past the word, below degree 16, comes back the same way.
const fn times_x64(word: u64) -> u64 {
    let carried = word >> 62 ^ word >> 56 ^ word >> 52 ^ word >> 48;
    times_x64_low(word) ^ times_x64_low(carried)
}

/// The lower 64 bits of x^16 + x^12 + x^8 + x^2 times a polynomial.
const fn times_x64_low(word: u64) -> u64 {
    word << 16 ^ word << 12 ^ word << 8 ^ word << 2
}

/// The remainder modulo T. What stands above degree 30 is folded down: the first time 33 bits to 40, the second time 9.
const fn modulo_t(word: u64) -> u64 {
    const LOW: u64 = (1 << 31) - 1;
    let word = word & LOW ^ low_terms(word >> 31);
    word & LOW ^ low_terms(word >> 31)
}

/// x^7 + x^5 + x^3 + 1, to which x^31 is congruent modulo T, times a polynomial.
const fn low_terms(word: u64) -> u64 {
    word << 7 ^ word << 5 ^ word << 3 ^ word
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bit_by_bit_and_in_lanes_it_is_the_same() {
        let bytes: std::vec::Vec<u8> = (0..=u8::MAX).map(|at| at.wrapping_mul(at).rotate_left(3) ^ at).collect();
        for len in 0..bytes.len() {
            assert_eq!(bit_by_bit(&bytes[..len]), in_lanes(&bytes[..len]));
        }
    }
}
