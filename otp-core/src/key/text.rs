//! A key's text: `otpk1_` and base32 (RFC 4648, section 6), in constant time.

use base32ct::{Base32Unpadded, Base32UpperUnpadded, Encoding};

use super::layout::MAX_LEN;
use crate::ct;
use crate::error::{Error, KeyFault};

/// What every key's text starts with.
pub const PREFIX: &str = "otpk1_";
const UPPER_PREFIX: &str = "OTPK1_";

/// The length of a key's text in characters, for a key of `len` bytes.
#[must_use]
pub const fn text_len(len: usize) -> usize {
    PREFIX.len() + (len * 8).div_ceil(5)
}

/// The length of the longest key's text in characters.
pub const MAX_TEXT_LEN: usize = text_len(MAX_LEN);

/// Writes the text of a key's bytes to `out`, which has its length.
pub(super) fn encode<'a>(bytes: &[u8], out: &'a mut [u8]) -> Result<&'a str, Error> {
    let too_small = Error::BufferTooSmall { needed: text_len(bytes.len()) };
    let (prefix, text) = out.split_at_mut_checked(PREFIX.len()).ok_or(too_small)?;
    prefix.copy_from_slice(PREFIX.as_bytes());
    Base32Unpadded::encode(bytes, text).map_err(|_| too_small)?;
    // Base32 is ASCII already. The mask makes that plain without a look at the key.
    for byte in &mut *text {
        *byte &= 0x7f;
    }
    core::str::from_utf8(out).map_err(|_| too_small)
}

/// Decodes a key's text into the front of `bytes`; returns how many bytes it has, and the bits beyond the last one.
///
/// Such bits would give one key several texts.
pub(super) fn decode(text: &[u8], bytes: &mut [u8]) -> Result<(usize, u8), Error> {
    let malformed = Error::MalformedKey;
    let (upper, text) = if let Some(rest) = text.strip_prefix(PREFIX.as_bytes()) {
        (false, rest)
    } else if let Some(rest) = text.strip_prefix(UPPER_PREFIX.as_bytes()) {
        (true, rest)
    } else if is_newer(text) {
        return Err(Error::NewerKey);
    } else {
        return Err(malformed(KeyFault::Prefix));
    };
    let len = text.len() / 8 * 5 + text.len() % 8 * 5 / 8;
    if text_len(len) != PREFIX.len() + text.len() || len > MAX_LEN {
        return Err(malformed(KeyFault::Length));
    }
    let bytes = bytes.get_mut(..len).ok_or(Error::BufferTooSmall { needed: len })?;
    let (faults, excess) = if upper {
        decode_base32::<Base32UpperUnpadded>(text, bytes)
    } else {
        decode_base32::<Base32Unpadded>(text, bytes)
    };
    if !ct::none_set(u32::from(faults)) {
        return Err(malformed(KeyFault::Character));
    }
    Ok((len, excess))
}

/// Decodes base32 whose length was checked. The first value returned is not zero if a character is outside the alphabet; the
/// second has the bits beyond the last byte.
///
/// The library's own decoder branches on its answer, so the loop is ours.
fn decode_base32<E: Encoding>(text: &[u8], bytes: &mut [u8]) -> (u8, u8) {
    let (mut faults, mut excess) = (0, 0);
    for (characters, bytes) in text.chunks(8).zip(bytes.chunks_mut(5)) {
        let mut bits = 0_u64;
        for (character, shift) in characters.iter().zip((0..8).map(|index| 35 - 5 * index)) {
            // -1 for a character outside the alphabet.
            let value = E::decode_5bits(*character).to_be_bytes();
            faults |= value[0];
            bits |= u64::from(value[1] & 31) << shift;
        }
        let bits = bits.to_be_bytes();
        let (whole, beyond) = bits[3..].split_at(bytes.len());
        bytes.copy_from_slice(whole);
        excess |= beyond.iter().fold(0, |any, byte| any | byte);
    }
    (faults, excess)
}

/// Whether it looks like a key of a later version: `otpk2_`, `otpk10_` and so on.
fn is_newer(text: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(b"otpk").or_else(|| text.strip_prefix(b"OTPK")) else {
        return false;
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    matches!(rest.first(), Some(b'1'..=b'9')) && rest.get(digits) == Some(&b'_')
}
