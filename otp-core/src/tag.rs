//! The tag: exactly what is authenticated, and in which order.

use core::fmt;
use core::hint::black_box;

use poly1305::Poly1305;
use poly1305::universal_hash::{KeyInit, UniversalHash};

use crate::ct;

/// The length of a tag key in bytes.
pub const TAG_KEY_LEN: usize = 32;
/// The length of a tag in bytes.
pub const TAG_LEN: usize = 16;

/// A one-time Poly1305 tag (RFC 8439, section 2.5). It is public.
#[derive(Clone, Copy)]
pub struct Tag([u8; TAG_LEN]);

impl Tag {
    /// The tag over a record's header and ciphertext.
    ///
    /// The input is laid out as in RFC 8439, section 2.8: header, zeros to a multiple of 16, ciphertext, zeros to a
    /// multiple of 16, then both lengths as 8 bytes, little-endian. So no byte can move from one to the other. A forger
    /// who has seen one tag of this key succeeds with probability at most `8 * ceil(L/16) / 2^106` per try, regardless
    /// of computing power, where `L` is the number of bytes laid out (Bernstein, "The Poly1305-AES
    /// message-authentication code", 2005, theorem 3.3, with the one-time key in place of AES).
    ///
    /// `key` must be uniform and be used for one tag only. Reveals the lengths.
    #[must_use]
    pub fn compute(key: &[u8; TAG_KEY_LEN], header: &[u8], ciphertext: &[u8]) -> Self {
        let tag = Self::compute_below(key, header, ciphertext);
        wipe_below();
        tag
    }

    /// Computes the tag in a stack frame of its own, since copies of the tag key stay behind there: the authenticator
    /// wipes itself at the end, but not the places that it was moved from.
    #[inline(never)]
    fn compute_below(key: &[u8; TAG_KEY_LEN], header: &[u8], ciphertext: &[u8]) -> Self {
        let mut lengths = [0; 16];
        let (header_len, ciphertext_len) = lengths.split_at_mut(8);
        header_len.copy_from_slice(&(header.len() as u64).to_le_bytes());
        ciphertext_len.copy_from_slice(&(ciphertext.len() as u64).to_le_bytes());

        let mut poly = Poly1305::new(key.into());
        poly.update_padded(header);
        poly.update_padded(ciphertext);
        poly.update_padded(&lengths);
        Self(poly.finalize().into())
    }

    /// A tag from its bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; TAG_LEN]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; TAG_LEN] {
        &self.0
    }

    /// Whether two tags are equal, in constant time. There is no `==`, so nobody can compare them any other way.
    #[must_use]
    pub fn matches(&self, other: &Self) -> bool {
        ct::equal(&self.0, &other.0)
    }
}

/// Overwrites the stack that the previous call used. `cargo xtask memory` checks that it overwrites enough.
#[inline(never)]
fn wipe_below() {
    black_box(&mut [0_u32; 256]);
}

impl fmt::Debug for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // A computed tag that is about to be compared is a forger's prize.
        f.write_str("Tag(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn header_and_ciphertext_can_not_trade_bytes() {
        let key = [7; TAG_KEY_LEN];
        let tag = Tag::compute(&key, b"header", b"ciphertext");
        assert!(tag.matches(&Tag::compute(&key, b"header", b"ciphertext")));
        assert!(!tag.matches(&Tag::compute(&key, b"headerc", b"iphertext")));
        assert!(!tag.matches(&Tag::compute(&key, b"header\0", b"ciphertext")));
        assert!(!tag.matches(&Tag::compute(&key, b"header", b"ciphertext\0")));
        assert!(!tag.matches(&Tag::compute(&key, b"headerciphertext", b"")));
    }
}
