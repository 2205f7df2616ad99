//! [`KeepError`]: why an operation on an account failed.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use crate::code::{Code, Coded};
use crate::error::Error;
use crate::hint::Hint;
use crate::id::KeyId;
use crate::name::AccountName;
use crate::note::MAX_GRACE_SECS;
use crate::time::UnixTime;

/// Why a key has no record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Gone {
    /// It was revoked.
    Revoked {
        /// When.
        at: UnixTime,
    },
    /// It was replaced by a rotation, and its grace period, if it had one, is over.
    Rotated {
        /// When it stopped opening.
        at: UnixTime,
    },
    /// The store knows nothing of it: it was never there, or its account was removed.
    Unknown,
}

/// Why an operation on an account failed. `S` is the store's error.
#[derive(Debug)]
#[non_exhaustive]
pub enum KeepError<S> {
    /// A key, record, name or length is invalid or damaged, or does not fit.
    Invalid(Error),
    /// One record of an account is damaged.
    DamagedKey {
        /// The account.
        account: Box<AccountName>,
        /// The key whose record it is.
        id: KeyId,
        /// What is wrong with it.
        error: Error,
    },
    /// The store failed.
    Store(S),
    /// The source of randomness failed.
    Randomness(Box<dyn core::error::Error + Send + Sync>),
    /// The account already exists.
    Exists {
        /// The account.
        account: Box<AccountName>,
    },
    /// There is no such account.
    NoAccount {
        /// The account.
        account: Box<AccountName>,
    },
    /// There is no such key.
    NoKey {
        /// The account.
        account: Box<AccountName>,
        /// The key.
        id: KeyId,
        /// What is known of it.
        gone: Gone,
    },
    /// The key is no longer current: it was replaced, and in its grace period it opens only the old secret.
    Superseded {
        /// The account.
        account: Box<AccountName>,
        /// The key.
        id: KeyId,
        /// When its grace period ends.
        until: UnixTime,
    },
    /// Every key of the account has expired.
    AllExpired {
        /// The account.
        account: Box<AccountName>,
    },
    /// Every key of the account that has not expired has been replaced, and is in its grace period.
    AllReplaced {
        /// The account.
        account: Box<AccountName>,
    },
    /// A grace period is longer than [`MAX_GRACE_SECS`](super::MAX_GRACE_SECS).
    GraceTooLong,
    /// Another process is changing the account's keys.
    Busy {
        /// The account.
        account: Box<AccountName>,
    },
    /// The ring failed.
    Ring(Box<dyn Coded + Send + Sync>),
    /// A rotation of the account is unfinished: the database may have the old password or the new one.
    Unfinished {
        /// The account.
        account: Box<AccountName>,
    },
    /// A rotation of the account is unfinished, because something failed after its database was asked to change.
    CutShort {
        /// The account.
        account: Box<AccountName>,
        /// What failed.
        cause: Box<Self>,
    },
    /// No rotation of the account is unfinished.
    NotUnfinished {
        /// The account.
        account: Box<AccountName>,
    },
    /// The database says that it was not changed, so nothing was.
    NotApplied {
        /// The account.
        account: Box<AccountName>,
    },
    /// The account's records have been rotated already, so the rotation can only be resumed.
    Published {
        /// The account.
        account: Box<AccountName>,
    },
    /// A rotation of the account is unfinished, and its new secret can't be opened: what was staged is gone, or was staged with
    /// another ring.
    StagedLost {
        /// The account.
        account: Box<AccountName>,
    },
    /// Another run has continued the rotation, from a copy of the ring.
    Overtaken {
        /// The account.
        account: Box<AccountName>,
    },
    /// The ring has no key to these records of the account, or one that does not open them.
    UnknownKeys {
        /// The account.
        account: Box<AccountName>,
        /// The keys.
        ids: Vec<KeyId>,
    },
    /// These keys have no page left for another secret, or too small a capacity for it, so their holders would need new ones.
    UsedUp {
        /// The account.
        account: Box<AccountName>,
        /// The keys.
        ids: Vec<KeyId>,
    },
    /// The ring has no key that opens the account.
    NotInRing {
        /// The account.
        account: Box<AccountName>,
    },
    /// The store claims a generation too far ahead of the ring's to be true: the claim is forged, or the ring is old.
    ClaimAhead {
        /// The account.
        account: Box<AccountName>,
        /// The store's generation.
        claimed: u64,
        /// The ring's.
        spent: u64,
    },
    /// The store is at a generation that the ring does not know of: the ring is old.
    StaleRing {
        /// The account.
        account: Box<AccountName>,
        /// The store's generation.
        claimed: u64,
        /// The ring's.
        spent: u64,
    },
    /// The account is kept in a ring, and a rotation without the ring would leave it behind.
    NeedsRing {
        /// The account.
        account: Box<AccountName>,
    },
}

impl<S> KeepError<S> {
    /// What to do about it, where there is something to do. A failing store and a failing source of randomness have hints of
    /// their own.
    #[must_use]
    pub fn hint(&self) -> Option<Hint<'_>> {
        Some(match self {
            Self::Invalid(error) | Self::DamagedKey { error: error @ Error::NewerRecord { .. }, .. } => {
                return error.hint();
            }
            Self::DamagedKey { account, id, .. } => Hint::RevokeKey { account, id: *id },
            Self::Exists { account } => Hint::IssueOrRotate { account },
            Self::NoKey { gone: Gone::Rotated { .. }, .. } => Hint::AskForNewKey,
            Self::Unfinished { account } | Self::Overtaken { account } | Self::Published { account } => {
                Hint::ResumeRotation { account }
            }
            // A cause that would also stop a resume comes first.
            Self::CutShort { account, cause } => cause.hint().unwrap_or(Hint::ResumeRotation { account }),
            Self::StagedLost { account } => Hint::ForgetRotation { account },
            Self::UnknownKeys { account, .. } => Hint::EndUnknownKeys { account },
            Self::ClaimAhead { account, claimed, .. } => Hint::RemoveClaim { account, claimed: *claimed },
            Self::UsedUp { account, .. } | Self::StaleRing { account, .. } => Hint::ReplaceKeys { account },
            Self::NotInRing { .. } => Hint::AddKeyToRing,
            Self::NeedsRing { .. } => Hint::GiveRing,
            Self::Store(_)
            | Self::Ring(_)
            | Self::Randomness(_)
            | Self::NoAccount { .. }
            | Self::NotUnfinished { .. }
            | Self::NotApplied { .. }
            | Self::GraceTooLong
            | Self::NoKey { .. } => return None,
            Self::Superseded { .. } => Hint::UseCurrentKey,
            Self::AllExpired { .. } => Hint::GiveExpiry,
            Self::AllReplaced { account } => Hint::AddAgain { account },
            Self::Busy { .. } => Hint::TryAgain,
        })
    }
}

impl<S> From<Error> for KeepError<S> {
    fn from(error: Error) -> Self {
        Self::Invalid(error)
    }
}

impl<S: core::error::Error> fmt::Display for KeepError<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Invalid(error) => fmt::Display::fmt(error, f),
            Self::DamagedKey { account, id, error } => write!(f, "key {id} of account {account}: {error}"),
            Self::Store(error) => fmt::Display::fmt(error, f),
            Self::Randomness(_) => f.write_str("the source of randomness failed; nothing was sealed"),
            Self::Exists { account } => write!(f, "account {account} already exists"),
            Self::NoAccount { account } => write!(f, "there is no account {account} in the store"),
            Self::NoKey { account, id, gone } => {
                write!(f, "there is no key {id} of account {account}: ")?;
                match gone {
                    Gone::Revoked { at } => write!(f, "it was revoked at {at}"),
                    Gone::Rotated { at } => write!(f, "it was replaced, and stopped opening at {at}"),
                    Gone::Unknown => f.write_str("it was never there, or its account was removed"),
                }
            }
            Self::Superseded { account, id, until } => write!(
                f,
                "key {id} of account {account} is no longer current: it was replaced, and opens only the old secret until {until}"
            ),
            Self::AllExpired { account } => write!(f, "every key of account {account} has expired"),
            Self::AllReplaced { account } => write!(
                f,
                "every key of account {account} is in its grace period: it opens only the old secret, and the new one has no key"
            ),
            Self::GraceTooLong => write!(f, "a grace period has at most {} days", MAX_GRACE_SECS / (24 * 60 * 60)),
            Self::Busy { account } => write!(f, "another process is changing the keys of account {account}"),
            Self::Ring(error) => fmt::Display::fmt(error, f),
            Self::Unfinished { account } => write!(
                f,
                "a rotation of account {account} is unfinished: its database may have the old password or the new one"
            ),
            Self::CutShort { account, cause } => write!(f, "the rotation of account {account} is unfinished: {cause}"),
            Self::NotUnfinished { account } => write!(f, "no rotation of account {account} is unfinished"),
            Self::NotApplied { account } => {
                write!(f, "the password of account {account} was not changed; nothing else was")
            }
            Self::Published { account } => {
                write!(f, "the new secret of account {account} is in use already, so its rotation can't be undone")
            }
            Self::StagedLost { account } => {
                write!(f, "a rotation of account {account} is unfinished, and this ring can't open what it staged")
            }
            Self::Overtaken { account } => {
                write!(
                    f,
                    "another run has gone on with the rotation of account {account}, perhaps from a copy of the ring"
                )
            }
            Self::UnknownKeys { account, ids } => {
                write!(f, "the ring has no key that opens these of account {account}: {}", Ids(ids))
            }
            Self::UsedUp { account, ids } => {
                write!(f, "these keys of account {account} have no page for the new secret: {}", Ids(ids))
            }
            Self::NotInRing { account } => write!(f, "the ring has no key that opens account {account}"),
            Self::ClaimAhead { account, claimed, spent } => write!(
                f,
                "the store claims generation {claimed} of account {account} and the ring knows of {spent}: the claim is forged, \
                 or the ring very old"
            ),
            Self::StaleRing { account, claimed, spent } => write!(
                f,
                "the store is at generation {claimed} of account {account} and the ring at {spent}: the ring is old"
            ),
            Self::NeedsRing { account } => write!(f, "account {account} is kept in a ring, and none is given"),
        }
    }
}

/// Ids with commas between.
struct Ids<'a>(&'a [KeyId]);

impl fmt::Display for Ids<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, id) in self.0.iter().enumerate() {
            if number > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{id}")?;
        }
        Ok(())
    }
}

impl<S: core::error::Error + 'static> core::error::Error for KeepError<S> {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::Store(error) => error.source(),
            Self::Randomness(error) => Some(error.as_ref()),
            Self::Ring(error) => error.source(),
            // The message has the cause's own.
            Self::CutShort { cause, .. } => cause.source(),
            _ => None,
        }
    }
}

impl<S: Coded + 'static> Coded for KeepError<S> {
    fn code(&self) -> Code {
        match self {
            Self::Invalid(error) | Self::DamagedKey { error, .. } => error.code(),
            Self::Store(error) => error.code(),
            Self::Randomness(_) => Code::RandomnessFailed,
            Self::Exists { .. } => Code::Exists,
            Self::NoAccount { .. }
            | Self::NoKey { .. }
            | Self::Superseded { .. }
            | Self::AllReplaced { .. }
            | Self::NotUnfinished { .. }
            | Self::NotInRing { .. } => Code::NotFound,
            Self::AllExpired { .. } => Code::Expired,
            Self::Busy { .. } | Self::NotApplied { .. } => Code::Other,
            Self::Ring(error) => error.code(),
            Self::Unfinished { .. }
            | Self::CutShort { .. }
            | Self::StagedLost { .. }
            | Self::Overtaken { .. }
            | Self::Published { .. } => Code::InDoubt,
            Self::UnknownKeys { .. } => Code::WrongKey,
            Self::UsedUp { .. } | Self::NeedsRing { .. } | Self::GraceTooLong => Code::Usage,
            Self::ClaimAhead { .. } | Self::StaleRing { .. } => Code::StaleRing,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::error::Error as _;
    use std::string::ToString;

    use super::*;

    /// A store's error, which has a code and a cause.
    #[derive(Debug)]
    struct Unplugged;

    /// Its cause.
    #[derive(Debug)]
    struct NoPower;

    /// A ring's error, which has a code.
    #[derive(Debug)]
    struct RustyRing;

    impl fmt::Display for RustyRing {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the ring was copied")
        }
    }

    impl core::error::Error for RustyRing {}

    impl Coded for RustyRing {
        fn code(&self) -> Code {
            Code::StaleRing
        }
    }

    impl fmt::Display for Unplugged {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("the disk is gone")
        }
    }

    impl fmt::Display for NoPower {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("no power")
        }
    }

    impl core::error::Error for NoPower {}

    impl core::error::Error for Unplugged {
        fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
            Some(&NoPower)
        }
    }

    impl Coded for Unplugged {
        fn code(&self) -> Code {
            Code::StoreUnavailable
        }
    }

    #[test]
    fn each_failure_has_its_code_its_hint_and_its_own_message() {
        let (name, id, at) = (AccountName::parse("edms/reporting").unwrap(), KeyId::from_bytes([0; 10]), UnixTime::MAX);
        let account = || name.clone().into();
        let no_key = |gone| KeepError::NoKey { account: account(), id, gone };
        let (revoke, issue) = (Hint::RevokeKey { account: &name, id }, Hint::IssueOrRotate { account: &name });
        let damaged = KeepError::DamagedKey { account: account(), id, error: Error::DamagedNote };
        let superseded = KeepError::Superseded { account: account(), id, until: at };
        let resume = Some(Hint::ResumeRotation { account: &name });
        let replace = Some(Hint::ReplaceKeys { account: &name });
        let stale = || KeepError::StaleRing { account: account(), claimed: 3, spent: 1 };
        let all = [
            (KeepError::Invalid(Error::NewerKey), Code::NewerVersion, Some(Hint::Update)),
            (damaged, Code::Damaged, Some(revoke)),
            // The store and the source of randomness know what to do about themselves.
            (KeepError::Store(Unplugged), Code::StoreUnavailable, None),
            (KeepError::Randomness("dry".into()), Code::RandomnessFailed, None),
            (KeepError::Exists { account: account() }, Code::Exists, Some(issue)),
            // It may be mistyped, or never have been there.
            (KeepError::NoAccount { account: account() }, Code::NotFound, None),
            (no_key(Gone::Unknown), Code::NotFound, None),
            // That was somebody's intention.
            (no_key(Gone::Revoked { at }), Code::NotFound, None),
            (no_key(Gone::Rotated { at }), Code::NotFound, Some(Hint::AskForNewKey)),
            (superseded, Code::NotFound, Some(Hint::UseCurrentKey)),
            (KeepError::AllExpired { account: account() }, Code::Expired, Some(Hint::GiveExpiry)),
            (KeepError::AllReplaced { account: account() }, Code::NotFound, Some(Hint::AddAgain { account: &name })),
            // The message says what is allowed.
            (KeepError::GraceTooLong, Code::Usage, None),
            (KeepError::Busy { account: account() }, Code::Other, Some(Hint::TryAgain)),
            // The ring knows what to do about itself.
            (KeepError::Ring(Box::new(RustyRing)), Code::StaleRing, None),
            (KeepError::Unfinished { account: account() }, Code::InDoubt, resume),
            (
                KeepError::CutShort { account: account(), cause: Box::new(KeepError::Store(Unplugged)) },
                Code::InDoubt,
                resume,
            ),
            (KeepError::CutShort { account: account(), cause: Box::new(stale()) }, Code::InDoubt, replace),
            (KeepError::Published { account: account() }, Code::InDoubt, resume),
            (KeepError::Overtaken { account: account() }, Code::InDoubt, resume),
            (
                KeepError::StagedLost { account: account() },
                Code::InDoubt,
                Some(Hint::ForgetRotation { account: &name }),
            ),
            (KeepError::NotUnfinished { account: account() }, Code::NotFound, None),
            // That was the database's answer.
            (KeepError::NotApplied { account: account() }, Code::Other, None),
            (
                KeepError::UnknownKeys { account: account(), ids: [id].into() },
                Code::WrongKey,
                Some(Hint::EndUnknownKeys { account: &name }),
            ),
            (KeepError::UsedUp { account: account(), ids: [id, id].into() }, Code::Usage, replace),
            (stale(), Code::StaleRing, replace),
            (
                KeepError::ClaimAhead { account: account(), claimed: 300, spent: 1 },
                Code::StaleRing,
                Some(Hint::RemoveClaim { account: &name, claimed: 300 }),
            ),
            (KeepError::NotInRing { account: account() }, Code::NotFound, Some(Hint::AddKeyToRing)),
            (KeepError::NeedsRing { account: account() }, Code::Usage, Some(Hint::GiveRing)),
        ];
        let mut messages = BTreeSet::new();
        for (error, code, hint) in &all {
            let message = error.to_string();
            assert_eq!((error.code(), error.hint()), (*code, *hint), "{message}");
            assert!(!message.ends_with('.') && !message.contains("--"), "{message}");
            assert!(messages.insert(message.clone()), "{message}");
        }
    }

    #[test]
    fn a_failure_of_the_store_is_shown_as_it_is_and_keeps_its_cause() {
        let error = KeepError::Store(Unplugged);
        assert_eq!(error.to_string(), Unplugged.to_string());
        assert!(error.source().unwrap().is::<NoPower>());
        let error = KeepError::CutShort { account: AccountName::parse("a").unwrap().into(), cause: Box::new(error) };
        assert!(error.to_string().ends_with(&Unplugged.to_string()));
        assert!(error.source().unwrap().is::<NoPower>());
        let error = KeepError::<Unplugged>::Ring(Box::new(RustyRing));
        assert_eq!(error.to_string(), RustyRing.to_string());
        let error = KeepError::<Unplugged>::Randomness(Box::new(NoPower));
        assert!(error.source().unwrap().is::<NoPower>());
        assert!(KeepError::<Unplugged>::Invalid(Error::WrongKey).source().is_none());
    }
}
