//! The parts of the rules that the design rests on. Take any out, and the checker must find what breaks.

/// A part of a rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// 1: the ring marks a generation as spent before the run claims it.
    SpentMarkBeforeClaim,
    /// 1: a claim counts only if its put was answered with `true`.
    ClaimAnsweredTrue,
    /// 1: a claim whose answer is in doubt is lost.
    ClaimInDoubtIsLost,
    /// 1: a claim names the run that made it.
    ClaimNamesRun,
    /// 1: a run seals only while its own claim is the highest.
    OwnClaimIsHighest,
    /// 1: a run seals only while its own staged record is there.
    OwnStagedIsThere,
    /// 1: the next generation is above all that the ring has spent.
    GenerationAboveRing,
    /// 1: the next generation is above all that the store has seen.
    GenerationAboveStore,
    /// 1: a resumed rotation claims anew.
    ResumeClaimsAnew,
    /// 1: what a record will be compared with is read before the run looks at claims and staged records.
    ReadBeforeChecks,
    /// 3: a record is replaced only if it is the expected one.
    CompareAndSwap,
    /// 3: a record of the run's generation or a later one stops it.
    StopAtLater,
    /// 3: after a replace in doubt, the same bytes again.
    SameBytesAgain,
    /// 4: issuing looks again after it has put the record.
    LookAfterIssue,
    /// 4, 7: a new key is in the ring before its record is in the store.
    KeyInRingFirst,
    /// 4, 7: a new key is handed over once its record is there.
    HandOverAfterPut,
    /// 5: `revoke` marks the key as ended in the ring.
    EndedMark,
    /// 5: `revoke` wipes the ring's copy of the key.
    WipedKey,
    /// 5: tombstones of accounts with claims are never swept.
    TombstonesStay,
    /// 5, 7: the tombstone comes before the record is removed.
    NoteBeforeRemoval,
    /// 6: the recovery key is in the ring before the command starts.
    RecoveryKeyFirst,
    /// 6: the new secret is staged before the command starts.
    StagedFirst,
    /// 6: a rotation that finds another staged record withdraws.
    OneStaged,
    /// 6: the ring says `applying` before the command starts.
    ApplyingFirst,
    /// 6: the command inherits the ring's lock.
    CommandInheritsLock,
    /// 7: keys are listed afresh after the command.
    ListAfresh,
    /// 7: any end but 0 and 75 keeps the staged record.
    OtherEndKeepsStaged,
    /// 7: 75 means "unchanged" only from a command that has not run before.
    UnchangedOnlyFirst,
    /// 7: the staged record goes after all records are published.
    StagedGoesLast,
    /// 7: a run removes its own staged record, never another's.
    OnlyOwnStaged,
    /// 7: an old key ends after its successor is handed over.
    EndAfterHandOver,
    /// 7: the ring names a key's successor before the successor has a record.
    SuccessorNamedFirst,
    /// 9: the mark of a rotation says which generation the account had reached.
    ApplyingKeepsBase,
    /// 9: the mark of a rotation says what it was to do.
    ApplyingKeepsOptions,
    /// 10: a rotation is aborted only while no generation is claimed for it.
    AbortBeforeClaim,
    /// 12: the highest claim stays.
    HighestClaimStays,
    /// 14: a ring that is adopted treats each rotation that it has a recovery key of as one that may have started.
    AdoptMarksApplying,
}

impl Rule {
    /// Every rule.
    pub const ALL: &[Self] = &[
        Self::SpentMarkBeforeClaim,
        Self::ClaimAnsweredTrue,
        Self::ClaimInDoubtIsLost,
        Self::ClaimNamesRun,
        Self::OwnClaimIsHighest,
        Self::OwnStagedIsThere,
        Self::GenerationAboveRing,
        Self::GenerationAboveStore,
        Self::ResumeClaimsAnew,
        Self::ReadBeforeChecks,
        Self::CompareAndSwap,
        Self::StopAtLater,
        Self::SameBytesAgain,
        Self::LookAfterIssue,
        Self::KeyInRingFirst,
        Self::HandOverAfterPut,
        Self::EndedMark,
        Self::WipedKey,
        Self::TombstonesStay,
        Self::NoteBeforeRemoval,
        Self::RecoveryKeyFirst,
        Self::StagedFirst,
        Self::OneStaged,
        Self::ApplyingFirst,
        Self::CommandInheritsLock,
        Self::ListAfresh,
        Self::OtherEndKeepsStaged,
        Self::UnchangedOnlyFirst,
        Self::StagedGoesLast,
        Self::OnlyOwnStaged,
        Self::EndAfterHandOver,
        Self::SuccessorNamedFirst,
        Self::ApplyingKeepsBase,
        Self::ApplyingKeepsOptions,
        Self::AbortBeforeClaim,
        Self::HighestClaimStays,
        Self::AdoptMarksApplying,
    ];
}
