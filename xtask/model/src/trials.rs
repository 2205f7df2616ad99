//! For each rule, what breaks without it.

#[allow(clippy::enum_glob_use, reason = "a table of rules, which are named nowhere else in it")]
use crate::rule::Rule::{self, *};
use crate::scenario::Scenario;
use crate::scenarios;

/// Rules that are taken out together, and the scenario that must then break.
#[derive(Clone, Copy, Debug)]
pub struct Trial {
    pub without: &'static [Rule],
    pub scenario: &'static str,
    /// The start of the broken invariant's text.
    pub breaks: &'static str,
}

const fn trial(without: &'static [Rule], scenario: &'static str, breaks: &'static str) -> Trial {
    Trial { without, scenario, breaks }
}

/// Every trial. If it names two rules, either of them is enough: the tests show that.
pub const TRIALS: &[Trial] = &[
    trial(&[SpentMarkBeforeClaim], "restored store", "T1"),
    trial(&[ClaimAnsweredTrue, ClaimNamesRun], "copies resume", "T1"),
    trial(&[ClaimInDoubtIsLost, ClaimNamesRun], "copies resume", "T1"),
    trial(&[OwnClaimIsHighest, StopAtLater], "copies resume", "T2"),
    trial(&[GenerationAboveRing], "restored store", "T1"),
    trial(&[OwnClaimIsHighest], "claims are swept", "T1"),
    trial(&[HighestClaimStays], "claims are swept", "T1"),
    trial(&[ResumeClaimsAnew], "resume, and again", "T1"),
    trial(&[ReadBeforeChecks], "copies resume", "T2"),
    trial(&[CompareAndSwap], "revoke without the ring", "T5"),
    trial(&[StopAtLater], "restored ring, no claims", "T1"),
    trial(&[SameBytesAgain], "resume, and again", "T1"),
    trial(&[LookAfterIssue], "issue in parallel", "T4"),
    trial(&[KeyInRingFirst], "pages run out", "T7"),
    trial(&[HandOverAfterPut], "pages run out", "T2"),
    trial(&[EndAfterHandOver], "pages run out", "T7"),
    trial(&[EndedMark, WipedKey], "revocation undone", "T5"),
    trial(&[TombstonesStay], "record put back", "T5"),
    trial(&[NoteBeforeRemoval], "readers", "T2"),
    trial(&[RecoveryKeyFirst], "resume, and again", "T3"),
    trial(&[StagedFirst], "resume, and again", "T3"),
    trial(&[OneStaged], "copies rotate", "T3"),
    trial(&[ApplyingFirst], "resume, and again", "T3"),
    trial(&[AdoptMarksApplying], "restored ring", "T3"),
    trial(&[CommandInheritsLock], "abort, then rotate", "T3"),
    trial(&[ListAfresh], "issue in parallel", "T4"),
    trial(&[OtherEndKeepsStaged], "resume, and again", "T3"),
    trial(&[UnchangedOnlyFirst], "resume, and again", "T3"),
    trial(&[StagedGoesLast], "resume, and again", "T3"),
    trial(&[OnlyOwnStaged], "resume, then rotate", "T3"),
    trial(&[SuccessorNamedFirst], "pages run out", "T7: a key has two"),
    trial(&[ApplyingKeepsBase], "abort, then rotate", "T4"),
    trial(&[ApplyingKeepsOptions], "to new keys", "T4: a key outlives"),
    trial(&[AbortBeforeClaim], "abort, then rotate", "T4"),
];

/// Rules that no invariant here needs.
///
/// A generation that is not above the store's gets no claim, or not the highest one: without the rule, a run is
/// overtaken, and nothing worse. If a run finds its staged record gone, it was overtaken by a run that claimed later,
/// which it also sees; or it was aborted through a copy of its ring, which can also happen after it has looked.
pub const NOT_SHOWN: &[Rule] = &[GenerationAboveStore, OwnStagedIsThere];

impl Trial {
    /// What to search.
    ///
    /// # Panics
    ///
    /// If no scenario has that name.
    #[must_use]
    pub fn scenario(&self) -> Scenario {
        scenarios::named(self.scenario).expect("the trials name scenarios that exist").without(self.without)
    }
}
