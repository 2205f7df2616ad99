//! A key's text: `otpk1_` and base32 (RFC 4648, section 6), in constant time.

use super::layout::MAX_LEN;
use crate::base32::{self, Case};
use crate::ct;
use crate::error::{Error, KeyFault};

/// What every key's text starts with.
pub const PREFIX: &str = "otpk1_";

/// The length of a key's text in characters, for a key of `len` bytes.
#[must_use]
pub const fn text_len(len: usize) -> usize {
    PREFIX.len() + base32::text_len(len)
}

/// The length of the longest key's text in characters.
pub const MAX_TEXT_LEN: usize = text_len(MAX_LEN);

/// Writes the text of a key's bytes to `out`, which has its length.
pub(super) fn encode<'a>(bytes: &[u8], out: &'a mut [u8]) -> Result<&'a str, Error> {
    let too_small = Error::BufferTooSmall { needed: text_len(bytes.len()) };
    let (prefix, text) = out.split_at_mut_checked(PREFIX.len()).ok_or(too_small)?;
    prefix.copy_from_slice(PREFIX.as_bytes());
    base32::encode(bytes, text);
    core::str::from_utf8(out).map_err(|_| too_small)
}

/// Decodes a key's text into the front of `bytes`; returns how many bytes it has, and the bits beyond the last one.
///
/// Such bits would give one key several texts.
pub(super) fn decode<'a>(text: &[u8], bytes: &'a mut [u8]) -> Result<(&'a [u8], u8), Error> {
    let malformed = Error::MalformedKey;
    // "otpk", the version's digits, and a "_".
    let (prefix, text) = text.split_first_chunk().ok_or(malformed(KeyFault::Prefix))?;
    let case = if prefix == b"otpk" {
        Case::Lower
    } else if prefix == b"OTPK" {
        Case::Upper
    } else {
        return Err(malformed(KeyFault::Prefix));
    };
    let digits = text.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(text.len());
    let text = match text.split_at(digits) {
        ([b'1'], [b'_', text @ ..]) => text,
        ([b'1'..=b'9', ..], [b'_', ..]) => return Err(Error::NewerKey),
        _ => return Err(malformed(KeyFault::Prefix)),
    };
    let len = base32::bytes_len(text.len()).filter(|len| *len <= MAX_LEN).ok_or(malformed(KeyFault::Length))?;
    let bytes = bytes.get_mut(..len).ok_or(Error::BufferTooSmall { needed: len })?;
    let found = base32::decode(text, case, bytes);
    if !ct::none_set(found.strangers.into()) {
        return Err(malformed(KeyFault::Character));
    }
    Ok((bytes, found.excess))
}
