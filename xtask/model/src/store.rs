//! The store of one account: slots for records and notes, claims, staged records, and the account's lock.

use crate::world::{GENERATIONS, KEYS, ROTATIONS};

/// A number that stands for a secret: 0 is the first; a rotation's is the rotation's own number.
pub type Secret = u8;

/// A record: the page that it is sealed under, its contents, and which sealing made it.
///
/// Two sealings of one page differ at least in their headers, so they never share a number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Record {
    pub page: u8,
    pub secret: Secret,
    pub sealing: u8,
}

impl Record {
    /// What the first keys open at the beginning.
    pub const FIRST: Self = Self { page: 0, secret: 0, sealing: u8::MAX };
}

/// What the store holds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Store {
    /// One slot per key.
    pub records: [Option<Record>; KEYS],
    /// The tombstones.
    pub notes: [bool; KEYS],
    /// For each generation, the run that claimed it. Generation 0 is that of the first records.
    claims: [Option<u8>; GENERATIONS],
    /// Which rotations have a staged record.
    pub staged: [bool; ROTATIONS],
}

impl Store {
    /// Puts a record if its slot is empty, and says whether it did.
    pub fn put_record(&mut self, key: usize, record: Record) -> bool {
        let empty = self.records[key].is_none();
        if empty {
            self.records[key] = Some(record);
        }
        empty
    }

    /// Replaces a record if it is the expected one, and says whether it did. It never creates one.
    pub fn replace(&mut self, key: usize, expected: Option<Record>, new: Record) -> bool {
        let equal = expected.is_some() && self.records[key] == expected;
        if equal {
            self.records[key] = Some(new);
        }
        equal
    }

    /// Puts a run's claim if there is none of that generation, and says whether it did.
    pub fn put_claim(&mut self, generation: u8, run: u8) -> bool {
        let claim = &mut self.claims[usize::from(generation)];
        let empty = claim.is_none();
        if empty {
            *claim = Some(run);
        }
        empty
    }

    /// The highest claim and the run that made it; generation 0 and no run if there is none.
    #[must_use]
    pub fn highest_claim(&self) -> (u8, Option<u8>) {
        (0..).zip(self.claims).filter(|(_, run)| run.is_some()).last().unwrap_or((0, None))
    }

    /// Removes old claims: all, or all but the highest.
    pub fn sweep_claims(&mut self, highest_stays: bool) {
        let end = if highest_stays { usize::from(self.highest_claim().0) } else { GENERATIONS };
        self.claims[..end].fill(None);
    }

    /// The first rotation with a staged record.
    #[must_use]
    pub fn staged_rotation(&self) -> Option<u8> {
        (0..).zip(self.staged).find(|(_, staged)| *staged).map(|(rotation, _)| rotation)
    }

    /// The secret of a record that has no tombstone.
    #[must_use]
    pub fn live_secret(&self, key: usize) -> Option<Secret> {
        self.records[key].filter(|_| !self.notes[key]).map(|record| record.secret)
    }
}
