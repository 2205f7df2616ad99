//! [`Slot`] and [`Kind`]: the places of a store, and what they are called.

use core::fmt;

use crate::id::KeyId;
use crate::name::AccountName;

/// What a slot of a store holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Kind {
    /// A record: header, ciphertext and tag of one key.
    Record,
    /// A note about the record of the same id: revoked, replaced, or in its grace period.
    Note,
    /// The marker that a rotation of the account is in progress; the id is the rotation's own.
    Rotation,
    /// The claim of one generation of a rotation with a ring.
    Claim,
    /// The new secret of a rotation with a ring, while the database changes.
    Staged,
}

impl Kind {
    /// Every kind.
    pub const ALL: &'static [Self] = &[Self::Record, Self::Note, Self::Rotation, Self::Claim, Self::Staged];

    /// The suffix of such objects' names, after the id.
    #[must_use]
    pub const fn suffix(self) -> &'static str {
        match self {
            Self::Record => ".otp",
            Self::Note => ".note.otp",
            Self::Rotation => ".rotation.otp",
            Self::Claim => ".claim.otp",
            Self::Staged => ".staged.otp",
        }
    }
}

/// The name of an object within its account: the id and the kind's suffix, such as `n4ak3yfor7xhbq2d.note.otp`.
///
/// Files and objects have these names in every store, so a store can be copied from one kind of store to another.
///
/// ```
/// use otp_core::store::{Kind, ObjectName};
///
/// let name = ObjectName::parse("n4ak3yfor7xhbq2d.note.otp").ok_or("not the name of an object")?;
/// assert_eq!(name.kind, Kind::Note);
/// assert_eq!(name.to_string(), "n4ak3yfor7xhbq2d.note.otp");
/// # Ok::<(), &str>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ObjectName {
    /// The key's id, or the rotation's.
    pub id: KeyId,
    /// What the object is.
    pub kind: Kind,
}

impl ObjectName {
    /// Reads a name; `None` if no object has such a name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let (id, suffix) = name.split_at_checked(KeyId::TEXT_LEN)?;
        let kind = *Kind::ALL.iter().find(|kind| kind.suffix() == suffix)?;
        Some(Self { id: KeyId::parse(id).ok()?, kind })
    }
}

impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.id, self.kind.suffix())
    }
}

/// A place in a store: one object of one kind for each account and id.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Slot {
    /// The account that it belongs to.
    pub account: AccountName,
    /// The key's id, or the rotation's.
    pub id: KeyId,
    /// What it holds.
    pub kind: Kind,
}

impl Slot {
    /// The slot of a record.
    #[must_use]
    pub fn record(account: &AccountName, id: KeyId) -> Self {
        Self { account: account.clone(), id, kind: Kind::Record }
    }

    /// The slot of the note about a record.
    #[must_use]
    pub fn note(account: &AccountName, id: KeyId) -> Self {
        Self { account: account.clone(), id, kind: Kind::Note }
    }

    /// The slot of the marker of a rotation.
    #[must_use]
    pub fn rotation(account: &AccountName, id: KeyId) -> Self {
        Self { account: account.clone(), id, kind: Kind::Rotation }
    }

    /// The slot of the claim of a generation.
    #[must_use]
    pub fn claim(account: &AccountName, generation: u64) -> Self {
        let mut id = [0; KeyId::LEN];
        id[KeyId::LEN - 8..].copy_from_slice(&generation.to_be_bytes());
        Self { account: account.clone(), id: KeyId::from_bytes(id), kind: Kind::Claim }
    }

    /// The slot of the staged record of a rotation.
    #[must_use]
    pub fn staged(account: &AccountName, id: KeyId) -> Self {
        Self { account: account.clone(), id, kind: Kind::Staged }
    }

    /// The generation of a claim, whose id is that number in 10 bytes, big-endian. A number that is too large for any rotation
    /// is the largest one.
    #[must_use]
    pub fn generation(&self) -> u64 {
        match self.id.as_bytes().split_last_chunk() {
            Some(([0, 0], low)) => u64::from_be_bytes(*low),
            _ => u64::MAX,
        }
    }

    /// What the object is called within its account.
    #[must_use]
    pub const fn name(&self) -> ObjectName {
        ObjectName { id: self.id, kind: self.kind }
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Slot({}/{})", self.account, self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn a_name_comes_back_for_each_kind() {
        for kind in Kind::ALL {
            let name = ObjectName { id: KeyId::from_bytes([7; 10]), kind: *kind };
            assert_eq!(ObjectName::parse(&name.to_string()), Some(name));
        }
    }

    #[test]
    fn a_slot_is_named_by_its_account_and_object() {
        let (account, id) = (AccountName::parse("edms/a").unwrap(), KeyId::from_bytes([0; 10]));
        let slots = [Slot::record(&account, id), Slot::note(&account, id), Slot::rotation(&account, id)];
        assert_eq!(slots.each_ref().map(|slot| slot.kind), [Kind::Record, Kind::Note, Kind::Rotation]);
        assert_eq!(
            slots.each_ref().map(|slot| slot.name().to_string()),
            ["aaaaaaaaaaaaaaaa.otp", "aaaaaaaaaaaaaaaa.note.otp", "aaaaaaaaaaaaaaaa.rotation.otp"]
        );
        let claim = Slot::claim(&account, 12);
        assert_eq!((claim.generation(), claim.name().to_string().as_str()), (12, "aaaaaaaaaaaaaaam.claim.otp"));
        let too_large = Slot { id: KeyId::from_bytes([0, 1, 0, 0, 0, 0, 0, 0, 0, 0]), ..claim };
        assert_eq!((too_large.generation(), Slot::claim(&account, u64::MAX).generation()), (u64::MAX, u64::MAX));
        assert_eq!(Slot::staged(&account, id).name().to_string(), "aaaaaaaaaaaaaaaa.staged.otp");
        assert_eq!(std::format!("{:?}", slots[1]), "Slot(edms/a/aaaaaaaaaaaaaaaa.note.otp)");
    }

    #[test]
    fn other_names_are_no_objects() {
        for name in [
            "",
            ".lock",
            ".otp",
            "aaaaaaaaaaaaaaaa",
            "aaaaaaaaaaaaaaaa.txt",
            "aaaaaaaaaaaaaaaa.otp.bak",
            "aaaaaaaaaaaaaaaa.notes.otp",
            "AAAAAAAAAAAAAAAA.otp",
            "aaaaaaaaaaaaaaa.otp",
            "aaaaaaaaaaaaaaa\u{e4}.otp",
            "aaaaaaaaaaaaaaa1.otp",
        ] {
            assert_eq!(ObjectName::parse(name), None, "{name:?}");
        }
    }
}
