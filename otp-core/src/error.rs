//! [`Error`]: everything that can go wrong in this crate, and what was wrong with a key, a record or a name.

use core::fmt;

use crate::code::{Code, Coded};
use crate::time::UnixTime;

/// What was wrong with a key's text. None of these reveals anything about the key's secret part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyFault {
    /// It does not start with `otpk1_`.
    Prefix,
    /// It has a character outside the alphabet, or mixes upper and lower case.
    Character,
    /// It is too short or too long: part of it is missing, or something was added.
    Length,
    /// The checksum does not match: the key was mistyped or cut.
    Checksum,
    /// The checksum matches, but the contents are not those of a key.
    Contents,
}

/// What was wrong with a record's bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RecordFault {
    /// It does not start like a record.
    Magic,
    /// It ends early, or is longer than any record.
    Length,
    /// The checksum does not match: bytes have changed since it was written.
    Checksum,
    /// The checksum matches, but no encoder writes such contents.
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
    /// It has a character that is not allowed.
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
    /// The account name does not follow the grammar.
    InvalidAccountName(NameFault),
    /// The holder's name does not follow the grammar.
    InvalidHolder(NameFault),
    /// The name of a field does not follow the grammar.
    InvalidFieldName(NameFault),
    /// The key id is not 16 characters of lower-case base32.
    InvalidKeyId,
    /// The number is not one of the public capacities.
    InvalidCapacity,
    /// The time is after the year 9999.
    InvalidTime,
    /// The payload is longer than the frame's capacity.
    PayloadTooLong {
        /// The payload's length in bytes.
        len: usize,
        /// The capacity in bytes.
        capacity: usize,
    },
    /// The key would be longer than any key is: it has too many pages for its capacity.
    TooManyPages {
        /// How many there may be.
        limit: u8,
    },
    /// Every page of the key has been used.
    NoPageLeft,
    /// The account already has a field of that name.
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
    /// The key does not open this record. The error does not say whether the key or the record is wrong, or where.
    WrongKey,
    /// The record has expired.
    Expired {
        /// When it did.
        at: UnixTime,
    },
    /// The frame's length exceeds its capacity, or a filler byte is not zero. The error does not say which.
    MalformedFrame,
    /// The payload is not a list of fields.
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
            | Self::TooManyPages { .. }
            | Self::NoPageLeft
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
            Self::Length => "it has the wrong length; part of it may be missing",
            Self::Checksum => "its checksum does not match; it was mistyped or cut",
            Self::Contents => "its contents are not those of a key",
        })
    }
}

impl fmt::Display for RecordFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Magic => "it does not start like a record",
            Self::Length => "it ends early or is too long",
            Self::Checksum => "its checksum does not match, so bytes have changed since it was written",
            Self::Contents => "its checksum matches, but no encoder writes such contents",
        })
    }
}

impl fmt::Display for NameFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty or has an empty part"),
            Self::TooLong { limit } => write!(f, "it is longer than {limit} bytes"),
            Self::Character => f.write_str("it has a character that is not allowed"),
            Self::Ending => f.write_str("a part of it ends in a dot or in .otp"),
            Self::Reserved => f.write_str("a part of it is a device name that Windows reserves"),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidAccountName(fault) => write!(f, "not an account name: {fault}"),
            Self::InvalidHolder(fault) => write!(f, "not a holder's name: {fault}"),
            Self::InvalidFieldName(fault) => write!(f, "not a field's name: {fault}"),
            Self::InvalidKeyId => f.write_str("not a key id: it is not 16 characters of a-z and 2-7"),
            Self::InvalidCapacity => f.write_str("not one of the capacities"),
            Self::InvalidTime => f.write_str("the time is after the year 9999"),
            Self::PayloadTooLong { len, capacity } => {
                write!(f, "the secret takes {len} bytes, and the capacity is {capacity}")
            }
            Self::TooManyPages { limit } => write!(f, "a key of this capacity has at most {limit} pages"),
            Self::NoPageLeft => f.write_str("every page of the key has been used"),
            Self::DuplicateField => f.write_str("the account has two fields of the same name"),
            Self::BufferTooSmall { needed } => write!(f, "the buffer has fewer than {needed} bytes"),
            Self::LengthMismatch => f.write_str("pad and frame differ in length"),
            Self::MalformedKey(fault) => write!(f, "the key is malformed: {fault}"),
            Self::NewerKey => f.write_str("the key was written by a newer version"),
            Self::DamagedRecord(fault) => write!(f, "the record is damaged: {fault}"),
            Self::DamagedNote => f.write_str("the note beside the record is damaged"),
            Self::NewerRecord { version } => write!(f, "the record was written by a newer version (format {version})"),
            Self::WrongKey => {
                f.write_str("the key does not open this record: it is another's key, or the record was tampered with")
            }
            Self::Expired { at } => write!(f, "the record expired at {at}"),
            Self::MalformedFrame => f.write_str("the tag matches, but the frame is malformed"),
            Self::MalformedAccount => f.write_str("the tag matches, but the secret is not a list of fields"),
        }
    }
}

impl core::error::Error for Error {}

#[cfg(test)]
pub(crate) mod tests {
    use std::collections::BTreeSet;
    use std::string::ToString;
    use std::vec::Vec;

    use super::*;

    /// One error of each kind, and one for each fault.
    pub(crate) fn all() -> Vec<(Error, Code)> {
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
            (Error::TooManyPages { limit: 1 }, Code::Usage),
            (Error::NoPageLeft, Code::Usage),
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
        others
            .into_iter()
            .chain(names.into_iter().flat_map(|name| name_faults.map(|fault| (name(fault), Code::Usage))))
            .chain(key_faults.map(|fault| (Error::MalformedKey(fault), Code::MalformedKey)))
            .chain(record_faults.map(|fault| (Error::DamagedRecord(fault), Code::Damaged)))
            .collect()
    }

    #[test]
    fn each_error_has_its_code_and_its_own_message() {
        let mut messages = BTreeSet::new();
        for (error, code) in all() {
            let message = error.to_string();
            assert_eq!(error.code(), code, "{message}");
            // One sentence about the cause; the remedy is the hint's.
            assert!(message.starts_with(|first: char| first.is_ascii_lowercase()), "{message}");
            assert!(!message.ends_with('.') && !message.contains("--"), "{message}");
            assert!(messages.insert(message.clone()), "{message}");
        }
        assert_eq!(messages.len(), 16 + 3 * 5 + 5 + 4);
    }
}
