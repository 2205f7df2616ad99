//! Records, together with what is beside them in a store.

use otp_core::tag::Tag;
use otp_core::{Capacity, Note, Record, UnixTime};
use otp_reference::{Parts, set_checksum, tag_key};

use super::{Cases, NOW, sealed, terms, time};

pub(super) fn lookups(cases: &mut Cases) {
    let (key, record) = sealed("edms/reporting", Capacity::MIN, &terms(), b"secret", 70);
    let mut lookup = |what: &str, expect: &str, record: Option<&[u8]>, note: Option<&[u8]>, now: u64| {
        cases.case("lookup", what, expect).line("key", &key);
        for (name, bytes) in [("record", record), ("note", note)] {
            if let Some(bytes) = bytes {
                cases.hex(name, bytes);
            }
        }
        cases.number("now", now);
        if expect == "ok" {
            cases.hex("payload", b"secret");
        }
    };
    let there = Some(&record[..]);
    let grace = Note::Grace { until: time(NOW + 60) }.encode();
    let (revoked, rotated) = (Note::Revoked { at: time(NOW) }.encode(), Note::Rotated { at: time(NOW) }.encode());
    let late = Note::Revoked { at: UnixTime::MAX }.encode();
    let rotating = Note::Rotating { since: time(NOW) }.encode();
    let damaged: &[u8] = &revoked[..17];
    let mut newer = revoked.to_vec();
    newer[4] = 2;
    set_checksum(&mut newer);

    lookup("a record alone", "ok", there, None, NOW);
    lookup("neither record nor note", "not-found", None, None, NOW);
    lookup("revoked, and the record still there", "not-found", there, Some(&revoked), NOW);
    lookup("revoked, and the record gone", "not-found", None, Some(&revoked), NOW);
    lookup("revoked, at a time to come", "not-found", there, Some(&late), NOW);
    lookup("rotated, and the record still there", "not-found", there, Some(&rotated), NOW);
    lookup("the last second of grace", "ok", there, Some(&grace), NOW + 59);
    lookup("the second in which grace ends", "not-found", there, Some(&grace), NOW + 60);
    lookup("in grace, and the record gone", "not-found", None, Some(&grace), NOW);
    lookup(
        "in grace, and expired",
        "expired",
        there,
        Some(&Note::Grace { until: time(NOW + 86_401) }.encode()),
        NOW + 86_400,
    );
    lookup("a marker of a rotation under the id of a key", "damaged", there, Some(&rotating), NOW);
    lookup("a damaged note", "damaged", there, Some(damaged), NOW);
    lookup("a damaged note, and the record gone", "damaged", None, Some(damaged), NOW);
    lookup("a note of a byte more", "damaged", there, Some(&[&revoked[..], &[0]].concat()), NOW);
    lookup("a newer note", "newer-version", there, Some(&newer), NOW);
    // The note is looked at before the record.
    lookup("revoked, and a damaged record", "not-found", Some(&record[1..]), Some(&revoked), NOW);
    lookup("a damaged note and a damaged record", "damaged", Some(&record[1..]), Some(damaged), NOW);
    lookup("in grace, and a damaged record", "damaged magic", Some(&record[1..]), Some(&grace), NOW);

    let mut parts = Parts::decode(&record).unwrap();
    parts.ciphertext[65] ^= 0xff;
    let header = Record::decode(&record).unwrap().header_bytes().to_vec();
    parts.tag = *Tag::compute(&tag_key(&key), &header, &parts.ciphertext).as_bytes();
    let malformed = parts.encode();
    lookup("a malformed frame", "damaged frame", Some(&malformed), None, NOW);
    lookup("a malformed frame, and expired", "expired", Some(&malformed), None, NOW + 86_400);
    let (_, other) = sealed("edms/reports", Capacity::MIN, &terms(), b"secret", 70);
    lookup("a record of another account in the key's place", "wrong-key", Some(&other), None, NOW);
}
