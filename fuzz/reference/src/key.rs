//! Keys as text.

use crate::bytes::take;
use crate::checksum::set_checksum;
use crate::frame::CAPACITIES;
use crate::names::is_account_name;

const PREFIX: &str = "otpk1_";
const ALPHABET: &[u8; 32] = b"abcdefghijklmnopqrstuvwxyz234567";

/// The bytes that a base32 text encodes.
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

/// The tag key of the first page of a key, from its text.
#[must_use]
pub fn tag_key(text: &str) -> [u8; 32] {
    KeyParts::decode(&key_contents(text)).unwrap().pages[0].0
}

/// The parts of a key. They need not be valid: encoding checks nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyParts {
    /// The account's name.
    pub account: String,
    /// The key's id.
    pub id: [u8; 10],
    /// The capacity, in bytes.
    pub capacity: u16,
    /// The tag key and the pad of each page.
    pub pages: Vec<([u8; 32], Vec<u8>)>,
}

impl KeyParts {
    /// The key's bytes without the checksum.
    #[must_use]
    pub fn encode(&self) -> Vec<u8> {
        let mut bytes = self.capacity.to_be_bytes().to_vec();
        bytes.extend([self.pages.len(), self.account.len()].map(|count| u8::try_from(count).unwrap()));
        bytes.extend(self.account.as_bytes());
        bytes.extend(self.id);
        for (tag_key, pad) in &self.pages {
            bytes.extend(tag_key);
            bytes.extend(pad);
        }
        bytes
    }

    /// Parses a key's bytes without the checksum.
    #[must_use]
    pub fn decode(mut contents: &[u8]) -> Option<Self> {
        let rest = &mut contents;
        let start = take(rest, 4)?;
        let capacity = u16::from_be_bytes([start[0], start[1]]);
        let account = String::from_utf8(take(rest, start[3].into())?.to_vec()).ok()?;
        let id = take(rest, 10)?.try_into().ok()?;
        let mut pages = Vec::new();
        for _ in 0..start[2] {
            let tag_key = take(rest, 32)?.try_into().ok()?;
            pages.push((tag_key, take(rest, usize::from(capacity) + 2)?.to_vec()));
        }
        let known = CAPACITIES.contains(&capacity.into()) && is_account_name(&account);
        (known && rest.is_empty() && !pages.is_empty()).then_some(Self { account, id, capacity, pages })
    }
}

/// The text of a key's bytes; the checksum is added.
#[must_use]
pub fn key_text(contents: &[u8]) -> String {
    let mut bytes = [contents, &[0; 4]].concat();
    set_checksum(&mut bytes);
    raw_key_text(&bytes)
}

/// The text of a key's bytes, unchanged.
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
