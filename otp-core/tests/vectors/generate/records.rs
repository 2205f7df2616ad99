//! Records.

use otp_core::{Capacity, KeyId, UnixTime};
use otp_reference::Parts;

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

/// A typical record, from which others are made by one change.
pub(super) fn plain() -> Parts {
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
    good("a holder of 64 bytes in 32 characters", &|parts| parts.holder = Some("ä".repeat(32)));
    // They are invisible, but do not affect the text around them.
    good("a holder with a no-break space and a byte order mark", &|parts| {
        parts.holder = Some("a\u{a0}b\u{feff}".into());
    });
    for name in ["console", "com10", "a.otp.b", "a..b", "lptx", "otp", "a--", "0"] {
        good(&format!("the name {name}"), &|parts| parts.account = name.into());
    }
    good("page 1 of 2", &|parts| (parts.page, parts.pages) = (1, 2));
    good("page 254 of 255", &|parts| (parts.page, parts.pages) = (254, 255));
    good("capacity 128", &|parts| (parts.capacity, parts.ciphertext) = (128, vec![1; 130]));
}
