//! [`Note`]: what a store keeps beside a record once its header can't be changed any more.
//!
//! A record's header is under its tag, and the tag key is with the caller. So the end of a grace period, like the
//! tombstone that a revoked key leaves, stands in a note. A note is policy, not cryptography: readers obey it, and anyone
//! who can write the store can remove it.

use crate::checksum;
use crate::error::Error;
use crate::time::UnixTime;

/// What every note starts with.
const MAGIC: [u8; 4] = *b"OTPN";
const VERSION: u8 = 1;

/// Something that happened to a key since its record was sealed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Note {
    /// The key was revoked: its record does not open any more.
    Revoked {
        /// When.
        at: UnixTime,
    },
    /// The key was replaced by a new one: its record does not open any more.
    Rotated {
        /// When.
        at: UnixTime,
    },
    /// The key was replaced by a new one, but its record still opens for a while.
    Grace {
        /// When it stops opening.
        until: UnixTime,
    },
    /// A rotation of the account is in progress. This note is the marker, in a slot of its own.
    Rotating {
        /// Since when.
        since: UnixTime,
    },
}

impl Note {
    /// The bytes of every note: magic, version, kind, time (8, big-endian), checksum (4).
    pub const LEN: usize = 18;

    /// Writes the note.
    #[must_use]
    pub fn encode(&self) -> [u8; Self::LEN] {
        let (kind, time) = match *self {
            Self::Revoked { at } => (1, at),
            Self::Rotated { at } => (2, at),
            Self::Grace { until } => (3, until),
            Self::Rotating { since } => (4, since),
        };
        let mut bytes = [0; Self::LEN];
        bytes[..4].copy_from_slice(&MAGIC);
        bytes[4..6].copy_from_slice(&[VERSION, kind]);
        bytes[6..14].copy_from_slice(&time.as_secs().to_be_bytes());
        let checksum = checksum::of(&bytes[..14]);
        bytes[14..].copy_from_slice(&checksum);
        bytes
    }

    /// Reads a note.
    ///
    /// # Errors
    ///
    /// [`Error::DamagedNote`], or [`Error::NewerRecord`] if it is whole but of a later version.
    pub fn decode(bytes: &[u8]) -> Result<Self, Error> {
        let damaged = Error::DamagedNote;
        let bytes: &[u8; Self::LEN] = bytes.try_into().map_err(|_| damaged)?;
        let Some((body, stored)) = bytes.split_last_chunk() else {
            return Err(damaged);
        };
        if checksum::of(body) != *stored || body[..4] != MAGIC {
            return Err(damaged);
        }
        if body[4] > VERSION {
            return Err(Error::NewerRecord { version: body[4] });
        }
        let Some(secs) = body[6..].first_chunk().filter(|_| body[4] == VERSION) else {
            return Err(damaged);
        };
        let time = UnixTime::from_secs(u64::from_be_bytes(*secs)).ok_or(damaged)?;
        match body[5] {
            1 => Ok(Self::Revoked { at: time }),
            2 => Ok(Self::Rotated { at: time }),
            3 => Ok(Self::Grace { until: time }),
            4 => Ok(Self::Rotating { since: time }),
            _ => Err(damaged),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_come_back_and_no_flipped_bit_does() {
        let time = UnixTime::from_secs(1_800_000_000).unwrap();
        for note in [
            Note::Revoked { at: time },
            Note::Rotated { at: time },
            Note::Grace { until: UnixTime::MAX },
            Note::Rotating { since: time },
        ] {
            let bytes = note.encode();
            assert_eq!(Note::decode(&bytes), Ok(note));
            for bit in 0..bytes.len() * 8 {
                let mut flipped = bytes;
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert_eq!(Note::decode(&flipped), Err(Error::DamagedNote));
            }
            for len in 0..bytes.len() {
                assert_eq!(Note::decode(&bytes[..len]), Err(Error::DamagedNote));
            }
        }
    }
}
