//! Notes.

use otp_core::{Note, UnixTime};
use otp_reference::set_checksum;

use super::{Cases, NOW, time};

pub(super) fn notes(cases: &mut Cases) {
    let note = |kind: &str, time| match kind {
        "revoked" => Note::Revoked { at: time },
        "rotated" => Note::Rotated { at: time },
        "grace" => Note::Grace { until: time },
        _ => Note::Rotating { since: time },
    };
    for (kind, secs) in [("revoked", NOW), ("rotated", 0), ("grace", UnixTime::MAX.as_secs()), ("rotating", NOW)] {
        cases
            .case("note", kind, "ok")
            .hex("note", &note(kind, time(secs)).encode())
            .line("says", kind)
            .number("time", secs);
    }
    let good = note("revoked", time(NOW)).encode();
    let mut bad = |what: &str, expect: &str, fitting: bool, change: &dyn Fn(&mut Vec<u8>)| {
        let mut note = good.to_vec();
        change(&mut note);
        if fitting {
            set_checksum(&mut note);
        }
        cases.case("note", what, expect).hex("note", &note);
    };
    bad("nothing", "damaged", false, &|note| note.clear());
    bad("the last byte missing", "damaged", false, &|note| note.truncate(17));
    bad("a byte too much", "damaged", true, &|note| note.push(0));
    bad("a flipped bit", "damaged", false, &|note| note[13] ^= 1);
    bad("the magic of a record", "damaged", true, &|note| note[3] = b'R');
    bad("version 0", "damaged", true, &|note| note[4] = 0);
    bad("version 2", "newer-version", true, &|note| note[4] = 2);
    bad("version 2 with a flipped bit", "damaged", false, &|note| note[4] = 2);
    bad("kind 0", "damaged", true, &|note| note[5] = 0);
    for kind in [5, 6, 255] {
        bad(&format!("kind {kind}"), "damaged", true, &|note| note[5] = kind);
    }
    bad("a time after the year 9999", "damaged", true, &|note| note[6] = 1);
}
