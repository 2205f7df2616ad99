//! Checking a store against a ring (rule 13).

use alloc::vec::Vec;
use core::fmt;

use super::classify::Standing;
use super::ring_keeper::RingKeeper;
use crate::buffer::OwnedBuffer;
use crate::code::Code;
use crate::id::KeyId;
use crate::keeper::KeepError;
use crate::name::AccountName;
use crate::ring::Ring;
use crate::store::Store;

/// What a ring finds wrong with an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RingFault {
    /// The ring has no key that opens the record: it was issued without the ring, or planted, or it is damaged.
    Unknown,
    /// The key has ended, and a record of it is back.
    Ended,
    /// A note says that the key has ended, but the ring does not know of it: it was revoked or replaced without the
    /// ring, or the note is forged.
    Noted,
    /// The ring has the key, but its record is gone.
    Orphaned,
    /// The record is of an earlier page than the last finished rotation's: it was rolled back, or a rotation is unfinished.
    Behind {
        /// The record's page.
        page: u8,
        /// The page that it should be.
        expected: u8,
    },
    /// A rotation is unfinished.
    Unfinished,
    /// A rotation is unfinished, and its staged record is gone or can't be opened.
    StagedLost,
    /// The store claims a generation that is not the ring's.
    Claims {
        /// The store's highest claim.
        claimed: u64,
        /// The ring's highest mark.
        spent: u64,
    },
}

impl RingFault {
    /// The code of the error that it amounts to.
    #[must_use]
    pub const fn code(self) -> Code {
        match self {
            Self::Unknown | Self::Ended => Code::WrongKey,
            Self::Noted | Self::Orphaned => Code::NotFound,
            Self::Behind { .. } | Self::Unfinished | Self::StagedLost => Code::InDoubt,
            Self::Claims { .. } => Code::StaleRing,
        }
    }
}

impl fmt::Display for RingFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown => f.write_str("the ring has no key that opens it"),
            Self::Ended => f.write_str("its key has ended, and its record is back"),
            Self::Noted => f.write_str("a note says that its key has ended, and the ring does not know of it"),
            Self::Orphaned => f.write_str("the ring has its key, and its record is gone"),
            Self::Behind { page, expected } => {
                write!(
                    f,
                    "its record is of page {} and should be of page {}: it was rolled back",
                    page + 1,
                    expected + 1
                )
            }
            Self::Unfinished => f.write_str("this rotation is unfinished"),
            Self::StagedLost => f.write_str("this rotation is unfinished, and this ring can't open what it staged"),
            Self::Claims { claimed, spent } => {
                write!(f, "the store is at generation {claimed} and the ring at {spent}")
            }
        }
    }
}

/// A fault, and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RingFinding {
    /// The account.
    pub account: AccountName,
    /// The key, or the rotation; `None` if it is about the account.
    pub id: Option<KeyId>,
    /// What is wrong.
    pub fault: RingFault,
}

impl<S: Store, R: Ring, M: OwnedBuffer> RingKeeper<'_, '_, S, R, M> {
    /// Checks the records of an account against the ring's keys and marks.
    ///
    /// # Errors
    ///
    /// The store's and the ring's.
    pub fn verify(&self, account: &AccountName) -> Result<Vec<RingFinding>, KeepError<S::Error>> {
        let (ledger, survey) = (self.ledger(account)?, self.keeper.survey(account)?);
        let mut findings = Vec::new();
        let mut find = |id, fault| findings.push(RingFinding { account: account.clone(), id, fault });
        for id in survey.records.iter().copied() {
            if ledger.has_ended(id) {
                find(Some(id), RingFault::Ended);
                continue;
            }
            match self.standing(account, id)? {
                Standing::Ended | Standing::Grace if ledger.has_key(id) => find(Some(id), RingFault::Noted),
                Standing::Ended | Standing::Grace => {}
                Standing::Unknown => find(Some(id), RingFault::Unknown),
                Standing::Known(known) => {
                    let (page, last) = (known.header.page, known.header.pages - 1);
                    let sealed =
                        self.first(account, id)?.map_or(0, |first| ledger.highest_done().saturating_sub(first));
                    // A record of the last page can't be an older one.
                    let expected = u8::try_from(sealed).unwrap_or(u8::MAX).min(last);
                    if page < expected {
                        find(Some(id), RingFault::Behind { page, expected });
                    }
                }
            }
        }
        for id in ledger.keys.iter().copied().filter(|id| survey.records.binary_search(id).is_err()) {
            find(Some(id), RingFault::Orphaned);
        }
        for id in &survey.staged {
            let known = ledger.recovery.contains(id);
            find(Some(*id), if known { RingFault::Unfinished } else { RingFault::StagedLost });
        }
        for id in ledger.applying.iter().filter(|id| !survey.staged.contains(id)) {
            find(Some(*id), RingFault::StagedLost);
        }
        let (claimed, spent) = (survey.highest_claim(), ledger.highest_spent());
        if claimed > spent || claimed < ledger.highest_done() {
            find(None, RingFault::Claims { claimed, spent });
        }
        Ok(findings)
    }
}
