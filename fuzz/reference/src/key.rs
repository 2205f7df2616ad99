//! The text of a key.

use crate::checksum::set_checksum;

const PREFIX: &str = "otpk1_";
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// The bytes of a base32 text.
fn base32(text: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for c in text.bytes() {
        let value = ALPHABET.iter().position(|letter| *letter == c).unwrap();
        bits = (bits << 5 | u32::try_from(value).unwrap()) & 0xfff;
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).unwrap());
        }
    }
    bytes
}

/// The tag key in a key's text.
#[must_use]
pub fn tag_key(text: &str) -> [u8; 32] {
    let bytes = base32(text.strip_prefix(PREFIX).unwrap());
    let at = 4 + usize::from(bytes[3]) + 10;
    bytes[at..at + 32].try_into().unwrap()
}

/// The text of a key's bytes, to which the checksum is added.
#[must_use]
pub fn key_text(contents: &[u8]) -> String {
    let mut bytes = [contents, &[0; 4]].concat();
    set_checksum(&mut bytes);
    raw_key_text(&bytes)
}

/// The text of a key's bytes as they are.
#[must_use]
pub fn raw_key_text(bytes: &[u8]) -> String {
    let mut text = PREFIX.to_owned();
    for group in bytes.chunks(5) {
        let mut five = [0; 8];
        five[3..3 + group.len()].copy_from_slice(group);
        let bits = u64::from_be_bytes(five);
        for place in 0..(group.len() * 8).div_ceil(5) {
            let value = usize::try_from(bits >> (35 - 5 * place) & 31).unwrap();
            text.push(char::from(ALPHABET[value]));
        }
    }
    text
}

/// The bytes of a key without its checksum.
#[must_use]
pub fn key_contents(text: &str) -> Vec<u8> {
    let mut bytes = base32(text.strip_prefix(PREFIX).unwrap());
    bytes.truncate(bytes.len() - 4);
    bytes
}
