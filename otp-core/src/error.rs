//! The errors, and the one table of numbers, names and messages.

use core::fmt;

use crate::name::UnixTime;

/// What kind of failure it was, by a number that is the same everywhere.
///
/// The command line ends with it as its exit code, and C and Python name the same causes by it.
/// Numbers are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[non_exhaustive]
pub enum Code {
    /// Anything that has no number of its own.
    Other = 1,
    /// The call or command line is not one that can be carried out.
    Usage = 2,
    /// No such account or key: revoked, rotated away, or never there.
    NotFound = 3,
    /// The key's text is malformed.
    MalformedKey = 4,
    /// The key does not open this record: the wrong key, or the record was tampered with.
    WrongKey = 5,
    /// The record has expired, or its period of grace is over.
    Expired = 6,
    /// The record is damaged.
    Damaged = 7,
    /// A newer version of this software wrote the record or the key.
    NewerVersion = 8,
    /// What was to be made exists already.
    Exists = 9,
    /// Others can read or write what only the owner may.
    UnsafePermissions = 10,
    /// The source of randomness failed, or failed its health tests.
    RandomnessFailed = 11,
    /// The store can't be read or written.
    StoreUnavailable = 12,
}

impl Code {
    /// Every code with its name and its meaning, in order: the one table that help, header and documents are made from.
    pub const TABLE: [(Self, &'static str, &'static str); 12] = [
        (Self::Other, "other", "anything else"),
        (Self::Usage, "usage", "the command line or call is not valid"),
        (Self::NotFound, "not-found", "no such account or key (revoked, rotated away or never there)"),
        (Self::MalformedKey, "malformed-key", "the key's text is malformed"),
        (Self::WrongKey, "wrong-key", "the key does not open this record (wrong key, or tampered record)"),
        (Self::Expired, "expired", "the record has expired"),
        (Self::Damaged, "damaged", "the record is damaged"),
        (Self::NewerVersion, "newer-version", "written by a newer version"),
        (Self::Exists, "exists", "exists already"),
        (Self::UnsafePermissions, "unsafe-permissions", "unsafe permissions"),
        (Self::RandomnessFailed, "randomness-failed", "randomness failed"),
        (Self::StoreUnavailable, "store-unavailable", "the store can't be read or written"),
    ];

    /// The number: an exit code of the command line, a constant in C.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The name: lower case, words joined by dashes.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.row().1
    }

    /// What it means, in a few words.
    #[must_use]
    pub fn meaning(self) -> &'static str {
        self.row().2
    }

    fn row(self) -> &'static (Self, &'static str, &'static str) {
        // Rows stand in the order of their numbers, which start at 1; a test walks the table.
        &Self::TABLE[usize::from(self.number()) - 1]
    }
}

/// An error that knows its [`Code`].
pub trait Coded: core::error::Error {
    /// The code of this error.
    fn code(&self) -> Code;
}

/// What was wrong with a key's text. None of them tells anything about the key's secret part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyFault {
    /// It does not start with `otpk1_`.
    Prefix,
    /// It has a character that is not of its alphabet, or mixes upper and lower case.
    Character,
    /// It is too short or too long: part of it is missing, or something was added.
    Length,
    /// Its checksum does not fit: it was mistyped or cut.
    Checksum,
    /// The checksum fits but the contents are not those of a key.
    Contents,
}

/// What was wrong with a record's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordFault {
    /// It does not start as a record does.
    Magic,
    /// It ends early, or is longer than any record.
    Length,
    /// Its CRC-32 does not fit: bytes were changed since it was written.
    Checksum,
    /// The CRC-32 fits, but the contents are not what an encoder writes.
    Contents,
}

/// What was wrong with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum NameFault {
    /// It is empty, or has an empty segment.
    Empty,
    /// It is longer than the limit, in bytes.
    TooLong {
        /// The limit in bytes.
        limit: usize,
    },
    /// It has a character that is not allowed there.
    Character,
    /// A segment ends in a dot or in `.otp`.
    Ending,
    /// A segment is a name that Windows reserves for a device.
    Reserved,
}

/// Everything that can go wrong in this crate, except a failing source of randomness or store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The account name does not fit the grammar.
    InvalidAccountName(NameFault),
    /// The holder's name does not fit the grammar.
    InvalidHolder(NameFault),
    /// The name of a field does not fit the grammar.
    InvalidFieldName(NameFault),
    /// The key id is not 16 characters of lower-case base32.
    InvalidKeyId,
    /// The number is not one of the public capacities.
    InvalidCapacity,
    /// The time lies after the year 9999.
    InvalidTime,
    /// The payload is longer than the frame's capacity.
    PayloadTooLong {
        /// The payload's length in bytes.
        len: usize,
        /// The most that fits.
        capacity: usize,
    },
    /// A field of that name is there already.
    DuplicateField,
    /// The caller's buffer is too small.
    BufferTooSmall {
        /// How many bytes it needs.
        needed: usize,
    },
    /// The two sides of an XOR differ in length.
    LengthMismatch,
    /// The key's text is malformed.
    MalformedKey(KeyFault),
    /// A newer version of this software wrote the key.
    NewerKey,
    /// The record is damaged.
    DamagedRecord(RecordFault),
    /// The note beside a record is damaged.
    DamagedNote,
    /// A newer version of this software wrote the record.
    NewerRecord {
        /// The version that wrote it.
        version: u8,
    },
    /// The key does not open this record. Whether key or record is wrong, and where, is not told.
    WrongKey,
    /// The record has expired.
    Expired {
        /// When it did.
        at: UnixTime,
    },
    /// The frame's length exceeds its capacity, or a filler byte is not zero. Which of the two is not told.
    MalformedFrame,
    /// The payload does not hold an account's fields.
    MalformedAccount,
}

impl Coded for Error {
    fn code(&self) -> Code {
        match self {
            Self::InvalidAccountName(_)
            | Self::InvalidHolder(_)
            | Self::InvalidFieldName(_)
            | Self::InvalidKeyId
            | Self::InvalidCapacity
            | Self::InvalidTime
            | Self::PayloadTooLong { .. }
            | Self::DuplicateField => Code::Usage,
            Self::BufferTooSmall { .. } | Self::LengthMismatch => Code::Other,
            Self::MalformedKey(_) => Code::MalformedKey,
            Self::NewerKey | Self::NewerRecord { .. } => Code::NewerVersion,
            Self::DamagedRecord(_) | Self::DamagedNote | Self::MalformedFrame | Self::MalformedAccount => Code::Damaged,
            Self::WrongKey => Code::WrongKey,
            Self::Expired { .. } => Code::Expired,
        }
    }
}

impl fmt::Display for KeyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Prefix => "it does not start with otpk1_",
            Self::Character => "it has a character that no key has, or mixes upper and lower case",
            Self::Length => "its length is not that of a key; part of it may be missing",
            Self::Checksum => "its checksum does not fit; it was mistyped or cut",
            Self::Contents => "its contents are not those of a key",
        })
    }
}

impl fmt::Display for RecordFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Magic => "it does not start as a record does",
            Self::Length => "it ends early or is too long",
            Self::Checksum => "its CRC-32 does not fit, bytes were changed since it was written",
            Self::Contents => "its CRC-32 fits, but no encoder writes such contents",
        })
    }
}

impl fmt::Display for NameFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty or has an empty part"),
            Self::TooLong { limit } => write!(f, "it is longer than {limit} bytes"),
            Self::Character => f.write_str("it has a character that is not allowed there"),
            Self::Ending => f.write_str("a part of it ends in a dot or in .otp"),
            Self::Reserved => f.write_str("a part of it is a device name that Windows reserves"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidAccountName(fault) => write!(
                f,
                "not an account name: {fault}; use parts of a-z, 0-9, '.', '_', '-' joined by '/', each starting with a letter or digit"
            ),
            Self::InvalidHolder(fault) => {
                write!(f, "not a holder's name: {fault}; use up to 64 bytes of UTF-8 without control characters")
            }
            Self::InvalidFieldName(fault) => {
                write!(f, "not a field's name: {fault}; use up to 255 bytes of UTF-8 without control characters")
            }
            Self::InvalidKeyId => {
                f.write_str("not a key id; it has 16 characters of a-z and 2-7, as `otp info` shows it")
            }
            Self::InvalidCapacity => {
                f.write_str("not a capacity; use 64, 128, 256, 512, 1024, 2048, 4096, 8192, 16384, 32768 or 65535")
            }
            Self::InvalidTime => f.write_str("not a time that can be kept; use one before the year 10000"),
            Self::PayloadTooLong { len, capacity } => write!(
                f,
                "the secret takes {len} bytes and at most {capacity} fit; shorten it or use a larger capacity"
            ),
            Self::DuplicateField => f.write_str("the account has two fields of one name; give each a name of its own"),
            Self::BufferTooSmall { needed } => write!(f, "the buffer is too small; it needs {needed} bytes"),
            Self::LengthMismatch => f.write_str("pad and frame differ in length; draw a pad as long as the frame"),
            Self::MalformedKey(fault) => write!(f, "the key is malformed: {fault}; copy the whole key again"),
            Self::NewerKey => f.write_str("a newer version wrote this key; update this program"),
            Self::DamagedRecord(fault) => {
                write!(f, "the record is damaged: {fault}; restore it from a backup or add the account anew")
            }
            Self::DamagedNote => {
                f.write_str("the note beside the record is damaged; restore it from a backup or revoke the key")
            }
            Self::NewerRecord { version } => {
                write!(f, "a newer version wrote this record (format {version}); update this program")
            }
            Self::WrongKey => {
                f.write_str("the key does not open this record: it is another's key, or the record was tampered with")
            }
            Self::Expired { at } => write!(f, "the record expired ({at} seconds after 1970); ask for a new key"),
            Self::MalformedFrame => {
                f.write_str("the frame is malformed, though its tag fits; whatever sealed it is broken")
            }
            Self::MalformedAccount => {
                f.write_str("the secret holds no account's fields, though its tag fits; it was sealed as plain bytes")
            }
        }
    }
}

impl core::error::Error for Error {}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::format;
    use std::string::ToString;

    use super::*;

    #[test]
    fn each_code_has_its_row_and_its_number_for_good() {
        for (index, (code, name, meaning)) in Code::TABLE.into_iter().enumerate() {
            assert_eq!(usize::from(code.number()), index + 1);
            assert_eq!((code.name(), code.meaning()), (name, meaning));
        }
        // Programs and documents of others use these numbers: they never change.
        let numbers = Code::TABLE.map(|(code, name, _)| format!("{} {name}", code.number())).join(", ");
        assert_eq!(
            numbers,
            "1 other, 2 usage, 3 not-found, 4 malformed-key, 5 wrong-key, 6 expired, 7 damaged, 8 newer-version, \
             9 exists, 10 unsafe-permissions, 11 randomness-failed, 12 store-unavailable"
        );
    }

    #[test]
    fn each_error_has_its_code_and_a_message_of_its_own() {
        let name_faults = [
            NameFault::Empty,
            NameFault::TooLong { limit: 9 },
            NameFault::Character,
            NameFault::Ending,
            NameFault::Reserved,
        ];
        let key_faults =
            [KeyFault::Prefix, KeyFault::Character, KeyFault::Length, KeyFault::Checksum, KeyFault::Contents];
        let record_faults = [RecordFault::Magic, RecordFault::Length, RecordFault::Checksum, RecordFault::Contents];
        let others = [
            (Error::InvalidKeyId, Code::Usage),
            (Error::InvalidCapacity, Code::Usage),
            (Error::InvalidTime, Code::Usage),
            (Error::PayloadTooLong { len: 65, capacity: 64 }, Code::Usage),
            (Error::DuplicateField, Code::Usage),
            (Error::BufferTooSmall { needed: 9 }, Code::Other),
            (Error::LengthMismatch, Code::Other),
            (Error::NewerKey, Code::NewerVersion),
            (Error::NewerRecord { version: 2 }, Code::NewerVersion),
            (Error::DamagedNote, Code::Damaged),
            (Error::WrongKey, Code::WrongKey),
            (Error::Expired { at: UnixTime::MAX }, Code::Expired),
            (Error::MalformedFrame, Code::Damaged),
            (Error::MalformedAccount, Code::Damaged),
        ];
        let names = [Error::InvalidAccountName, Error::InvalidHolder, Error::InvalidFieldName];
        let all = others
            .into_iter()
            .chain(names.into_iter().flat_map(|name| name_faults.map(|fault| (name(fault), Code::Usage))))
            .chain(key_faults.map(|fault| (Error::MalformedKey(fault), Code::MalformedKey)))
            .chain(record_faults.map(|fault| (Error::DamagedRecord(fault), Code::Damaged)));
        let mut messages = BTreeSet::new();
        for (error, code) in all {
            let message = error.to_string();
            assert_eq!(error.code(), code, "{message}");
            assert!(
                message.starts_with(|first: char| first.is_ascii_lowercase()) && !message.ends_with('.'),
                "{message}"
            );
            assert!(messages.insert(message.clone()), "{message}");
        }
        assert_eq!(messages.len(), 14 + 3 * 5 + 5 + 4);
    }

    #[test]
    fn the_message_about_capacities_names_all_of_them() {
        let message = Error::InvalidCapacity.to_string();
        for capacity in crate::frame::Capacity::ALL {
            assert!(message.contains(&capacity.bytes().to_string()));
        }
    }
}
