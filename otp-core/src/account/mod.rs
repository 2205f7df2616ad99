//! The fields of an account, inside a payload.
//!
//! Fields follow each other: well-known names first, in the order of their codes, then the others in the order of
//! their bytes. So one set of fields has one encoding. A well-known name costs one byte; any other is spelled out:
//!
//! ```text
//! code (1, not 0)                      | length of the value (2, big-endian) | value
//! 0 | length of the name (1) | name    | length of the value (2, big-endian) | value
//! ```

mod fields;
#[cfg(feature = "alloc")]
mod owned;
mod writer;

pub use fields::{Field, Fields, WELL_KNOWN_NAMES, check_field_name, field_len};
#[cfg(feature = "alloc")]
pub use owned::Account;
pub use writer::FieldWriter;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::frame::Capacity;

    #[test]
    fn username_and_password_of_56_bytes_fit_the_smallest_capacity() {
        let mut buffer = [0; 64];
        let mut writer = FieldWriter::new(&mut buffer);
        writer.insert(Field { name: "username", value: &[b'u'; 28] }).unwrap();
        writer.insert(Field { name: "password", value: &[b'p'; 28] }).unwrap();
        assert!(writer.payload().len() <= Capacity::MIN.bytes());
    }

    #[test]
    fn a_field_that_does_not_fit_or_is_there_changes_nothing() {
        let mut buffer = [0; 8];
        let mut writer = FieldWriter::new(&mut buffer);
        writer.insert(Field { name: "port", value: b"5432" }).unwrap();
        let before = writer.payload().to_vec();
        assert_eq!(writer.insert(Field { name: "port", value: b"" }), Err(Error::DuplicateField));
        let too_long = Error::PayloadTooLong { len: 10, capacity: 8 };
        assert_eq!(writer.insert(Field { name: "host", value: b"" }), Err(too_long));
        assert!(matches!(writer.insert(Field { name: "", value: b"" }), Err(Error::InvalidFieldName(_))));
        assert!(matches!(writer.insert(Field { name: "a\nb", value: b"" }), Err(Error::InvalidFieldName(_))));
        assert_eq!(writer.payload(), before);
    }

    #[test]
    fn only_the_one_encoding_of_a_set_of_fields_decodes() {
        for (payload, what) in [
            (&b"\x02\0\x01p\x01\0\x01u"[..], "wrong order"),
            (b"\x01\0\0\x01\0\0", "a name twice"),
            (b"\0\x08username\0\0", "a well-known name written out"),
            (b"\0\x01b\0\0\0\x01a\0\0", "other names out of order"),
            (b"\0\x01b\0\0\x01\0\0", "a well-known name behind another"),
            (b"\x09\0\0", "an unknown code"),
            (b"\0\0\0\0", "an empty name"),
            (b"\0\x01\xff\0\0", "a name that is not UTF-8"),
            (b"\0\x01\n\0\0", "a control character"),
            (b"\x01\0\x02u", "a value cut short"),
            (b"\x01\0", "a length cut short"),
            (b"\0\x02a", "a name cut short"),
            (b"\0", "no name"),
        ] {
            assert!(Fields::decode(payload).is_err(), "{what}");
        }
        assert_eq!(Fields::decode(b"").unwrap().iter().count(), 0);
    }

    #[cfg(feature = "alloc")]
    #[test]
    fn a_field_is_replaced_where_it_stands() {
        let mut account = Account::new();
        for (name, value) in [("zebra", "1"), ("password", "2"), ("apple", "3"), ("username", "4"), ("password", "55")]
        {
            account.set(name, value.as_bytes()).unwrap();
        }
        let fields: std::vec::Vec<_> = account.fields().iter().map(|field| (field.name, field.value)).collect();
        assert_eq!(fields, [("username", &b"4"[..]), ("password", b"55"), ("apple", b"3"), ("zebra", b"1")]);
        assert!(account.set("big", &std::vec![0; 65_535]).is_err());
        assert_eq!(account.fields().iter().count(), 4);
        assert_eq!(Fields::decode(account.payload()).unwrap().iter().count(), 4);
    }

    #[cfg(feature = "alloc")]
    #[test]
    fn an_account_may_fill_the_largest_capacity_and_not_a_byte_more() {
        let mut account = Account::new();
        let room = Capacity::MAX.bytes() - 3;
        account.set("password", &std::vec![7; room]).unwrap();
        let too_long = Error::PayloadTooLong { len: 65_536, capacity: 65_535 };
        assert_eq!(account.set("password", &std::vec![8; room + 1]), Err(too_long));
        assert_eq!(account.fields().get("password"), Some(&std::vec![7; room][..]));
    }
}
