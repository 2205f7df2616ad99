//! Names to paths, and back.
//!
//! `ROOT/<account>/<id>.otp` is a record; `<id>.note.otp` and `<id>.rotation.otp` lie beside it. What starts with a dot is
//! the store's own. No segment of an account's name starts with a dot or ends in `.otp`, so nothing meets anything else.

use otp_core::name::{AccountName, KeyId};
use otp_core::store::{Kind, Slot};

/// The file that an account's writers lock.
pub(crate) const LOCK: &str = ".lock";
/// How the names of temporary files and directories start.
pub(crate) const TEMPORARY: &str = ".tmp-";

/// The name of a slot's file inside its account's directory.
pub(crate) fn file_name(slot: &Slot) -> String {
    format!("{}{}", slot.id, ending(slot.kind))
}

/// What a file's name says; `None` if it is the name of no object.
pub(crate) fn parse_file_name(name: &str) -> Option<(KeyId, Kind)> {
    let (id, rest) = name.split_at_checked(KeyId::TEXT_LEN)?;
    let kind = [Kind::Record, Kind::Note, Kind::Rotation].into_iter().find(|kind| ending(*kind) == rest)?;
    Some((KeyId::parse(id).ok()?, kind))
}

/// The account whose directory has this name, in that of another account or in the root; `None` if it is the name of none.
pub(crate) fn child(account: Option<&AccountName>, name: &str) -> Option<AccountName> {
    match account {
        None => AccountName::parse(name).ok(),
        Some(account) => AccountName::parse(&format!("{account}/{name}")).ok(),
    }
}

const fn ending(kind: Kind) -> &'static str {
    match kind {
        Kind::Record => ".otp",
        Kind::Note => ".note.otp",
        Kind::Rotation => ".rotation.otp",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_gives_back_its_slot() {
        let account = "a/b".parse().unwrap();
        for kind in [Kind::Record, Kind::Note, Kind::Rotation] {
            let slot = Slot { kind, ..Slot::record(&account, KeyId::from_bytes([7; 10])) };
            assert_eq!(parse_file_name(&file_name(&slot)), Some((slot.id, kind)));
        }
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
            assert_eq!(parse_file_name(name), None, "{name:?}");
        }
    }
}
