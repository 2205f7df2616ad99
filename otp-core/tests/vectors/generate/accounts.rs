//! The fields of accounts.

use std::collections::BTreeMap;

use otp_reference::payload;

use super::Cases;

/// The fields of an account, by name.
type Fields<'a> = &'a [(&'a str, &'a [u8])];

pub(super) fn accounts(cases: &mut Cases) {
    let good: [(&str, Fields<'_>); 7] = [
        ("no field", &[]),
        ("a username and a password", &[("username", b"alice"), ("password", b"correct horse")]),
        (
            "every well-known name",
            &[
                ("username", b""),
                ("password", b"\0\xff\n"),
                ("host", b"h"),
                ("port", b"5432"),
                ("database", b"d"),
                ("url", b"u"),
                ("token", b"t"),
                ("service", b"s"),
            ],
        ),
        (
            "other names behind a well-known one",
            &[("password", b"p"), ("apple", b"1"), ("apples", b"2"), ("zebra", b"3")],
        ),
        ("names that are not well known", &[("Username", b"not a well-known name"), ("größe", b"xl")]),
        ("two equal values", &[("username", b"equal"), ("password", b"equal")]),
        // In UTF-16, the second would come first.
        ("other names in the order of their bytes", &[("\u{ff61}", b"1"), ("\u{10000}", b"2")]),
    ];
    for (what, fields) in good {
        let owned: BTreeMap<String, Vec<u8>> =
            fields.iter().map(|(name, value)| ((*name).to_owned(), value.to_vec())).collect();
        cases.case("account", what, "ok").hex("payload", &payload(&owned));
        for (name, value) in fields {
            let hex = value.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
            cases.line("field", &format!("{name}={hex}"));
        }
    }
    let mut longest = vec![0, 255];
    longest.extend([b'n'; 255]);
    longest.extend([0, 0]);
    cases.case("account", "the longest name", "ok").hex("payload", &longest);
    cases.line("field", &("n".repeat(255) + "="));
    for (what, payload) in [
        ("well-known names in the wrong order", &b"\x02\0\x01p\x01\0\x01u"[..]),
        ("a well-known name twice", b"\x01\0\0\x01\0\0"),
        ("a well-known name written out", b"\0\x08username\0\0"),
        ("other names in the wrong order", b"\0\x01b\0\0\0\x01a\0\0"),
        ("other names in the order of UTF-16", "\0\x04\u{10000}\0\0\0\x03\u{ff61}\0\0".as_bytes()),
        ("another name twice", b"\0\x01a\0\0\0\x01a\0\0"),
        ("a well-known name behind another", b"\0\x01b\0\0\x01\0\0"),
        ("an unknown code", b"\x09\0\0"),
        ("an empty name", b"\0\0\0\0"),
        ("a name that is not UTF-8", b"\0\x01\xff\0\0"),
        ("a name with a control character", b"\0\x01\n\0\0"),
        ("a name with a mark of text direction", b"\0\x04a\xe2\x80\xae\0\0"),
        ("a name with a line separator", b"\0\x03\xe2\x80\xa8\0\0"),
        ("a value cut short", b"\x01\0\x02u"),
        ("the length of a value cut short", b"\x01\0"),
        ("a code alone", b"\x01"),
        ("a name cut short", b"\0\x02a"),
        ("no length of a name", b"\0"),
    ] {
        cases.case("account", what, "damaged account").hex("payload", payload);
    }
}
