//! A key's text: `otpk1_` and base32 (RFC 4648, section 6), in constant time.

use super::layout::MAX_LEN;
use crate::base32::{self, Case};
use crate::ct;
use crate::error::{Error, KeyFault};

/// What every key's text starts with.
pub const PREFIX: &str = "otpk1_";
const UPPER_PREFIX: &str = "OTPK1_";

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
pub(super) fn decode(text: &[u8], bytes: &mut [u8]) -> Result<(usize, u8), Error> {
    let malformed = Error::MalformedKey;
    let (case, text) = if let Some(rest) = text.strip_prefix(PREFIX.as_bytes()) {
        (Case::Lower, rest)
    } else if let Some(rest) = text.strip_prefix(UPPER_PREFIX.as_bytes()) {
        (Case::Upper, rest)
    } else if is_newer(text) {
        return Err(Error::NewerKey);
    } else {
        return Err(malformed(KeyFault::Prefix));
    };
    let len = base32::bytes_len(text.len()).filter(|len| *len <= MAX_LEN).ok_or(malformed(KeyFault::Length))?;
    let bytes = bytes.get_mut(..len).ok_or(Error::BufferTooSmall { needed: len })?;
    let found = base32::decode(text, case, bytes);
    if !ct::none_set(found.strangers.into()) {
        return Err(malformed(KeyFault::Character));
    }
    Ok((len, found.excess))
}

/// Whether it looks like a key of a later version: `otpk2_`, `otpk10_` and so on.
fn is_newer(text: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(b"otpk").or_else(|| text.strip_prefix(b"OTPK")) else {
        return false;
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    matches!(rest.first(), Some(b'1'..=b'9')) && rest.get(digits) == Some(&b'_')
}
