//! [`Malformed`]: why bytes are not a message, or can't be encoded as one.

use std::fmt;

/// What is wrong with a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Malformed {
    /// Its length is larger than [`MAX_MESSAGE`](crate::MAX_MESSAGE), or too small for an id and a tag.
    Length,
    /// Its tag is unknown, or does not answer that request.
    Tag,
    /// A part is cut off, bytes follow the last part, or a part has an impossible value.
    Body,
    /// Text that is not UTF-8, or longer than its length field can say.
    Text,
    /// A name that no object has.
    Name,
    /// The other side speaks another version.
    Version {
        /// Its version.
        theirs: u16,
    },
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Length => f.write_str("the length of the message is out of bounds"),
            Self::Tag => f.write_str("the tag of the message is not one that is expected here"),
            Self::Body => f.write_str("the body of the message is damaged"),
            Self::Text => f.write_str("a text in the message is not UTF-8 or too long"),
            Self::Name => f.write_str("a name in the message is not that of an object"),
            Self::Version { theirs } => write!(f, "the other side speaks version {theirs} of the protocol"),
        }
    }
}

impl std::error::Error for Malformed {}
