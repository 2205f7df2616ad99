//! [`Code`]: the one table of causes and their numbers.

/// The cause of a failure, by a number that is the same everywhere.
///
/// The program exits with it; C has it as a constant and Python as an exception class. Numbers are never reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[repr(u8)]
#[non_exhaustive]
pub enum Code {
    /// Anything without a number of its own.
    Other = 1,
    /// The call or command line is not valid.
    Usage = 2,
    /// No such account or key: revoked, replaced, or never there.
    NotFound = 3,
    /// The key's text is malformed.
    MalformedKey = 4,
    /// The key does not open this record: it is the wrong key, or the record was tampered with.
    WrongKey = 5,
    /// The record has expired, or its grace period is over.
    Expired = 6,
    /// The record is damaged.
    Damaged = 7,
    /// A newer version of this software wrote the record or the key.
    NewerVersion = 8,
    /// What was to be made already exists.
    Exists = 9,
    /// Others can read or write what only the owner may.
    UnsafePermissions = 10,
    /// The source of randomness failed, or failed its health tests.
    RandomnessFailed = 11,
    /// The store can't be read or written.
    StoreUnavailable = 12,
    /// The store does not let this user do it.
    Denied = 13,
    /// Another process holds the lock.
    Locked = 14,
    /// It is unknown whether the change took effect.
    InDoubt = 15,
    /// The ring was copied, or restored from a backup.
    StaleRing = 16,
    /// The audit log can't be written.
    AuditFailed = 17,
    /// A key is about to expire.
    ExpiringSoon = 18,
}

impl Code {
    /// Every code, in the order of the numbers, which start at 1.
    pub const ALL: &'static [Self] = &[
        Self::Other,
        Self::Usage,
        Self::NotFound,
        Self::MalformedKey,
        Self::WrongKey,
        Self::Expired,
        Self::Damaged,
        Self::NewerVersion,
        Self::Exists,
        Self::UnsafePermissions,
        Self::RandomnessFailed,
        Self::StoreUnavailable,
        Self::Denied,
        Self::Locked,
        Self::InDoubt,
        Self::StaleRing,
        Self::AuditFailed,
        Self::ExpiringSoon,
    ];

    /// The number: an exit code of the program, a constant in C.
    #[must_use]
    pub const fn number(self) -> u8 {
        self as u8
    }

    /// The name: lower case, words joined by dashes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        self.texts().0
    }

    /// What the code means, in a few words, for tables and help texts.
    #[must_use]
    pub const fn summary(self) -> &'static str {
        self.texts().1
    }

    const fn texts(self) -> (&'static str, &'static str) {
        match self {
            Self::Other => ("other", "any other failure"),
            Self::Usage => ("usage", "the command line or call is not valid"),
            Self::NotFound => ("not-found", "no such account or key (revoked, replaced or never there)"),
            Self::MalformedKey => ("malformed-key", "the key's text is malformed"),
            Self::WrongKey => ("wrong-key", "the key does not open this record (wrong key, or tampered record)"),
            Self::Expired => ("expired", "the record has expired"),
            Self::Damaged => ("damaged", "the record is damaged"),
            Self::NewerVersion => ("newer-version", "written by a newer version"),
            Self::Exists => ("exists", "already exists"),
            Self::UnsafePermissions => ("unsafe-permissions", "others can read or write what only the owner may"),
            Self::RandomnessFailed => ("randomness-failed", "the source of randomness failed"),
            Self::StoreUnavailable => ("store-unavailable", "the store can't be read or written"),
            Self::Denied => ("denied", "the store does not allow it"),
            Self::Locked => ("locked", "another process holds the lock"),
            Self::InDoubt => ("in-doubt", "unknown whether the change took effect"),
            Self::StaleRing => ("stale-ring", "the ring does not match the store: copied, or restored from a backup"),
            Self::AuditFailed => ("audit-failed", "the audit log can't be written"),
            Self::ExpiringSoon => ("expiring-soon", "a key is about to expire"),
        }
    }
}

/// An error that knows its [`Code`].
pub trait Coded: core::error::Error {
    /// The code of this error.
    fn code(&self) -> Code;
}

/// What can't fail has no code.
impl Coded for core::convert::Infallible {
    fn code(&self) -> Code {
        match *self {}
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    use super::*;

    #[test]
    fn each_code_keeps_its_number_and_name() {
        let rows: Vec<String> = Code::ALL.iter().map(|code| format!("{} {}", code.number(), code.name())).collect();
        // Other people's programs and documents use these: they never change.
        assert_eq!(
            rows.join(", "),
            "1 other, 2 usage, 3 not-found, 4 malformed-key, 5 wrong-key, 6 expired, 7 damaged, 8 newer-version, \
             9 exists, 10 unsafe-permissions, 11 randomness-failed, 12 store-unavailable, 13 denied, 14 locked, \
             15 in-doubt, 16 stale-ring, 17 audit-failed, 18 expiring-soon"
        );
        let summaries: BTreeSet<&str> = Code::ALL.iter().map(|code| code.summary()).collect();
        assert_eq!(summaries.len(), Code::ALL.len());
    }
}
