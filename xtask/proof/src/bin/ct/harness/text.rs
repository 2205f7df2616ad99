//! Reading a key's text, whose every byte is secret.

use otp_core::{Error, Key};

/// Reads a key into a buffer of its own.
pub(crate) fn parse(text: &[u8]) -> Result<Key<Vec<u8>>, Error> {
    Key::parse(text, vec![0; text.len() * 5 / 8])
}
