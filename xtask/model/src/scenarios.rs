//! All scenarios, and for each rule what shows that it holds something up.

use crate::invariants::Invariant;
use crate::rule::Rule;
use crate::scenario::{Event, Job, Kind, Scenario};

const fn job(kind: Kind, ring: usize) -> Job {
    Job { kind, ring }
}

const ROTATE: Job = job(Kind::Rotate, 0);
const RESUME: Job = job(Kind::Resume, 0);
const ABORT: Job = job(Kind::Abort, 0);
const READ: Job = job(Kind::Read, 0);
const ISSUE: Job = job(Kind::Issue, 0);
const REVOKE: Job = job(Kind::Revoke { key: 1, with_ring: true }, 0);
const REVOKE_WITHOUT_RING: Job = job(Kind::Revoke { key: 1, with_ring: false }, 0);

/// One ring, and a store without locks; the others differ from it.
const PLAIN: Scenario = Scenario {
    name: "",
    jobs: &[],
    pages: [6, 6],
    locks: false,
    crashes: 1,
    lost: 1,
    events: &[],
    invariants: Invariant::ALL,
    without: &[],
};

/// Two copies of a ring, or one restored: pads are never used twice, whatever else goes wrong.
const COPIED: Scenario = Scenario { events: &[Event::CopyRing], invariants: PADS, ..PLAIN };
/// All but T3 and T4: those need the ring's lock, which copies do not share.
const PADS: &[Invariant] =
    &[Invariant::Events, Invariant::LiveKeysOpen, Invariant::RevokedIsGone, Invariant::TextCanBeHad];
/// A store restored from a backup.
const RESTORED: Scenario = Scenario { events: &[Event::RestoreStore], invariants: &[Invariant::Events], ..PLAIN };

const ROTATE_COPY: Job = job(Kind::Rotate, 1);
const RESUME_COPY: Job = job(Kind::Resume, 1);
const ABORT_COPY: Job = job(Kind::Abort, 1);

const SCENARIOS: &[Scenario] = &[
    Scenario { name: "resume, and again", jobs: &[ROTATE, RESUME, RESUME], crashes: 2, lost: 2, ..PLAIN },
    Scenario { name: "two rotations and a resume", jobs: &[ROTATE, RESUME, ROTATE, RESUME], crashes: 2, ..PLAIN },
    Scenario { name: "abort, then rotate", jobs: &[ROTATE, ABORT, ROTATE, RESUME], crashes: 2, ..PLAIN },
    Scenario { name: "revoke in parallel", jobs: &[ROTATE, RESUME, REVOKE], ..PLAIN },
    Scenario { name: "revoke without the ring", jobs: &[ROTATE, RESUME, REVOKE_WITHOUT_RING], ..PLAIN },
    Scenario { name: "issue in parallel", jobs: &[ROTATE, RESUME, ISSUE], ..PLAIN },
    Scenario { name: "readers", jobs: &[ROTATE, RESUME, REVOKE, READ], lost: 0, ..PLAIN },
    Scenario { name: "pages run out", jobs: &[ROTATE, RESUME, ROTATE, READ], pages: [2, 8], lost: 0, ..PLAIN },
    Scenario { name: "copies rotate", jobs: &[ROTATE, ROTATE_COPY], ..COPIED },
    Scenario { name: "copies resume", jobs: &[ROTATE, RESUME, RESUME_COPY], ..COPIED },
    Scenario { name: "copies abort", jobs: &[ROTATE, ABORT_COPY], ..COPIED },
    Scenario { name: "copy resumes, then rotates", jobs: &[ROTATE, RESUME_COPY, ROTATE_COPY], ..COPIED },
    Scenario { name: "restored ring", jobs: &[ROTATE, RESUME_COPY, ROTATE_COPY], events: &[Event::RestoreRing], ..PLAIN },
    Scenario { name: "restored ring, abort", jobs: &[ROTATE, ABORT_COPY, ROTATE_COPY], events: &[Event::RestoreRing], ..PLAIN },
    Scenario { name: "restored store", jobs: &[ROTATE, RESUME, ROTATE], ..RESTORED },
];
/// Every scenario with all rules: each in a store without locks and in one with them.
pub fn all() -> impl Iterator<Item = Scenario> {
    SCENARIOS.iter().flat_map(|scenario| [*scenario, Scenario { locks: true, ..*scenario }])
}
