//! What a line of unixODBC's `odbc.ini` can carry: it has no escapes, and ends at 1,000 bytes.

use crate::template::{Encoder, Unencodable};

/// The longest value. The line has a name too.
const VALUE_LEN: usize = 900;

/// Refuses a value that would not be read back unchanged.
pub(super) fn check(value: &[u8], encoder: Encoder) -> Result<(), Unencodable> {
    let mut len = 0;
    encoder.encode(value, &mut |piece| len += piece.len())?;
    let is_blank = |byte: Option<&u8>| byte.is_some_and(|byte| byte.is_ascii_whitespace() || *byte == 0x0b);
    match value.iter().find(|byte| b"\0\n".contains(byte)) {
        _ if len > VALUE_LEN => Err(Unencodable::TooLong(VALUE_LEN)),
        _ if encoder != Encoder::Raw => Ok(()),
        Some(byte) => Err(Unencodable::Byte(*byte)),
        None if is_blank(value.first()) || is_blank(value.last()) => Err(Unencodable::Blank),
        None => Ok(()),
    }
}
