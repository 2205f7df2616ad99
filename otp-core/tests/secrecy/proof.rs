//! Perfect secrecy by enumeration, on the code that seals: no sampling, no statistics.
//!
//! A ciphertext reveals nothing about its payload exactly if its distribution is the same for every payload (Shannon,
//! "Communication theory of secrecy systems", 1949). If all pads can be tried, that is a matter of counting.

use std::convert::Infallible;

use otp_core::ct::xor_in_place;
use otp_core::frame;
use otp_core::pad::Pad;
use otp_core::rand_core::{self, TryCryptoRng, TryRng};

/// A frame of capacity 1: one byte of payload and two bytes of length.
pub(crate) const FRAME_LEN: usize = 3;
/// All pads of such a frame.
pub(crate) const PADS: u32 = 1 << 24;

/// A source that yields one given pad, so that each can be put through the real `Pad`.
struct Given([u8; FRAME_LEN]);

impl TryRng for Given {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        bytes.copy_from_slice(&self.0);
        Ok(())
    }
}

impl TryCryptoRng for Given {}

/// Every payload that fits a frame of capacity 1: none, or one byte.
pub(crate) fn payloads() -> Vec<Vec<u8>> {
    let one_byte = (0..=u8::MAX).map(|byte| vec![byte]);
    std::iter::once(Vec::new()).chain(one_byte).collect()
}

/// A set of numbers.
struct Seen(Vec<u64>);

impl Seen {
    fn none_of(count: usize) -> Self {
        Self(vec![0; count.div_ceil(64)])
    }

    /// Marks a number, and says whether it was unmarked.
    fn mark(&mut self, number: usize) -> bool {
        let (word, bit) = (&mut self.0[number / 64], 1 << (number % 64));
        let is_new = *word & bit == 0;
        *word |= bit;
        is_new
    }
}

/// Puts the frame of one payload under each of the 2^24 pads, and counts the different frames that would be stored.
///
/// # Errors
///
/// The first stored frame that occurs twice.
pub(crate) fn stored_frames(payload: &[u8]) -> Result<u32, [u8; FRAME_LEN]> {
    let mut plain = [0xaa; FRAME_LEN];
    frame::encode(payload, &mut plain).expect("the payload fits");
    let mut seen = Seen::none_of(PADS as usize);
    for number in 0..PADS {
        let [_, a, b, c] = number.to_be_bytes();
        let (mut bytes, mut stored) = ([0; FRAME_LEN], plain);
        let Ok(pad) = Pad::generate(&mut bytes, &mut Given([a, b, c]));
        pad.apply(&mut stored).expect("pad and frame have one length");
        let [a, b, c] = stored;
        if !seen.mark(u32::from_be_bytes([0, a, b, c]) as usize) {
            return Err(stored);
        }
    }
    // As many as there are pads, and no two equal: each frame occurs exactly once.
    Ok(PADS)
}

/// Puts two secret bytes under each pair of pads, and counts the different pairs that would be stored.
///
/// With two equal secrets, it also shows that the stored bytes share nothing but their XOR, which is that of the pads.
///
/// # Errors
///
/// The first stored pair that occurs twice.
pub(crate) fn stored_pairs(first: u8, second: u8) -> Result<u32, [u8; 2]> {
    let mut seen = Seen::none_of(1 << 16);
    for number in 0..=u16::MAX {
        let pads = number.to_be_bytes();
        let mut stored = [first, second];
        let (one, other) = stored.split_at_mut(1);
        xor_in_place(one, &pads[..1]);
        xor_in_place(other, &pads[1..]);
        let relation_is_that_of_the_pads = stored[0] ^ stored[1] == pads[0] ^ pads[1];
        if !seen.mark(usize::from(u16::from_be_bytes(stored))) || relation_is_that_of_the_pads != (first == second) {
            return Err(stored);
        }
    }
    Ok(1 << 16)
}

/// Puts one secret byte under the pad of a key's first page, and another under those of its second page and of the
/// recovery key, as a rotation with a ring does; counts the different triples that would be stored.
///
/// # Errors
///
/// The first stored triple that occurs twice.
pub(crate) fn stored_triples(first: u8, second: u8) -> Result<u32, [u8; 3]> {
    let mut seen = Seen::none_of(PADS as usize);
    for number in 0..PADS {
        let [_, pads @ ..] = number.to_be_bytes();
        let mut stored = [first, second, second];
        for (byte, pad) in stored.chunks_mut(1).zip(pads.chunks(1)) {
            xor_in_place(byte, pad);
        }
        let [a, b, c] = stored;
        if !seen.mark(u32::from_be_bytes([0, a, b, c]) as usize) {
            return Err(stored);
        }
    }
    Ok(PADS)
}

/// Checks that each byte of a longer frame meets its own byte of the pad and no other, for all values of both.
///
/// So what holds for one byte holds for each byte of a frame, independently.
///
/// # Errors
///
/// The place of the first byte that does not.
pub(crate) fn bytes_are_apart(len: usize) -> Result<u32, usize> {
    let mut cases = 0;
    for place in 0..len {
        for (byte, pad) in (0..=u16::MAX).map(|number| (number.to_be_bytes()[0], number.to_be_bytes()[1])) {
            let (mut stored, mut pads) = (vec![byte; len], vec![0; len]);
            pads[place] = pad;
            xor_in_place(&mut stored, &pads);
            let others_are_untouched = stored.iter().enumerate().all(|(at, other)| at == place || *other == byte);
            if stored[place] != byte ^ pad || !others_are_untouched {
                return Err(place);
            }
            cases += 1;
        }
    }
    Ok(cases)
}
