//! Records that are damaged, or newer.

use otp_core::{Record, UnixTime};
use otp_reference::{Parts, set_checksum};

use super::Cases;
use super::records::plain;

/// Defects that are detected before the contents are read.
pub(super) fn sizes(cases: &mut Cases) {
    let parts = plain();
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
    let newer = |len: usize| {
        let mut record = b"OTPR\x02".to_vec();
        record.resize(len, b'?');
        set_checksum(&mut record);
        record
    };
    bad("version 2, of 9 bytes", "damaged length", &newer(9));
    bad("version 2, of 10 bytes", "newer-version", &newer(10));
    bad("version 2, of 65,789 bytes", "newer-version", &newer(Record::MAX_LEN));
    bad("version 2, of 65,790 bytes", "damaged length", &newer(Record::MAX_LEN + 1));
    bad("version 0", "damaged contents", &Parts { version: 0, ..parts.clone() }.encode());
}

/// Contents that no encoder writes.
pub(super) fn bytes(cases: &mut Cases) {
    let parts = plain();
    let record = parts.encode();
    // Changed bytes, under a matching checksum.
    let mut raw = |what: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut changed = record.clone();
        change(&mut changed);
        set_checksum(&mut changed);
        cases.case("record", what, "damaged contents").hex("record", &changed);
    };
    // After the magic, the version and the name with its length come the id, page, pages and capacity.
    let capacity_at = 5 + 1 + parts.account.len() + 10 + 2;
    let expires_at = capacity_at + 1 + 5;
    let holder_at = expires_at + 1 + 5;
    let ciphertext_at = holder_at + 1 + 1 + "nightly run".len();
    let there = [capacity_at, expires_at, holder_at, ciphertext_at].map(|at| record[at]);
    assert_eq!(there, [64, 1, 1, 66]);
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
    let wrapping = |low: u8| [low | 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02];
    raw("a length of the name that is right modulo 2^64", &|bytes| drop(bytes.splice(5..6, wrapping(14))));
    raw("a capacity that is right modulo 2^64", &|bytes| {
        drop(bytes.splice(capacity_at..=capacity_at, wrapping(64)));
    });
    raw("a capacity that is right modulo 2^16", &|bytes| {
        drop(bytes.splice(capacity_at..=capacity_at, [0xc0, 0x80, 0x04]));
    });
    raw("created, in more bytes than it takes", &|bytes| {
        bytes[capacity_at + 5] |= 0x80;
        bytes.insert(capacity_at + 6, 0);
    });
    raw("created, right modulo 2^64", &|bytes| {
        let [.., high] = bytes[capacity_at + 1..=capacity_at + 5] else { unreachable!() };
        drop(bytes.splice(capacity_at + 5..=capacity_at + 5, [high | 0x80, 0x80, 0x80, 0x80, 0x80, 0x02]));
    });
    raw("the expiry in more bytes than it takes", &|bytes| {
        bytes[expires_at + 5] |= 0x80;
        bytes.insert(expires_at + 6, 0);
    });
    raw("the length of the holder in two bytes", &|bytes| {
        bytes[holder_at + 1] |= 0x80;
        bytes.insert(holder_at + 2, 0);
    });
    raw("a holder that is there twice over", &|bytes| bytes[holder_at] = 2);
    raw("a holder that is not UTF-8", &|bytes| bytes[holder_at + 2] = 0xff);
    raw("a holder that is a surrogate", &|bytes| {
        bytes[holder_at + 2..holder_at + 5].copy_from_slice(b"\xed\xa0\x80");
    });
    raw("a ciphertext that is said to be a byte longer", &|bytes| bytes[ciphertext_at] += 1);
    raw("a ciphertext that is said to be a byte shorter", &|bytes| bytes[ciphertext_at] -= 1);
    raw("a capacity past 64 bits", &|bytes| {
        drop(bytes.splice(capacity_at..=capacity_at, [0xc0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]));
    });
    raw("a number without an end", &|bytes| drop(bytes.splice(capacity_at..=capacity_at, [0xff; 11])));
    raw("an expiry neither there nor not", &|bytes| bytes[expires_at] = 2);
    raw("a name longer than the record", &|bytes| drop(bytes.splice(5..6, [0xff, 0x7f])));
    raw("a name that is not UTF-8", &|bytes| bytes[6] = 0xff);
}

/// Contents whose values break a rule.
pub(super) fn values(cases: &mut Cases) {
    let parts = plain();
    let mut changed = |what: &str, change: &dyn Fn(&mut Parts)| {
        let mut parts = parts.clone();
        change(&mut parts);
        cases.case("record", what, "damaged contents").hex("record", &parts.encode());
    };
    changed("page 0 of 0", &|parts| parts.pages = 0);
    changed("page 1 of 1", &|parts| parts.page = 1);
    changed("a capacity that is not one of the classes", &|parts| {
        (parts.capacity, parts.ciphertext) = (65, vec![0; 67]);
    });
    changed("a capacity of 65,536", &|parts| (parts.capacity, parts.ciphertext) = (65_536, vec![0; 65_538]));
    changed("a capacity of 0", &|parts| (parts.capacity, parts.ciphertext) = (0, vec![0; 2]));
    changed("a ciphertext of another capacity", &|parts| parts.ciphertext.resize(130, 0));
    changed("a capacity of another ciphertext", &|parts| parts.capacity = 128);
    changed("created after the year 9999", &|parts| parts.created = UnixTime::MAX.as_secs() + 1);
    changed("expires after the year 9999", &|parts| parts.expires = Some(u64::MAX));
    changed("an empty holder", &|parts| parts.holder = Some(String::new()));
    changed("a holder with a line feed", &|parts| parts.holder = Some("a\nb".into()));
    for unprintable in [
        "\u{1f}", "\u{7f}", "\u{80}", "\u{85}", "\u{9f}", "\u{61c}", "\u{200e}", "\u{200f}", "\u{2028}", "\u{202e}",
        "\u{2066}", "\u{2069}",
    ] {
        let what = format!("a holder with U+{:04X}", unprintable.chars().map(u32::from).sum::<u32>());
        changed(&what, &|parts| parts.holder = Some(format!("a{unprintable}")));
    }
    changed("a holder of 65 bytes", &|parts| parts.holder = Some("h".repeat(65)));
    changed("a holder of 65 bytes in 33 characters", &|parts| parts.holder = Some("ä".repeat(32) + "h"));
    changed("no name", &|parts| parts.account.clear());
    changed("a name of 129 bytes", &|parts| parts.account = "a".repeat(129));
    let devices = ["com", "lpt"].iter().flat_map(|port| (0..10).map(move |number| format!("{port}{number}")));
    let names = [
        "/a", "a/", "a//b", "A", "a b", "ä", "..", "a/../b", ".a", "-a", "_a", "a/_a", "a\\b", "a.", "a./b", "a.otp",
        "a.otp/b", ".otp", "con", "prn", "aux", "nul", "a/nul.x", "nul.x.y", "con/a", "com1.txt",
    ];
    for name in names.into_iter().map(str::to_owned).chain(devices) {
        changed(&format!("the name {name:?}"), &|parts| parts.account.clone_from(&name));
    }
}
