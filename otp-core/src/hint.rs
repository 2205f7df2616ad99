//! [`Hint`]: what to do about an error, for a front end to put into its own words.

use crate::error::Error;
use crate::frame::Capacity;
use crate::id::KeyId;
use crate::name::{AccountName, Holder, MAX_FIELD_NAME_LEN};

/// What to do about an error.
///
/// It is data, not text: a program turns it into a command line to copy, a Python package into an argument, a device into
/// a code on its display.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Hint<'a> {
    /// Build the account's name from parts of `a-z`, `0-9`, `.`, `_`, `-`, joined by `/`.
    FollowAccountGrammar,
    /// Use text of at most `limit` bytes without control characters.
    UsePlainText {
        /// The limit in bytes.
        limit: usize,
    },
    /// Look the key's id up among those of the account.
    LookUpKeyId,
    /// Use one of the public capacities, [`Capacity::ALL`](crate::Capacity::ALL).
    UseListedCapacity,
    /// Use a time before the year 10000.
    UseEarlierTime,
    /// Choose a larger capacity, or shorten the secret.
    UseLargerCapacity,
    /// Shorten the secret: it exceeds the largest capacity.
    ShortenSecret,
    /// Give the key fewer pages, or a smaller capacity.
    UseFewerPages,
    /// Give each field once.
    GiveFieldOnce,
    /// Provide a buffer of at least so many bytes.
    ProvideBuffer {
        /// The length in bytes.
        needed: usize,
    },
    /// Copy the whole key again from where it is kept.
    CopyKeyAgain,
    /// Update this software.
    Update,
    /// Restore the record from a backup, or revoke its key.
    RestoreRecord,
    /// Restore the note from a backup, or revoke its key.
    RestoreNote,
    /// Ask for a new key.
    AskForNewKey,
    /// Use a key that has not been replaced.
    UseCurrentKey,
    /// Issue one more key to the account, or rotate it.
    IssueOrRotate {
        /// The account.
        account: &'a AccountName,
    },
    /// Revoke the key whose record is damaged.
    RevokeKey {
        /// The account.
        account: &'a AccountName,
        /// The key's id.
        id: KeyId,
    },
    /// Resume the rotation, or abort it.
    ResumeRotation {
        /// The account.
        account: &'a AccountName,
    },
    /// Restore the staged record, or find out the database's password and forget the rotation.
    ForgetRotation {
        /// The account.
        account: &'a AccountName,
    },
    /// Put the keys into the ring, or end them with the rotation by naming them.
    EndUnknownKeys {
        /// The account.
        account: &'a AccountName,
    },
    /// Rotate the account to new keys for all holders.
    ReplaceKeys {
        /// The account.
        account: &'a AccountName,
    },
    /// Delete the forged claim from the store; if the ring is an old copy instead, replace the keys as well.
    RemoveClaim {
        /// The account.
        account: &'a AccountName,
        /// The generation that it claims.
        claimed: u64,
    },
    /// Put a key to the account into the ring.
    AddKeyToRing,
    /// Give the ring, or say that it is to be left behind.
    GiveRing,
    /// Give the new keys an expiry of their own.
    GiveExpiry,
    /// Remove the account, and add it again: nobody has a key that opens its current secret.
    AddAgain {
        /// The account.
        account: &'a AccountName,
    },
    /// Try again when the other change is done.
    TryAgain,
    /// Stop using this machine for secrets until its source of randomness is repaired.
    RepairRandomness,
}

impl Error {
    /// What to do about it, where there is something to do.
    #[must_use]
    pub const fn hint(&self) -> Option<Hint<'static>> {
        Some(match self {
            Self::InvalidAccountName(_) => Hint::FollowAccountGrammar,
            Self::InvalidHolder(_) => Hint::UsePlainText { limit: Holder::MAX_LEN },
            Self::InvalidFieldName(_) => Hint::UsePlainText { limit: MAX_FIELD_NAME_LEN },
            Self::InvalidKeyId => Hint::LookUpKeyId,
            Self::InvalidCapacity => Hint::UseListedCapacity,
            Self::InvalidTime => Hint::UseEarlierTime,
            Self::PayloadTooLong { capacity, .. } if *capacity < Capacity::MAX.bytes() => Hint::UseLargerCapacity,
            Self::PayloadTooLong { .. } => Hint::ShortenSecret,
            Self::TooManyPages { .. } => Hint::UseFewerPages,
            Self::DuplicateField => Hint::GiveFieldOnce,
            Self::BufferTooSmall { needed } => Hint::ProvideBuffer { needed: *needed },
            Self::MalformedKey(_) => Hint::CopyKeyAgain,
            Self::NewerKey | Self::NewerRecord { .. } => Hint::Update,
            Self::DamagedRecord(_) => Hint::RestoreRecord,
            Self::DamagedNote => Hint::RestoreNote,
            Self::NoPageLeft | Self::Expired { .. } => Hint::AskForNewKey,
            Self::LengthMismatch | Self::WrongKey | Self::MalformedFrame | Self::MalformedAccount => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::tests::all;

    /// Why there is nothing to do about an error; `None` if there is something.
    fn reason_for_no_hint(error: &Error) -> Option<&'static str> {
        match error {
            Error::LengthMismatch => Some("it is a mistake in the program that calls"),
            Error::WrongKey => Some("it does not say whether the key or the record is wrong"),
            Error::MalformedFrame | Error::MalformedAccount => Some("the program that sealed it is broken"),
            Error::InvalidAccountName(_)
            | Error::InvalidHolder(_)
            | Error::InvalidFieldName(_)
            | Error::InvalidKeyId
            | Error::InvalidCapacity
            | Error::InvalidTime
            | Error::PayloadTooLong { .. }
            | Error::TooManyPages { .. }
            | Error::NoPageLeft
            | Error::DuplicateField
            | Error::BufferTooSmall { .. }
            | Error::MalformedKey(_)
            | Error::NewerKey
            | Error::DamagedRecord(_)
            | Error::DamagedNote
            | Error::NewerRecord { .. }
            | Error::Expired { .. } => None,
        }
    }

    #[test]
    fn each_error_has_a_hint_or_a_reason_for_none() {
        for (error, _) in all() {
            assert_eq!(error.hint().is_none(), reason_for_no_hint(&error).is_some(), "{error:?}");
        }
    }

    #[test]
    fn a_hint_says_what_its_error_knows() {
        let too_long = |capacity| Error::PayloadTooLong { len: 70_000, capacity }.hint();
        assert_eq!(
            [64, 32_768, 65_535].map(too_long),
            [Some(Hint::UseLargerCapacity), Some(Hint::UseLargerCapacity), Some(Hint::ShortenSecret)]
        );
        assert_eq!(Error::BufferTooSmall { needed: 9 }.hint(), Some(Hint::ProvideBuffer { needed: 9 }));
    }
}
