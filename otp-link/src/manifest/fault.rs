//! [`ManifestFault`]: what is wrong with a manifest.

use std::fmt;

use otp_core::AccountName;

/// What is wrong with a manifest. It names members and columns, and never a value.
#[derive(Debug)]
#[non_exhaustive]
pub enum ManifestFault {
    /// It is not UTF-8.
    NotText,
    /// It is not JSON.
    Syntax {
        /// The byte of the line at which that shows, from 1.
        column: usize,
    },
    /// Something other than an object stands for an account.
    NotAnObject,
    /// Nothing, or neither a list nor an object, is where the accounts should be.
    NoAccounts {
        /// Where they should be (RFC 6901).
        pointer: String,
    },
    /// A member that no manifest has.
    UnknownMember {
        /// Its name.
        member: String,
    },
    /// Something is given twice.
    Twice {
        /// What it is called.
        member: String,
    },
    /// A member is of another type.
    Type {
        /// Its name.
        member: String,
        /// What it should be.
        expected: &'static str,
    },
    /// No account is named.
    NoName,
    /// A name, holder, length or capacity is invalid.
    Invalid {
        /// What it is given for.
        member: String,
        /// What is wrong with it.
        error: otp_core::Error,
    },
    /// The expiry is not a time in the future.
    Expires,
    /// The password is empty.
    EmptyPassword,
    /// A password is given, and another one is to be generated.
    TwoPasswords,
    /// There is no field.
    NoFields,
    /// The account is there already.
    SameAccount {
        /// The account.
        account: Box<AccountName>,
        /// In which line, where there are lines.
        line: Option<usize>,
    },
    /// The header has no such column.
    NoColumn {
        /// The column that was asked for.
        column: String,
    },
    /// A row has more or fewer cells than the header.
    Cells {
        /// How many it has.
        found: usize,
        /// How many the header has.
        expected: usize,
    },
    /// A quote is inside a cell, is not closed, or is followed by something.
    Quote,
    /// A line is not `NAME=value`.
    NotAnAssignment,
    /// A value has a character that readers of such files treat differently.
    Ambiguous,
    /// The program that shows an entry failed.
    Program {
        /// Its name.
        program: &'static str,
        /// How it ended.
        ending: String,
    },
    /// There is nothing in it.
    Empty,
}

impl fmt::Display for ManifestFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotText => f.write_str("it is not UTF-8"),
            Self::Syntax { column } => write!(f, "not JSON at byte {column}"),
            Self::NotAnObject => f.write_str("an account has to be a JSON object"),
            Self::NoAccounts { pointer } if pointer.is_empty() => {
                f.write_str("neither a list nor an object of accounts")
            }
            Self::NoAccounts { pointer } => write!(f, "no accounts are at {pointer:?}"),
            Self::UnknownMember { member } => write!(f, "unknown member {member:?}"),
            Self::Twice { member } => write!(f, "{member:?} is given twice"),
            Self::Type { member, expected } => write!(f, "{member:?} has to be {expected}"),
            Self::NoName => f.write_str("no account is named"),
            Self::Invalid { member, error } => write!(f, "{member:?}: {error}"),
            Self::Expires => f.write_str("\"expires\" is no time in the future"),
            Self::EmptyPassword => f.write_str("the password is empty"),
            Self::TwoPasswords => f.write_str("both \"password\" and \"generate\" are given"),
            Self::NoFields => f.write_str("no field is given"),
            Self::SameAccount { account, line: Some(line) } => write!(f, "account {account} is in line {line} already"),
            Self::SameAccount { account, line: None } => write!(f, "account {account} is in it already"),
            Self::NoColumn { column } => write!(f, "the header has no column {column:?}"),
            Self::Cells { found, expected } => write!(f, "{found} cells, where the header has {expected}"),
            Self::Quote => f.write_str("a quote is not closed, or out of place"),
            Self::NotAnAssignment => f.write_str("not a line NAME=value"),
            Self::Ambiguous => {
                f.write_str("the value has a character that readers of such files take in different ways")
            }
            Self::Program { program, ending } => write!(f, "{program} failed: {ending}"),
            Self::Empty => f.write_str("nothing is in it"),
        }
    }
}
