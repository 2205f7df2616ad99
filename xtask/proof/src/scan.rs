//! Finds the remains of secrets in memory.

use std::collections::HashMap;

/// The shortest part of a secret that counts as a copy. Shorter ones turn up by chance.
pub const PART_LEN: usize = 8;

type Part = [u8; PART_LEN];

/// What is searched for: every part of every secret.
#[derive(Default)]
pub struct Needles {
    names: Vec<&'static str>,
    parts: HashMap<Part, usize>,
    // Indexed by their first two bytes: most of memory begins like none of them.
    starts: Vec<bool>,
}

impl Needles {
    /// An empty set.
    #[must_use]
    pub fn new() -> Self {
        Self { starts: vec![false; 1 << 16], ..Self::default() }
    }

    /// Adds every part of a named secret.
    pub fn add(&mut self, name: &'static str, secret: &[u8]) {
        assert!(secret.len() >= PART_LEN, "{name} is too short to be looked for");
        self.names.push(name);
        for part in secret.windows(PART_LEN) {
            let part: Part = part.try_into().expect("a window has its length");
            self.starts[start(&part)] = true;
            self.parts.entry(part).or_insert(self.names.len() - 1);
        }
    }

    /// Which secrets have parts in these bytes, and in how many places.
    #[must_use]
    pub fn find_in(&self, memory: &[u8]) -> Vec<(&'static str, usize)> {
        let mut counts = vec![0; self.names.len()];
        let mut inside = None;
        for window in memory.windows(PART_LEN) {
            let found = Some(window).filter(|window| self.starts[start(window)]);
            let found = found.and_then(|window| self.parts.get(window)).copied();
            // Adjacent parts count as one place.
            if let Some(index) = found.filter(|_| found != inside) {
                counts[index] += 1;
            }
            inside = found;
        }
        self.names.iter().copied().zip(counts).filter(|(_, count)| *count > 0).collect()
    }
}

fn start(bytes: &[u8]) -> usize {
    usize::from(bytes[0]) << 8 | usize::from(bytes[1])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_eight_bytes_are_found_and_shorter_ones_are_not() {
        let mut needles = Needles::new();
        needles.add("secret", b"0123456789abcdef");
        needles.add("other", b"ABCDEFGHIJ");
        assert_eq!(needles.find_in(b"..56789abc.."), [("secret", 1)]);
        assert_eq!(needles.find_in(b"..56789ab.."), []);
        assert_eq!(needles.find_in(b"0123456789abcdefABCDEFGHIJ 01234567"), [("secret", 2), ("other", 1)]);
        assert_eq!(needles.find_in(b"012345"), []);
    }
}
