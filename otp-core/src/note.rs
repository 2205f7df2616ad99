//! [`Note`]: what a store keeps beside a record once its header can't be changed any more.
//!
//! A record's header is under its tag, and the caller has the tag key. So the end of a grace period is kept in a note,
//! and so is a revoked key's tombstone. A note is policy, not cryptography: readers obey it, and anyone who can write
//! the store can remove it.

use crate::checksum;
use crate::error::Error;
use crate::time::UnixTime;

/// What every note starts with.
const MAGIC: [u8; 4] = *b"OTPN";
const VERSION: u8 = 1;

/// The longest grace period, in seconds: 366 days. A longer one is probably a typo that keeps an old secret in use.
pub const MAX_GRACE_SECS: u64 = 366 * 24 * 60 * 60;

/// A rotation in progress for longer than this, an hour in seconds, has crashed.
pub const ROTATION_LIMIT_SECS: u64 = 60 * 60;

/// How far the clocks of two machines that share a store may differ: five minutes, in seconds.
pub const CLOCK_SKEW_SECS: u64 = 5 * 60;

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
    /// [`Error::DamagedNote`], or [`Error::NewerRecord`] if the note is intact but of a later version.
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

    /// Reads a note beside a record, as of `now`.
    ///
    /// No rotation grants a grace period of more than [`MAX_GRACE_SECS`]. One that ends later than that, even allowing
    /// [`CLOCK_SKEW_SECS`] for clocks that differ, was planted to keep an old secret in use.
    ///
    /// # Errors
    ///
    /// As [`Note::decode`]; [`Error::DamagedNote`] also for such a grace period.
    pub fn decode_at(bytes: &[u8], now: UnixTime) -> Result<Self, Error> {
        match Self::decode(bytes)? {
            Self::Grace { until } if until > now.after(MAX_GRACE_SECS + CLOCK_SKEW_SECS) => Err(Error::DamagedNote),
            note => Ok(note),
        }
    }

    /// Whether this is the marker of a rotation that is no longer in progress.
    ///
    /// It began more than [`ROTATION_LIMIT_SECS`] ago, or begins more than [`CLOCK_SKEW_SECS`] from now: a marker dated in the
    /// future would keep others from changing the account until then.
    #[must_use]
    pub fn has_crashed(&self, now: UnixTime) -> bool {
        match *self {
            Self::Rotating { since } => now >= since.after(ROTATION_LIMIT_SECS) || since > now.after(CLOCK_SKEW_SECS),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_grace_period_that_nobody_can_have_granted_is_damage() {
        let now = UnixTime::from_secs(1_800_000_000).unwrap();
        let at = |secs| Note::decode_at(&Note::Grace { until: now.after(secs) }.encode(), now);
        let longest = MAX_GRACE_SECS + CLOCK_SKEW_SECS;
        assert_eq!(at(longest), Ok(Note::Grace { until: now.after(longest) }));
        assert_eq!(at(longest + 1), Err(Error::DamagedNote));
    }

    #[test]
    fn a_marker_is_that_of_a_crashed_rotation_after_an_hour_and_from_five_minutes_ahead_on() {
        let now = UnixTime::from_secs(1_800_000_000).unwrap();
        let past = |secs| UnixTime::from_secs(now.as_secs() - secs).unwrap();
        let crashed = |since| Note::Rotating { since }.has_crashed(now);
        assert!(crashed(past(3600)) && !crashed(past(3599)));
        assert!(!crashed(now.after(300)) && crashed(now.after(301)) && crashed(UnixTime::MAX));
        assert!(!Note::Grace { until: past(9999) }.has_crashed(now));
    }

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
