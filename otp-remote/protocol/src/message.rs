//! What all messages share: length, id and tag.

use crate::error::Malformed;
use crate::wire::Reader;

/// The most bytes after a message's length: enough for a batch of the longest records, and at least a mebibyte.
pub const MAX_MESSAGE: usize = (1 << 20) + (64 << 10);

/// The length field at the start of a message, in bytes.
pub const HEADER_LEN: usize = 4;

/// The id of a notice, which answers no request.
pub const NOTICE: u32 = 0;

/// Id and tag.
const MIN_MESSAGE: usize = 5;

/// A message without its length.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Body<'a> {
    /// The request's id.
    pub id: u32,
    /// The kind of message.
    pub tag: u8,
    /// The message's parts.
    pub parts: &'a [u8],
}

/// The number of bytes after the length field.
///
/// # Errors
///
/// [`Malformed::Length`]
pub fn message_len(header: [u8; HEADER_LEN]) -> Result<usize, Malformed> {
    match usize::try_from(u32::from_be_bytes(header)) {
        Ok(len) if (MIN_MESSAGE..=MAX_MESSAGE).contains(&len) => Ok(len),
        _ => Err(Malformed::Length),
    }
}

/// A message without its length, and the bytes received after it.
pub type Taken<'a> = (&'a [u8], &'a [u8]);

/// Takes the first message off the front of the received bytes; `None` if it is not complete yet.
///
/// # Errors
///
/// [`Malformed::Length`], as soon as the length field has arrived.
pub fn take_message(received: &[u8]) -> Result<Option<Taken<'_>>, Malformed> {
    match received.split_first_chunk() {
        Some((header, rest)) => Ok(rest.split_at_checked(message_len(*header)?)),
        None => Ok(None),
    }
}

/// Decodes the id and tag of a message without its length.
///
/// # Errors
///
/// [`Malformed::Length`]
pub fn body(message: &[u8]) -> Result<Body<'_>, Malformed> {
    let mut reader = Reader::new(message);
    match (reader.u32(), reader.u8()) {
        (Ok(id), Ok(tag)) => Ok(Body { id, tag, parts: reader.rest() }),
        _ => Err(Malformed::Length),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_checked_before_anything_else_is_there() {
        for (len, fits) in [(0, false), (4, false), (5, true), (MAX_MESSAGE, true), (MAX_MESSAGE + 1, false)] {
            let header = u32::try_from(len).unwrap().to_be_bytes();
            assert_eq!(message_len(header), if fits { Ok(len) } else { Err(Malformed::Length) });
            assert_eq!(take_message(&header), if fits { Ok(None) } else { Err(Malformed::Length) });
        }
        assert_eq!(take_message(&[0, 0, 0]), Ok(None));
    }

    #[test]
    fn a_message_is_taken_once_it_is_whole() {
        let received = [0, 0, 0, 6, 0, 0, 0, 9, 3, 42, 0, 0];
        for cut in 0..10 {
            assert_eq!(take_message(&received[..cut]), Ok(None));
        }
        let (message, rest) = take_message(&received).unwrap().unwrap();
        assert_eq!(body(message), Ok(Body { id: 9, tag: 3, parts: &[42] }));
        assert_eq!(rest, [0, 0]);
    }
}
