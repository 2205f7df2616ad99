//! A change to some bytes, for inputs that are built and then corrupted.

use arbitrary::Arbitrary;

#[derive(Arbitrary, Debug)]
pub(crate) enum Change {
    Set(u16, u8),
    Flip(u16, u8),
    Insert(u16, u8),
    Remove(u16),
    Truncate(u16),
}

impl Change {
    pub(crate) fn apply(&self, bytes: &mut Vec<u8>) {
        let len = bytes.len().max(1);
        let at = |place: u16| usize::from(place) % len;
        match *self {
            _ if bytes.is_empty() => {}
            Self::Set(place, byte) => bytes[at(place)] = byte,
            Self::Flip(place, bit) => bytes[at(place)] ^= 1 << (bit % 8),
            Self::Insert(place, byte) => bytes.insert(at(place), byte),
            Self::Remove(place) => drop(bytes.splice(at(place)..=at(place), [])),
            Self::Truncate(place) => bytes.truncate(at(place)),
        }
    }
}
