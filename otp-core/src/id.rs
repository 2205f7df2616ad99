//! [`KeyId`]: the public name of a key.

use core::fmt;
use core::str::FromStr;

use rand_core::TryCryptoRng;

use crate::base32::{self, Case};
use crate::ct;
use crate::error::Error;

/// The id of a key: 10 random bytes, independent of everything else. It is public.
///
/// As text it has exactly 16 characters of lower-case base32 (RFC 4648, section 6).
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct KeyId([u8; KeyId::LEN]);

impl KeyId {
    /// Its length in bytes.
    pub const LEN: usize = 10;
    /// Its length as text, in characters.
    pub const TEXT_LEN: usize = 16;

    /// Draws a new id.
    ///
    /// # Errors
    ///
    /// The source's own error.
    pub fn generate<R: TryCryptoRng + ?Sized>(rng: &mut R) -> Result<Self, R::Error> {
        let mut bytes = [0; Self::LEN];
        rng.try_fill_bytes(&mut bytes)?;
        Ok(Self(ct::reveal(bytes)))
    }

    /// An id from its bytes.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; Self::LEN]) -> Self {
        Self(bytes)
    }

    /// Its bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; Self::LEN] {
        &self.0
    }

    /// Reads an id from its 16 characters.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidKeyId`]
    pub fn parse(text: &str) -> Result<Self, Error> {
        let mut bytes = [0; Self::LEN];
        if text.len() != Self::TEXT_LEN || base32::decode(text.as_bytes(), Case::Lower, &mut bytes).strangers != 0 {
            return Err(Error::InvalidKeyId);
        }
        Ok(Self(bytes))
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; Self::TEXT_LEN];
        base32::encode(&self.0, &mut text);
        f.write_str(core::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

impl FromStr for KeyId {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self, Error> {
        Self::parse(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_id_is_sixteen_characters_and_nothing_else() {
        let id = KeyId::from_bytes([0xff, 0, 1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(KeyId::parse(&std::format!("{id}")), Ok(id));
        for text in [
            "",
            "aaaaaaaaaaaaaaa",
            "aaaaaaaaaaaaaaaaa",
            "AAAAAAAAAAAAAAAA",
            "aaaaaaaaaaaaaaa1",
            "aaaaaaaaaaaaaaa=",
            "ääääaaaaaaaa",
        ] {
            assert_eq!(KeyId::parse(text), Err(Error::InvalidKeyId), "{text:?}");
        }
    }
}
