//! The few constant-time helpers the rest needs, and what each may reveal.
//!
//! Time and memory access of everything here depend on lengths of buffers alone, never on the bytes in them. Constant
//! time ends where a secret is handed over to its owner: that is `reveal`, and it is the only such place.

use core::hint::black_box;

use subtle::ConstantTimeEq;

/// XORs `source` into `target`, in place, for as many bytes as both have.
///
/// Reveals the shorter length.
pub fn xor_in_place(target: &mut [u8], source: &[u8]) {
    for (byte, other) in target.iter_mut().zip(source) {
        *byte ^= other;
    }
}

/// Whether two byte strings are equal. Reveals their lengths and the answer.
#[must_use]
pub fn equal(left: &[u8], right: &[u8]) -> bool {
    reveal(left.ct_eq(right).unwrap_u8()) == 1
}

/// All bits set if `index >= len`, none otherwise; both must be below 2^31. Reveals nothing.
pub(crate) fn mask_from(index: u32, len: u32) -> u8 {
    // `len - (index + 1)` is negative exactly from `index == len` on, and its sign fills the byte.
    let negative = len.wrapping_sub(index + 1) >> 31;
    (negative as u8).wrapping_neg()
}

/// Whether no bit of `faults` is set. Reveals the answer, not which bit it was.
pub(crate) fn none_set(faults: u32) -> bool {
    reveal(black_box(faults) == 0)
}

/// The text without the ASCII white space around it. Reveals how much white space that is, and nothing about the rest.
pub(crate) fn trim(text: &[u8]) -> &[u8] {
    let is_space = |byte: &u8| {
        let spaces = b"\t\n\x0c\r ".iter().map(|space| byte.ct_eq(space).unwrap_u8());
        reveal(spaces.fold(0, |any, this| any | this)) == 1
    };
    let start = text.iter().position(|byte| !is_space(byte)).unwrap_or(text.len());
    let (_, text) = text.split_at(start);
    let end = text.iter().rposition(|byte| !is_space(byte)).map_or(0, |last| last + 1);
    text.split_at(end).0
}

/// Hands a secret value to its owner: from here on the program may branch and index on it.
///
/// The one place where constant time ends. What passes here: answers that everybody sees (the tag fits, the checksum is
/// right, the source of randomness alarms); what is public in a key; and, for the owner, the payload's length once the tag
/// has been checked, and the names and lengths of an account's fields, since the owner asks for a field and gets a slice of
/// its length. `cargo xtask ct` checks that nothing else decides a branch or an address.
pub(crate) fn reveal<T: Copy>(value: T) -> T {
    #[cfg(otp_ct)]
    let value = witness::told(value);
    black_box(value)
}

/// As [`reveal`], for bytes where they stand.
pub(crate) fn reveal_bytes(bytes: &[u8]) -> &[u8] {
    #[cfg(otp_ct)]
    witness::tell(bytes.as_ptr(), bytes.len());
    black_box(bytes)
}

/// Tells a program that watches secret bytes which of them are released. Only the build of `xtask ct` has it.
#[cfg(otp_ct)]
#[doc(hidden)]
pub mod witness {
    use std::sync::OnceLock;

    /// Called with address and length of all that is released.
    pub static RELEASED: OnceLock<fn(*const u8, usize)> = OnceLock::new();

    pub(super) fn tell(start: *const u8, len: usize) {
        if let Some(released) = RELEASED.get() {
            released(start, len);
        }
    }

    pub(super) fn told<T: Copy>(mut value: T) -> T {
        tell((&raw mut value).cast(), size_of::<T>());
        value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_trimmed_as_the_library_trims_it() {
        for text in [&b""[..], b" ", b" \t\r\n\x0c", b"a", b" a b\n", b"\x0ba\x0b", b"\0 a", b"a \xa0", b"\n\na"] {
            assert_eq!(trim(text), text.trim_ascii());
        }
        for byte in 0..=u8::MAX {
            assert_eq!(trim(&[byte]), [byte].trim_ascii());
        }
    }

    #[test]
    fn the_mask_starts_exactly_at_the_length() {
        for len in 0..70 {
            for index in 0..70 {
                assert_eq!(mask_from(index, len), if index >= len { 0xff } else { 0 });
            }
        }
        assert_eq!(mask_from(65_534, 65_535), 0);
        assert_eq!(mask_from(65_535, 65_535), 0xff);
    }
}
