//! A failure reveals that it happened, and nothing more.

use otp_core::tag::TAG_KEY_LEN;
use otp_core::{Error, Record, UnixTime, checksum, open};
use otp_proof::memcheck::{Finding, hide, publish, watch};

use super::text::parse;

/// Tries misspelt keys and a wrong tag.
pub(crate) fn check(note: &mut impl FnMut(Finding), text: &[u8], record: &Record<'_>, now: UnixTime) {
    let hidden = |change: &dyn Fn(&mut Vec<u8>)| {
        let mut given = text.to_vec();
        publish(&given);
        change(&mut given);
        hide(&mut given[6..]);
        given
    };
    let last = text.len() - 1;
    let other = |byte: u8| if byte == b'a' { b'b' } else { b'a' };
    let mistyped = hidden(&|text| text[last - 20] = other(text[last - 20]));
    let (finding, result) = watch("key text: a wrong checksum", || parse(&mistyped).err());
    note(finding);
    assert!(matches!(result, Some(Error::MalformedKey(_))));
    let misspelt = hidden(&|text| text[last - 20] = b'!');
    let (finding, result) = watch("key text: a character outside the alphabet", || parse(&misspelt).err());
    note(finding);
    assert!(matches!(result, Some(Error::MalformedKey(_))));

    let whole = hidden(&|_| {});
    let key = parse(&whole).expect("it was written");
    let mut wrong_tag = [0; TAG_KEY_LEN];
    hide(&mut wrong_tag);
    let mut forged = record_bytes(record);
    let at = forged.len() - 4 - 16;
    forged[at] ^= 1;
    let checksum = checksum::of(&forged[..at + 16]);
    forged[at + 16..].copy_from_slice(&checksum);
    let forged = Record::decode(&forged).expect("only its tag is wrong");
    let (finding, result) = watch("open: a wrong tag", || open(key, &forged, now).err());
    note(finding);
    assert_eq!(result, Some(Error::WrongKey));
}

/// Encodes a record again.
fn record_bytes(record: &Record<'_>) -> Vec<u8> {
    let len = u32::try_from(record.ciphertext().len()).expect("a frame's length");
    let mut bytes = record.header_bytes().to_vec();
    let mut rest = len;
    while rest > 0x7f {
        bytes.push(u8::try_from(rest & 0x7f).expect("7 bits") | 0x80);
        rest >>= 7;
    }
    bytes.push(u8::try_from(rest).expect("7 bits"));
    bytes.extend_from_slice(record.ciphertext());
    bytes.extend_from_slice(record.tag().as_bytes());
    let checksum = checksum::of(&bytes);
    bytes.extend_from_slice(&checksum);
    bytes
}
