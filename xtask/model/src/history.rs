//! What no process knows: everything that has happened so far, for the invariants to examine.

use crate::world::{KEYS, PAGES};

/// What has happened. An event that breaks an invariant by itself is noted at once.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct History {
    /// For each page of each key, the number of its sealing; 0 for none.
    sealings: [[u8; PAGES]; KEYS],
    /// The highest page that each key's record has had.
    highest: [u8; KEYS],
    /// Ids that have been drawn. No id is drawn twice.
    pub drawn: [bool; KEYS],
    /// The key that each key succeeds.
    pub succeeds: [Option<usize>; KEYS],
    pub handed_over: [bool; KEYS],
    /// Keys that somebody has begun to end.
    pub ending: [bool; KEYS],
    /// Keys whose revocation has been answered.
    pub revoked: [bool; KEYS],
    /// The store is not as writers left it: it, or an object in it, came from a backup.
    pub restored: bool,
    /// The rotation that is to end every key, and the keys that existed when it began.
    ends: Option<(u8, [bool; KEYS])>,
    pub broken: Option<&'static str>,
}

impl History {
    /// A page has been sealed.
    pub fn sealed(&mut self, key: usize, page: u8, sealing: u8) {
        let before = &mut self.sealings[key][usize::from(page)];
        if *before != 0 && *before != sealing {
            self.broken = Some("T1: a page has been sealed twice");
        }
        *before = sealing;
    }

    /// A record of a key has been published.
    pub fn published(&mut self, key: usize, page: u8) {
        if self.revoked[key] {
            self.broken = Some("T5: a revoked key has got another record");
        }
        self.highest[key] = self.highest[key].max(page);
    }

    /// The highest page that a key's record has had.
    #[must_use]
    pub fn highest(&self, key: usize) -> u8 {
        self.highest[key]
    }

    /// A rotation has begun to end a key.
    pub fn used_up(&mut self, key: usize) {
        let succeeded = (0..KEYS).any(|new| self.handed_over[new] && self.succeeds[new] == Some(key));
        // A key that is being revoked needs no successor.
        if !succeeded && !self.ending[key] {
            self.broken = Some("T7: a key ends before its successor is handed over");
        }
        self.ending[key] = true;
    }

    /// A rotation has begun that is to end every key.
    pub fn ends_all(&mut self, rotation: u8) {
        self.ends = Some((rotation, self.drawn));
    }

    /// A rotation is finished, and these keys have records.
    pub fn done(&mut self, rotation: u8, live: [bool; KEYS]) {
        let old = self.ends.filter(|(number, _)| *number == rotation).map_or([false; KEYS], |(_, old)| old);
        if (0..KEYS).any(|key| old[key] && live[key]) {
            self.broken = Some("T4: a key outlives a rotation to new keys");
        }
    }

    /// Draws the id of a new key; `None` if the model has no more of them.
    pub fn draw(&mut self) -> Option<usize> {
        let key = self.drawn.iter().position(|drawn| !drawn)?;
        self.drawn[key] = true;
        Some(key)
    }
}
