//! Notes.

use otp_core::note::{CLOCK_SKEW_SECS, MAX_GRACE_SECS};
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
    // These need a clock.
    let grace = |secs| note("grace", time(NOW + secs)).encode();
    let longest = MAX_GRACE_SECS + CLOCK_SKEW_SECS;
    cases
        .case("note", "the longest grace period, on clocks that differ", "ok")
        .number("now", NOW)
        .hex("note", &grace(longest))
        .line("says", "grace")
        .number("time", NOW + longest);
    cases
        .case("note", "a grace period that nobody grants", "damaged")
        .number("now", NOW)
        .hex("note", &grace(longest + 1));
    for (what, since, crashed) in [
        ("a rotation", NOW, "no"),
        ("a rotation of almost an hour", NOW - 3599, "no"),
        ("a rotation of an hour", NOW - 3600, "yes"),
        ("a rotation on a clock five minutes ahead", NOW + 300, "no"),
        ("a rotation in the future", NOW + 301, "yes"),
    ] {
        cases
            .case("note", what, "ok")
            .number("now", NOW)
            .hex("note", &note("rotating", time(since)).encode())
            .line("says", "rotating")
            .number("time", since)
            .line("crashed", crashed);
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
