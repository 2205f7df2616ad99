//! What to do about what a ring finds wrong with a store.

use otp_core::keeper::ringed::{CLAIMS_AHEAD, RingFault, RingFinding};

use crate::hint::Hint;

/// What to do about a finding of [`verify_ring`](super::verify_ring), where there is something to do.
#[must_use]
pub fn hint_for(finding: &RingFinding) -> Option<Hint<'_>> {
    let account = &finding.account;
    Some(match (finding.fault, finding.id) {
        (RingFault::Unknown, _) => Hint::Core(otp_core::Hint::EndUnknownKeys { account }),
        (RingFault::Ended, Some(id)) => Hint::RevokeAgain { account, id },
        (RingFault::Orphaned, Some(id)) => Hint::Core(otp_core::Hint::RevokeKey { account, id }),
        (RingFault::Behind { .. }, _) => Hint::RotateAgain { account },
        (RingFault::Unfinished, _) => Hint::Core(otp_core::Hint::ResumeRotation { account }),
        (RingFault::StagedLost, _) => Hint::Core(otp_core::Hint::ForgetRotation { account }),
        (RingFault::Claims { claimed, spent }, _) if claimed > spent.saturating_add(CLAIMS_AHEAD) => {
            Hint::Core(otp_core::Hint::RemoveClaim { account, claimed })
        }
        (RingFault::Claims { .. }, _) => Hint::Core(otp_core::Hint::ReplaceKeys { account }),
        _ => return None,
    })
}
