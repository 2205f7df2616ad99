//! Every scenario: who runs, what may go wrong, and what must hold.

use crate::invariants::Invariant;
use crate::scenario::{Event, Job, Kind, Scenario};

const ROTATE: Job = Job { kind: Kind::Rotate { new_keys: false }, ring: 0 };
const ROTATE_TO_NEW_KEYS: Job = Job { kind: Kind::Rotate { new_keys: true }, ring: 0 };
const RESUME: Job = Job { kind: Kind::Resume, ring: 0 };
const ABORT: Job = Job { kind: Kind::Abort, ring: 0 };
const READ: Job = Job { kind: Kind::Read, ring: 0 };
const ISSUE: Job = Job { kind: Kind::Issue, ring: 0 };
const REVOKE: Job = Job { kind: Kind::Revoke { key: 1, with_ring: true }, ring: 0 };
const REVOKE_WITHOUT_RING: Job = Job { kind: Kind::Revoke { key: 1, with_ring: false }, ring: 0 };

const ROTATE_COPY: Job = Job { ring: 1, ..ROTATE };
const RESUME_COPY: Job = Job { ring: 1, ..RESUME };
const ABORT_COPY: Job = Job { ring: 1, ..ABORT };

/// One ring, one crash, one lost answer, in a store without locks.
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

/// Two copies of a ring, both in use. T3 and T4 depend on the ring's lock, which copies do not share.
const COPIED: Scenario = Scenario {
    events: &[Event::CopyRing],
    invariants: &[Invariant::Events, Invariant::LiveKeysOpen, Invariant::RevokedIsGone, Invariant::TextCanBeHad],
    ..PLAIN
};

/// A ring that was restored from a backup in place of the first.
const RESTORED_RING: Scenario = Scenario { events: &[Event::RestoreRing], ..PLAIN };

/// A store that was restored from a backup: removed objects are back, and only pads and revocations are safe.
const RESTORED_STORE: Scenario = Scenario { events: &[Event::RestoreStore], invariants: &[Invariant::Events], ..PLAIN };

/// A revoked key's record is put back.
const PUT_BACK: Scenario = Scenario { events: &[Event::PutRecordBack(1), Event::Sweep], ..RESTORED_STORE };

const SCENARIOS: &[Scenario] = &[
    Scenario { name: "resume, and again", jobs: &[ROTATE, RESUME, RESUME], crashes: 2, lost: 2, ..PLAIN },
    Scenario { name: "resume, then rotate", jobs: &[ROTATE, RESUME, ROTATE, RESUME], crashes: 2, ..PLAIN },
    Scenario { name: "abort, then rotate", jobs: &[ROTATE, ABORT, ROTATE, RESUME], crashes: 2, ..PLAIN },
    Scenario { name: "revoke in parallel", jobs: &[ROTATE, RESUME, REVOKE], crashes: 2, ..PLAIN },
    Scenario { name: "revoke without the ring", jobs: &[ROTATE, RESUME, REVOKE_WITHOUT_RING], crashes: 2, ..PLAIN },
    Scenario { name: "issue in parallel", jobs: &[ROTATE, RESUME, ISSUE], crashes: 2, ..PLAIN },
    Scenario { name: "readers", jobs: &[ROTATE, RESUME, REVOKE, READ], ..PLAIN },
    Scenario { name: "pages run out", jobs: &[ROTATE, RESUME, ROTATE, READ], pages: [2, 8], ..PLAIN },
    Scenario { name: "pages run out, revoke", jobs: &[ROTATE, RESUME, REVOKE], pages: [8, 2], lost: 0, ..PLAIN },
    Scenario { name: "to new keys", jobs: &[ROTATE_TO_NEW_KEYS, RESUME, READ], lost: 0, ..PLAIN },
    Scenario { name: "copies rotate", jobs: &[ROTATE, ROTATE_COPY], invariants: Invariant::ALL, ..COPIED },
    Scenario { name: "copies resume", jobs: &[ROTATE, RESUME, RESUME_COPY], ..COPIED },
    Scenario { name: "copies abort", jobs: &[ROTATE, RESUME, ABORT_COPY], ..COPIED },
    Scenario { name: "copy resumes, then rotates", jobs: &[ROTATE, RESUME_COPY, ROTATE_COPY], ..COPIED },
    Scenario {
        name: "claims are swept",
        jobs: &[ROTATE, RESUME, RESUME_COPY],
        events: &[Event::CopyRing, Event::Sweep],
        lost: 0,
        // With claims in place, everything else shows: "copies resume".
        invariants: &[Invariant::Events],
        ..COPIED
    },
    Scenario { name: "restored ring", jobs: &[ROTATE, RESUME_COPY, ROTATE_COPY], ..RESTORED_RING },
    Scenario { name: "restored ring, abort", jobs: &[ROTATE, ABORT_COPY, ROTATE_COPY], ..RESTORED_RING },
    Scenario {
        name: "restored ring, no claims",
        jobs: &[ROTATE, ROTATE_COPY],
        events: &[Event::RestoreRing, Event::DeleteClaims],
        crashes: 0,
        lost: 0,
        // Then only its record shows that a page is used.
        invariants: &[Invariant::Events],
        ..PLAIN
    },
    Scenario { name: "restored store", jobs: &[ROTATE, RESUME, ROTATE], ..RESTORED_STORE },
    Scenario { name: "record put back", jobs: &[REVOKE_WITHOUT_RING, ROTATE, RESUME], ..PUT_BACK },
    Scenario {
        name: "revocation undone",
        jobs: &[REVOKE, ROTATE, RESUME],
        events: &[Event::UndoRevocation(1)],
        ..RESTORED_STORE
    },
];

/// Every scenario with all rules, in a store without locks (object storage), and in one with locks (files) if that can
/// make a difference: if not all jobs wait for the lock of one ring.
pub fn all() -> impl Iterator<Item = Scenario> {
    SCENARIOS.iter().flat_map(|scenario| {
        let with_locks = Scenario { locks: true, ..*scenario };
        let parallel =
            scenario.events.contains(&Event::CopyRing) || scenario.jobs.iter().any(Job::takes_account_lock_only);
        [Some(*scenario), parallel.then_some(with_locks)].into_iter().flatten()
    })
}

/// The scenario with a name, in a store without locks.
#[must_use]
pub fn named(name: &str) -> Option<Scenario> {
    SCENARIOS.iter().find(|scenario| scenario.name == name).copied()
}
