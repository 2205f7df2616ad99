//! The names of objects: the same as the names of a store's files, with `/` on every system.

use otp_core::AccountName;
use otp_core::store::{ObjectName, Slot};

/// The name of the object in a slot, such as `edms/reporting/n4ak3yfor7xhbq2d.note.otp`.
#[must_use]
pub fn object_name(slot: &Slot) -> String {
    format!("{}/{}", slot.account, slot.name())
}

/// Parses the name of an object; `None` if no object has such a name. Temporary files and `.lock` are no objects.
#[must_use]
pub fn parse_object_name(name: &str) -> Option<Slot> {
    let (account, object) = name.rsplit_once('/')?;
    let ObjectName { id, kind } = ObjectName::parse(object)?;
    Some(Slot { account: AccountName::parse(account).ok()?, id, kind })
}

#[cfg(test)]
mod tests {
    use otp_core::KeyId;

    use super::*;

    #[test]
    fn an_object_is_called_as_its_file_is() {
        let slot = Slot::note(&AccountName::parse("edms/a").unwrap(), KeyId::from_bytes([0; 10]));
        assert_eq!(object_name(&slot), "edms/a/aaaaaaaaaaaaaaaa.note.otp");
        assert_eq!(parse_object_name("edms/a/aaaaaaaaaaaaaaaa.note.otp"), Some(slot));
    }

    #[test]
    fn other_names_are_refused() {
        for name in [
            "",
            "aaaaaaaaaaaaaaaa.otp",
            "/aaaaaaaaaaaaaaaa.otp",
            "a/.lock",
            ".otp-store",
            "a//aaaaaaaaaaaaaaaa.otp",
            "../aaaaaaaaaaaaaaaa.otp",
            "a/../b/aaaaaaaaaaaaaaaa.otp",
            "a\\aaaaaaaaaaaaaaaa.otp",
            "a/.tmp-1/aaaaaaaaaaaaaaaa.otp",
            "A/aaaaaaaaaaaaaaaa.otp",
            "a/aaaaaaaaaaaaaaaa.otp\n",
        ] {
            assert_eq!(parse_object_name(name), None, "{name:?}");
        }
    }
}
