//! Records.

use otp_core::{Capacity, KeyId, UnixTime};
use otp_reference::{Parts, set_checksum};

use super::{Cases, alice, sealed, terms};

/// Writes what a reader finds in a record.
fn found(cases: &mut Cases, parts: &Parts) {
    cases.line("account", &parts.account).line("id", &KeyId::from_bytes(parts.id).to_string());
    cases.number("page", parts.page).number("pages", parts.pages).number("capacity", parts.capacity);
    cases.number("created", parts.created);
    if let Some(expires) = parts.expires {
        cases.number("expires", expires);
    }
    if let Some(holder) = &parts.holder {
        cases.line("holder", holder);
    }
    cases.hex("ciphertext", &parts.ciphertext).hex("tag", &parts.tag);
}

/// A record like any other, from which others are made by one change.
fn plain() -> Parts {
    let (_, record) = sealed("edms/reporting", Capacity::MIN, &terms(), &alice(), 30);
    Parts::decode(&record).unwrap()
}

pub(super) fn records(cases: &mut Cases) {
    let parts = plain();
    let mut good = |what: &str, change: &dyn Fn(&mut Parts)| {
        let mut parts = parts.clone();
        change(&mut parts);
        cases.case("record", what, "ok").hex("record", &parts.encode());
        found(cases, &parts);
    };
    good("a record", &|_| {});
    good("no expiry and no holder", &|parts| (parts.expires, parts.holder) = (None, None));
    good("the first and the last time", &|parts| {
        (parts.created, parts.expires) = (0, Some(UnixTime::MAX.as_secs()));
    });
    good("the longest names", &|parts| {
        (parts.account, parts.holder) = ("a".repeat(128), Some("h".repeat(64)));
    });
    good("a holder that is not ASCII", &|parts| parts.holder = Some("Nächtlicher Lauf №1".into()));
    good("page 1 of 2", &|parts| (parts.page, parts.pages) = (1, 2));
    good("page 254 of 255", &|parts| (parts.page, parts.pages) = (254, 255));
    good("capacity 128", &|parts| (parts.capacity, parts.ciphertext) = (128, vec![1; 130]));

    let mut bad = |what: &str, expect: &str, record: &[u8]| {
        cases.case("record", what, expect).hex("record", record);
    };
    let record = parts.encode();
    bad("nothing", "damaged magic", b"");
    bad("the start of the magic", "damaged magic", b"OTP");
    bad("another magic", "damaged magic", &[b"OTPS", &record[4..]].concat());
    bad("the magic alone", "damaged length", b"OTPR");
    bad("magic, version and checksum alone", "damaged length", &{
        let mut record = b"OTPR\x01\0\0\0\0".to_vec();
        set_checksum(&mut record);
        record
    });
    bad("the last byte missing", "damaged checksum", &record[..record.len() - 1]);
    bad("a byte too much", "damaged checksum", &[&record[..], &[0]].concat());
    for (what, at) in [("header", 9), ("ciphertext", 90), ("tag", record.len() - 5), ("checksum", record.len() - 1)] {
        let mut flipped = record.clone();
        flipped[at] ^= 0x10;
        bad(&format!("a flipped bit in the {what}"), "damaged checksum", &flipped);
    }
    let mut rotten = record.clone();
    rotten[4] = 2;
    bad("a flipped bit in the version", "damaged checksum", &rotten);
    bad("version 2", "newer-version", &Parts { version: 2, ..parts.clone() }.encode());
    bad("version 255, and nothing that is known", "newer-version", &{
        let mut record = b"OTPR\xffwhatever\0\0\0\0".to_vec();
        set_checksum(&mut record);
        record
    });
    bad("version 0", "damaged contents", &Parts { version: 0, ..parts.clone() }.encode());
}

pub(super) fn contents(cases: &mut Cases) {
    let parts = plain();
    let record = parts.encode();
    let mut bad = |what: &str, record: &[u8]| {
        cases.case("record", what, "damaged contents").hex("record", record);
    };
    // Changes of bytes, under a checksum that fits.
    let mut raw = |what: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut changed = record.clone();
        change(&mut changed);
        set_checksum(&mut changed);
        bad(what, &changed);
    };
    // Behind magic and version, and the name and its length, come the id, page, pages and the capacity.
    let capacity_at = 5 + 1 + parts.account.len() + 10 + 2;
    let expires_at = capacity_at + 1 + 5;
    let ciphertext_at = expires_at + 1 + 5 + 1 + 1 + "nightly run".len();
    assert_eq!((record[capacity_at], record[expires_at], record[ciphertext_at]), (64, 1, 66));
    raw("a byte before the checksum", &|bytes| bytes.insert(bytes.len() - 4, 0));
    raw("a byte of the tag missing", &|bytes| bytes.truncate(bytes.len() - 1));
    raw("nothing behind the header", &|bytes| bytes.truncate(ciphertext_at + 4));
    raw("the length of the name in two bytes", &|bytes| {
        bytes[5] |= 0x80;
        bytes.insert(6, 0);
    });
    raw("the capacity in two bytes", &|bytes| {
        bytes[capacity_at] |= 0x80;
        bytes.insert(capacity_at + 1, 0);
    });
    raw("the length of the ciphertext in three bytes", &|bytes| {
        bytes[ciphertext_at] |= 0x80;
        bytes.splice(ciphertext_at + 1..=ciphertext_at, [0x80, 0]);
    });
    raw("a capacity past 16 bits", &|bytes| drop(bytes.splice(capacity_at..=capacity_at, [0xc0, 0x80, 0x04])));
    raw("a number without an end", &|bytes| drop(bytes.splice(capacity_at..=capacity_at, [0xff; 11])));
    raw("an expiry neither there nor not", &|bytes| bytes[expires_at] = 2);
    raw("a name longer than the record", &|bytes| drop(bytes.splice(5..6, [0xff, 0x7f])));
    raw("a name that is not UTF-8", &|bytes| bytes[6] = 0xff);

    let mut changed = |what: &str, change: &dyn Fn(&mut Parts)| {
        let mut parts = parts.clone();
        change(&mut parts);
        bad(what, &parts.encode());
    };
    changed("page 0 of 0", &|parts| parts.pages = 0);
    changed("page 1 of 1", &|parts| parts.page = 1);
    changed("a capacity that is not one of the classes", &|parts| {
        (parts.capacity, parts.ciphertext) = (65, vec![0; 67]);
    });
    changed("a ciphertext of another capacity", &|parts| parts.ciphertext.resize(130, 0));
    changed("a capacity of another ciphertext", &|parts| parts.capacity = 128);
    changed("created after the year 9999", &|parts| parts.created = UnixTime::MAX.as_secs() + 1);
    changed("expires after the year 9999", &|parts| parts.expires = Some(u64::MAX));
    changed("an empty holder", &|parts| parts.holder = Some(String::new()));
    changed("a holder with a line feed", &|parts| parts.holder = Some("a\nb".into()));
    changed("a holder with a control character of Latin-1", &|parts| parts.holder = Some("a\u{85}".into()));
    for unprintable in ["\u{61c}", "\u{200f}", "\u{2028}", "\u{202e}", "\u{2066}", "\u{2069}"] {
        let what = format!("a holder with U+{:04X}", unprintable.chars().map(u32::from).sum::<u32>());
        changed(&what, &|parts| parts.holder = Some(format!("a{unprintable}")));
    }
    changed("a holder of 65 bytes", &|parts| parts.holder = Some("h".repeat(65)));
    changed("no name", &|parts| parts.account.clear());
    changed("a name of 129 bytes", &|parts| parts.account = "a".repeat(129));
    let names = [
        "/a", "a/", "a//b", "A", "a b", "ä", "..", "a/../b", ".a", "-a", "a\\b", "a.", "a.otp", "a.otp/b", "con",
        "a/nul.x", "com1", "lpt0",
    ];
    for name in names {
        changed(&format!("the name {name:?}"), &|parts| parts.account = name.into());
    }
}
