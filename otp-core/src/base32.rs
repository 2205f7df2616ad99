//! Base32 without padding (RFC 4648, section 6), in constant time.
//!
//! There is no table, and no branch or index depends on what is coded: each character's value is computed by the same
//! steps, in blocks long enough for compilers to process many at once. The time depends on the lengths alone.

use crate::IS_SMALL;
use crate::buffer::Scratch;

/// The bits of a character's value.
const CHAR_BITS: u32 = 5;
const VALUES: u8 = (1 << CHAR_BITS) - 1;
/// A group: 8 characters of 5 bits, which are 5 bytes.
const GROUP_CHARS: usize = 8;
const GROUP_LEN: usize = 5;
/// A block: 2 groups, whose characters fill a vector of 16 bytes.
const BLOCK_CHARS: usize = 2 * GROUP_CHARS;
const BLOCK_LEN: usize = 2 * GROUP_LEN;

/// The top bit of a byte, which no ASCII character has.
const TOP: u8 = 0x80;

/// Which letters a text is written in. The digits `2` to `7` are the same in both.
#[derive(Clone, Copy)]
#[repr(u8)]
pub(crate) enum Case {
    Lower = b'a',
    Upper = b'A',
}

/// What decoding found besides bytes. Both are secret until somebody decides otherwise.
#[derive(Clone, Copy)]
pub(crate) struct Findings {
    /// Not 0 if a character is outside the alphabet.
    pub(crate) strangers: u8,
    /// The bits beyond the last byte: not 0 if they are set.
    pub(crate) excess: u8,
}

/// The number of characters that `len` bytes take.
pub(crate) const fn text_len(len: usize) -> usize {
    (len * 8).div_ceil(5)
}

/// The number of bytes in a text of `chars` characters; `None` if no number of bytes has such a text.
pub(crate) const fn bytes_len(chars: usize) -> Option<usize> {
    // A last group of 1, 3 or 6 characters would end in one that no byte needs.
    let len = chars / GROUP_CHARS * GROUP_LEN + chars % GROUP_CHARS * GROUP_LEN / GROUP_CHARS;
    if matches!(chars % GROUP_CHARS, 1 | 3 | 6) { None } else { Some(len) }
}

/// Writes the text of `bytes`, in lower case, to `text`, which has exactly its length.
pub(crate) fn encode(bytes: &[u8], text: &mut [u8]) {
    debug_assert_eq!(text.len(), text_len(bytes.len()));
    let (texts, rest_text) = text.split_at_mut(in_blocks(text.len()));
    let (blocks, rest) = bytes.split_at(texts.len() / BLOCK_CHARS * BLOCK_LEN);
    for (block, text) in blocks.as_chunks().0.iter().zip(texts.as_chunks_mut().0) {
        encode_block(block, text);
    }

    let (mut bits, mut count, mut rest) = (0_u16, 0, rest.iter());
    for character in rest_text {
        if count < CHAR_BITS {
            bits = bits << 8 | u16::from(*rest.next().unwrap_or(&0));
            count += 8;
        }
        count -= CHAR_BITS;
        *character = character_of(low_byte(bits >> count) & VALUES);
    }
}

/// Decodes `text` into `bytes`, which has exactly its length ([`bytes_len`]).
pub(crate) fn decode(text: &[u8], case: Case, bytes: &mut [u8]) -> Findings {
    debug_assert_eq!(Some(bytes.len()), bytes_len(text.len()));
    let (texts, rest_text) = text.split_at(in_blocks(text.len()));
    let (blocks, rest) = bytes.split_at_mut(texts.len() / BLOCK_CHARS * BLOCK_LEN);
    let mut strangers = decode_blocks(texts.as_chunks().0, case, blocks.as_chunks_mut().0);

    let (mut bits, mut count, mut rest) = (0_u16, 0, rest.iter_mut());
    for character in rest_text {
        let (value, stranger) = value_of(*character, case);
        strangers |= stranger;
        bits = bits << CHAR_BITS | u16::from(value);
        count += CHAR_BITS;
        if count >= 8
            && let Some(byte) = rest.next()
        {
            count -= 8;
            *byte = low_byte(bits >> count);
        }
    }
    Findings { strangers: strangers & TOP, excess: low_byte(bits & !(u16::MAX << count)) }
}

const fn low_byte(bits: u16) -> u8 {
    let [_, low] = bits.to_be_bytes();
    low
}

/// How many of the first `chars` characters are processed in blocks: none on a small processor, where code for one at a
/// time is shorter.
const fn in_blocks(chars: usize) -> usize {
    if IS_SMALL { 0 } else { chars / BLOCK_CHARS * BLOCK_CHARS }
}

/// Decodes blocks. The result has its top bit set if a character is outside the alphabet.
fn decode_blocks(texts: &[[u8; BLOCK_CHARS]], case: Case, blocks: &mut [[u8; BLOCK_LEN]]) -> u8 {
    if texts.is_empty() {
        return 0;
    }
    let (mut strangers, mut values) = ([0; BLOCK_CHARS], Scratch::zeroed());
    for (text, block) in texts.iter().zip(blocks) {
        decode_block(text, case, &mut values, block, &mut strangers);
    }
    strangers.iter().fold(0, |any, stranger| any | stranger)
}

/// Writes the 16 characters of 10 bytes in place, since nobody would wipe a copy.
fn encode_block(block: &[u8; BLOCK_LEN], text: &mut [u8; BLOCK_CHARS]) {
    for (five, eight) in block.as_chunks::<GROUP_LEN>().0.iter().zip(text.as_chunks_mut().0) {
        let mut word = [0; GROUP_CHARS];
        word[GROUP_CHARS - GROUP_LEN..].copy_from_slice(five);
        // 40 bits, split into two groups of 20, four of 10, then eight of 5, each at the low end of its part.
        let bits = u64::from_be_bytes(word);
        let bits = bits << 12 & 0x000f_ffff_0000_0000 | bits & 0x000f_ffff;
        let bits = bits << 6 & 0x03ff_0000_03ff_0000 | bits & 0x0000_03ff_0000_03ff;
        let bits = bits << 3 & 0x1f00_1f00_1f00_1f00 | bits & 0x001f_001f_001f_001f;
        *eight = bits.to_be_bytes();
    }
    for character in text {
        *character = character_of(*character);
    }
}

/// Writes the 10 bytes of 16 characters, and their values to memory that the caller wipes. Sets the top bit of
/// `strangers` at the position of each character outside the alphabet.
fn decode_block(
    text: &[u8; BLOCK_CHARS],
    case: Case,
    values: &mut [u8; BLOCK_CHARS],
    block: &mut [u8; BLOCK_LEN],
    strangers: &mut [u8; BLOCK_CHARS],
) {
    for ((character, value), any) in text.iter().zip(&mut *values).zip(strangers) {
        let stranger;
        (*value, stranger) = value_of(*character, case);
        *any |= stranger;
    }
    for (five, eight) in block.as_chunks_mut().0.iter_mut().zip(values.as_chunks().0) {
        // Eight groups of 5 bits, joined into four of 10, two of 20, then 40.
        let bits = u64::from_be_bytes(*eight);
        let bits = bits >> 3 & 0x03e0_03e0_03e0_03e0 | bits & 0x001f_001f_001f_001f;
        let bits = bits >> 6 & 0x000f_fc00_000f_fc00 | bits & 0x0000_03ff_0000_03ff;
        let bits = bits >> 12 & 0x00ff_fff0_0000 | bits & 0x000f_ffff;
        let [_, _, _, bytes @ ..] = bits.to_be_bytes();
        *five = bytes;
    }
}

/// The character of a value below 32.
const fn character_of(value: u8) -> u8 {
    // `z` stands for 25, and `2` for 26. All of it is ASCII; the mask makes that plain without looking at it.
    let digit = at_least(value, 26) >> 7;
    value.wrapping_add(b'a').wrapping_sub(digit.wrapping_neg() & (b'z' + 1 - b'2')) & !TOP
}

/// The value of a character, and a byte with its top bit set if it is outside the alphabet and has none.
const fn value_of(character: u8, case: Case) -> (u8, u8) {
    let ascii = character & !TOP;
    let letter = at_least(ascii, case as u8) ^ at_least(ascii, case as u8 + 26);
    let digit = at_least(ascii, b'2') ^ at_least(ascii, b'8');
    // The low bits of letters of both cases are 1 to 26, for 0 to 25; those of digits are 18 to 23, for 26 to 31.
    let value = (character & VALUES).wrapping_sub(letter >> 7).wrapping_add(digit >> 7 << 3);
    (value, !(letter | digit) | character)
}

/// Has its top bit set if `byte` is `limit` or more, both below 128. The other bits are arbitrary.
const fn at_least(byte: u8, limit: u8) -> u8 {
    byte.wrapping_add(TOP - limit)
}

#[cfg(test)]
mod tests {
    use std::vec;
    use std::vec::Vec;

    use proptest::prelude::*;

    use super::*;

    const LOWER: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";
    const UPPER: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

    /// The text of bytes, bit by bit.
    fn text_of(bytes: &[u8]) -> Vec<u8> {
        let bits: Vec<u8> = bytes.iter().flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1)).collect();
        let value = |five: &[u8]| five.iter().fold(0, |value, bit| value << 1 | usize::from(*bit));
        bits.chunks(5).map(|five| LOWER[value(five) << (5 - five.len())]).collect()
    }

    /// Decodes text, of a length that it can have: its bytes, whether a character is a stranger, the bits beyond.
    fn decoded(text: &[u8], case: Case) -> (Vec<u8>, bool, u8) {
        let mut bytes = vec![0xaa; bytes_len(text.len()).unwrap()];
        let found = decode(text, case, &mut bytes);
        (bytes, found.strangers != 0, found.excess)
    }

    fn encoded(bytes: &[u8]) -> Vec<u8> {
        let mut text = vec![0; text_len(bytes.len())];
        encode(bytes, &mut text);
        text
    }

    #[test]
    fn the_examples_of_rfc_4648() {
        for (bytes, text) in [
            ("", ""),
            ("f", "my"),
            ("fo", "mzxq"),
            ("foo", "mzxw6"),
            ("foob", "mzxw6yq"),
            ("fooba", "mzxw6ytb"),
            ("foobar", "mzxw6ytboi"),
        ] {
            assert_eq!(encoded(bytes.as_bytes()), text.as_bytes());
            assert_eq!(decoded(text.as_bytes(), Case::Lower), (bytes.into(), false, 0));
            assert_eq!(decoded(text.to_ascii_uppercase().as_bytes(), Case::Upper), (bytes.into(), false, 0));
        }
    }

    #[test]
    fn every_byte_at_every_place_of_a_block_and_a_group_is_its_value_or_a_stranger() {
        for (case, alphabet) in [(Case::Lower, LOWER), (Case::Upper, UPPER)] {
            for (place, byte) in (0..40).flat_map(|place| (0..=u8::MAX).map(move |byte| (place, byte))) {
                // Neighbours of the least and of the greatest value.
                for neighbour in [case as u8, b'7'] {
                    let mut text = [neighbour; 40];
                    text[place] = byte;
                    let (bytes, stranger, _) = decoded(&text, case);
                    let value = alphabet.iter().position(|character| *character == byte);
                    assert_eq!(stranger, value.is_none(), "{byte} at {place}");
                    if value.is_some() {
                        assert_eq!(text_of(&bytes), text.to_ascii_lowercase());
                    }
                }
            }
        }
    }

    #[test]
    fn all_pairs_of_bytes_come_back() {
        for pair in 0..=u16::MAX {
            let bytes = pair.to_be_bytes();
            let text = encoded(&bytes);
            assert_eq!(text, text_of(&bytes));
            assert_eq!(decoded(&text, Case::Lower), (bytes.to_vec(), false, 0));
        }
    }

    #[test]
    fn all_pairs_of_characters_are_one_byte_and_the_bits_beyond_or_refused() {
        for pair in 0..=u16::MAX {
            let text = pair.to_be_bytes();
            let values = text.map(|byte| LOWER.iter().position(|character| *character == byte));
            let (bytes, stranger, excess) = decoded(&text, Case::Lower);
            assert_eq!(stranger, values.contains(&None));
            if let [Some(high), Some(low)] = values {
                let bits = high << 5 | low;
                assert_eq!((usize::from(bytes[0]), excess != 0), (bits >> 2, bits & 3 != 0));
            }
        }
    }

    #[test]
    fn lengths_that_no_bytes_have_are_none() {
        for chars in 0..=1_000 {
            assert_eq!(bytes_len(chars), (0..=1_000).find(|len| text_len(*len) == chars));
        }
    }

    proptest! {
        #[test]
        fn any_bytes_have_the_text_that_they_have_bit_by_bit(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let text = encoded(&bytes);
            prop_assert_eq!(&text, &text_of(&bytes));
            prop_assert_eq!(decoded(&text, Case::Lower), (bytes, false, 0));
        }

        #[test]
        fn any_text_has_a_stranger_exactly_if_a_character_is_one(
            mut text in proptest::collection::vec(prop::sample::select(LOWER.to_vec()), 0..80), at: prop::sample::Index, byte: u8,
        ) {
            text.truncate(text.len() / 8 * 8);
            if !text.is_empty() {
                let at = at.index(text.len());
                text[at] = byte;
            }
            prop_assert_eq!(decoded(&text, Case::Lower).1, text.iter().any(|byte| !LOWER.contains(byte)));
        }
    }
}
