//! Records, with keys that open them or don't.

use otp_core::tag::Tag;
use otp_core::{Capacity, Record, Terms, UnixTime, ct};
use otp_reference::{Parts, key_contents, key_text, tag_key};

use super::{Cases, NOW, alice, sealed, terms, time};

pub(super) fn opens(cases: &mut Cases) {
    let mut good = |what: &str, name: &str, capacity: usize, payload: &[u8], seed| {
        let capacity = Capacity::try_from(capacity).unwrap();
        let (key, record) = sealed(name, capacity, &terms(), payload, seed);
        cases.case("open", what, "ok").line("key", &key).hex("record", &record).number("now", NOW);
        cases.hex("payload", payload);
    };
    good("an account of username and password", "edms/reporting", 64, &alice(), 40);
    good("an empty secret", "a", 64, b"", 41);
    good("the longest secret of capacity 64", "a", 64, &[0xff; 64], 42);
    good("a secret of zeros", "a", 64, &[0; 10], 43);
    good("capacity 128", "a/b/c", 128, &[b'x'; 65], 44);
    good("capacity 16384, whose ciphertext has a length of three bytes", "a", 16_384, b"small", 45);
    for capacity in [256, 512, 1024, 2048, 4096, 8192, 32_768, 65_535] {
        good(&format!("capacity {capacity}"), "a", capacity, b"small", 100 + capacity as u64);
    }
    let mut at = |what: &str, expect: &str, terms: &Terms, now: Option<u64>| {
        let (key, record) = sealed("a", Capacity::MIN, terms, b"secret", 46);
        cases.case("open", what, expect).line("key", &key).hex("record", &record);
        if let Some(now) = now {
            cases.number("now", now);
        }
        if expect == "ok" {
            cases.hex("payload", b"secret");
        }
    };
    at("a second before it expires", "ok", &terms(), Some(NOW + 86_399));
    at("the second in which it expires", "expired", &terms(), Some(NOW + 86_400));
    at("without a clock", "ok", &terms(), None);
    at("without an expiry, at the end of all times", "ok", &Terms::created(time(NOW)), Some(UnixTime::MAX.as_secs()));
}

/// Records that a key does not open.
pub(super) fn wrong(cases: &mut Cases) {
    let (key, record) = sealed("edms/reporting", Capacity::MIN, &terms(), &alice(), 50);
    let parts = Parts::decode(&record).unwrap();
    let secret = tag_key(&key);
    let mut bad = |what: &str, expect: &str, key: &str, record: &[u8], now| {
        cases.case("open", what, expect).line("key", key).hex("record", record).number("now", now);
    };
    let mut forged = |what: &str, change: &dyn Fn(&mut Parts)| {
        let mut parts = parts.clone();
        change(&mut parts);
        bad(what, "wrong-key", &key, &parts.encode(), NOW + 86_400);
    };
    // Each has expired, too: a record whose tag does not match is not believed, not even about that.
    forged("another account", &|parts| parts.account = "edms/reportinh".into());
    forged("another id", &|parts| parts.id[9] ^= 1);
    forged("page 0 of 2, where it is page 0 of 1", &|parts| parts.pages = 2);
    forged("page 1 of 2, where it is page 0 of 1", &|parts| (parts.page, parts.pages) = (1, 2));
    forged("page 254 of 255, where it is page 0 of 1", &|parts| (parts.page, parts.pages) = (254, 255));
    forged("another capacity", &|parts| (parts.capacity, parts.ciphertext) = (128, vec![0; 130]));
    forged("created a second later", &|parts| parts.created += 1);
    forged("expires a second later", &|parts| parts.expires = Some(NOW + 86_401));
    forged("expires never", &|parts| parts.expires = None);
    forged("another holder", &|parts| parts.holder = Some("nightly rum".into()));
    forged("no holder", &|parts| parts.holder = None);
    forged("a flipped bit in the ciphertext", &|parts| parts.ciphertext[0] ^= 1);
    forged("a flipped bit in the tag", &|parts| parts.tag[15] ^= 0x80);

    let (stranger, _) = sealed("edms/reporting", Capacity::MIN, &terms(), &alice(), 51);
    bad("another key of the same account", "wrong-key", &stranger, &record, NOW);
    let mut contents = key_contents(&key);
    *contents.last_mut().unwrap() ^= 0x80;
    // No tag covers the pad: a change shows in the frame at best, and harms only the holder who made it.
    bad("a changed pad in the key", "damaged frame", &key_text(&contents), &record, NOW);
    let mut contents = key_contents(&key);
    let tag_key_at = 4 + parts.account.len() + 10;
    contents[tag_key_at] ^= 1;
    bad("a changed tag key in the key", "wrong-key", &key_text(&contents), &record, NOW);

    // With the key, anybody can give any record a matching tag. A reader still compares the record with the key.
    let mut tagged = |what: &str, expect: &str, change: &dyn Fn(&mut Parts)| {
        let mut parts = parts.clone();
        change(&mut parts);
        let bytes = parts.encode();
        let header = Record::decode(&bytes).unwrap().header_bytes().to_vec();
        parts.tag = *Tag::compute(&secret, &header, &parts.ciphertext).as_bytes();
        bad(what, expect, &key, &parts.encode(), NOW);
    };
    tagged("page 0 of 2 under a fitting tag", "wrong-key", &|parts| parts.pages = 2);
    tagged("another account under a fitting tag", "wrong-key", &|parts| parts.account = "edms".into());
    tagged("another id under a fitting tag", "wrong-key", &|parts| parts.id = [0; 10]);
    tagged("another capacity under a fitting tag", "wrong-key", &|parts| {
        (parts.capacity, parts.ciphertext) = (128, vec![0; 130]);
    });
    let len = alice().len();
    let suffix = |parts: &mut Parts, len: usize| {
        let old = u16::try_from(alice().len()).unwrap().to_be_bytes();
        let new = u16::try_from(len).unwrap().to_be_bytes();
        let change: Vec<u8> = old.iter().zip(new).map(|(old, new)| old ^ new).collect();
        ct::xor_in_place(&mut parts.ciphertext[64..], &change);
    };
    tagged("a length past the capacity", "damaged frame", &|parts| suffix(parts, 65));
    tagged("a length of 65,535", "damaged frame", &|parts| suffix(parts, 65_535));
    tagged("a length that makes a byte of the secret filler", "damaged frame", &|parts| suffix(parts, len - 1));
    tagged("a bit set in the first byte of filler", "damaged frame", &|parts| parts.ciphertext[len] ^= 1);
    tagged("a bit set in the last byte of filler", "damaged frame", &|parts| parts.ciphertext[63] ^= 0x80);
}
