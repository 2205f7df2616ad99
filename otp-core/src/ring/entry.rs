//! [`Entry`]: what a ring keeps for an account, and what the entries are called.

use core::fmt;

use crate::id::KeyId;

/// What a ring keeps for an account. Keys come from the source of randomness; nothing depends on a secret or a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Entry {
    /// The text of a key that was handed out.
    Key(KeyId),
    /// The generation at which the key's first page was sealed, as decimal digits. A key without it has no page left.
    First(KeyId),
    /// The id, as text, of the key issued in its place, since its last page is used or it is to end. It counts once the
    /// new key has a record.
    Succeeded(KeyId),
    /// Empty: the key has ended, and must never open again.
    Ended(KeyId),
    /// Empty: pages of this generation may have been sealed.
    Spent(u64),
    /// Empty: the rotation to this generation is finished.
    Done(u64),
    /// The text of the key to a rotation's staged record.
    Recovery(KeyId),
    /// The database may have the password of this rotation. It holds the generation that the account had reached
    /// before, as decimal digits, and what the rotation is to do, as text:
    /// `12 new-keys expires=1893456000 capacity=128 pages=60 end=ID`, with only the options that are set.
    Applying(KeyId),
}

/// What an entry is called, such as `n4ak3yfor7xhbq2d.key` and `12.spent`.
///
/// ```
/// use otp_core::ring::{Entry, EntryName};
///
/// assert_eq!(EntryName(Entry::Spent(12)).to_string(), "12.spent");
/// assert_eq!(EntryName::parse("12.spent"), Some(Entry::Spent(12)));
/// assert_eq!(EntryName::parse("012.spent"), None);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EntryName(pub Entry);

impl EntryName {
    /// Reads a name; `None` if no entry has such a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Entry> {
        let (stem, suffix) = name.split_once('.')?;
        let id = || KeyId::parse(stem).ok();
        Some(match suffix {
            "key" => Entry::Key(id()?),
            "first" => Entry::First(id()?),
            "succeeded" => Entry::Succeeded(id()?),
            "ended" => Entry::Ended(id()?),
            "recovery" => Entry::Recovery(id()?),
            "applying" => Entry::Applying(id()?),
            "spent" => Entry::Spent(generation(stem.as_bytes())?),
            "done" => Entry::Done(generation(stem.as_bytes())?),
            _ => return None,
        })
    }
}

/// Reads a generation: decimal digits, without leading zeros.
pub(crate) fn generation(digits: &[u8]) -> Option<u64> {
    let is_canonical = digits == b"0" || !digits.starts_with(b"0");
    let all_digits = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit);
    if !is_canonical || !all_digits {
        return None;
    }
    digits.iter().try_fold(0_u64, |number, digit| number.checked_mul(10)?.checked_add(u64::from(digit - b'0')))
}

impl fmt::Display for EntryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            Entry::Key(id) => write!(f, "{id}.key"),
            Entry::First(id) => write!(f, "{id}.first"),
            Entry::Succeeded(id) => write!(f, "{id}.succeeded"),
            Entry::Ended(id) => write!(f, "{id}.ended"),
            Entry::Recovery(id) => write!(f, "{id}.recovery"),
            Entry::Applying(id) => write!(f, "{id}.applying"),
            Entry::Spent(generation) => write!(f, "{generation}.spent"),
            Entry::Done(generation) => write!(f, "{generation}.done"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn a_name_comes_back_for_each_entry_and_no_other_text_is_one() {
        let id = KeyId::from_bytes([7; 10]);
        for entry in [
            Entry::Key(id),
            Entry::First(id),
            Entry::Succeeded(id),
            Entry::Ended(id),
            Entry::Recovery(id),
            Entry::Applying(id),
            Entry::Spent(0),
            Entry::Spent(u64::MAX),
            Entry::Done(12),
        ] {
            assert_eq!(EntryName::parse(&EntryName(entry).to_string()), Some(entry));
        }
        for name in [
            "",
            "key",
            ".key",
            "a.key",
            "1.key",
            "01.spent",
            "-1.spent",
            "+1.spent",
            ".spent",
            "18446744073709551616.done",
            "1.spent.x",
            "1.spend",
        ] {
            assert_eq!(EntryName::parse(name), None, "{name:?}");
        }
    }
}
