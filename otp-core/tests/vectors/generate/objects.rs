//! The names of the files in stores and rings.

use otp_core::ring::{Entry, EntryName};
use otp_core::{AccountName, KeyId, Kind, Slot};

use super::Cases;

fn other(cases: &mut Cases, kind: &str, names: &[&str]) {
    for name in names {
        cases.case(kind, &format!("{name:?}"), "ok").line("name", name).line("what", "nothing");
    }
}

pub(super) fn objects(cases: &mut Cases) {
    let (account, id) = (AccountName::parse("a").unwrap(), KeyId::from_bytes(*b"key id 012"));
    for kind in Kind::ALL.iter().copied().filter(|kind| *kind != Kind::Claim) {
        let name = Slot { kind, ..Slot::record(&account, id) }.name().to_string();
        let what = match kind {
            Kind::Record => "record",
            Kind::Note => "note",
            Kind::Rotation => "rotation",
            _ => "staged",
        };
        cases.case("object", &name, "ok").line("name", &name).line("what", what).line("id", &id.to_string());
    }
    for generation in [1, 31, 32, 1 << 40, u64::MAX] {
        let name = Slot::claim(&account, generation).name().to_string();
        cases.case("object", &name, "ok").line("name", &name).line("what", "claim").number("generation", generation);
    }
    let larger = Slot { kind: Kind::Claim, ..Slot::record(&account, KeyId::from_bytes([0xff; 10])) }.name().to_string();
    cases.case("object", "a claim past 64 bits counts as the highest", "ok").line("name", &larger);
    cases.line("what", "claim").number("generation", u64::MAX);
    let names = [
        "aaaaaaaaaaaaaaaa",
        ".otp",
        "aaaaaaaaaaaaaaaa.otp.otp",
        "aaaaaaaaaaaaaaaa.OTP",
        "AAAAAAAAAAAAAAAA.otp",
        "aaaaaaaaaaaaaaa.otp",
        "aaaaaaaaaaaaaaaaa.otp",
        "aaaaaaaaaaaaaaa1.otp",
        "aaaaaaaaaaaaaaaa.notes.otp",
        ".lock",
        ".tmp-1",
        "reporting",
    ];
    other(cases, "object", &names);
}

pub(super) fn entries(cases: &mut Cases) {
    let id = KeyId::from_bytes(*b"key id 012");
    let of_keys = [
        (Entry::Key(id), "key"),
        (Entry::First(id), "first"),
        (Entry::Succeeded(id), "succeeded"),
        (Entry::Ended(id), "ended"),
        (Entry::Recovery(id), "recovery"),
        (Entry::Applying(id), "applying"),
    ];
    for (entry, what) in of_keys {
        let name = EntryName(entry).to_string();
        cases.case("entry", &name, "ok").line("name", &name).line("what", what).line("id", &id.to_string());
    }
    for generation in [0, 12, u64::MAX] {
        for (entry, what) in [(Entry::Spent(generation), "spent"), (Entry::Done(generation), "done")] {
            let name = EntryName(entry).to_string();
            cases.case("entry", &name, "ok").line("name", &name).line("what", what).number("generation", generation);
        }
    }
    let names = [
        ".lock",
        ".otp-ring",
        "key",
        ".key",
        "a.key",
        "aaaaaaaaaaaaaaaa.otp",
        "AAAAAAAAAAAAAAAA.key",
        "1.key",
        "01.spent",
        "+1.spent",
        "-1.spent",
        ".spent",
        "18446744073709551616.done",
        "1.spent.x",
        "1.spend",
        "aaaaaaaaaaaaaaaa.spent",
    ];
    other(cases, "entry", &names);
}
