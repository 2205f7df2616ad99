//! The same of owned types, and of all that a keeper returns.

use std::fmt::Debug;

use otp_core::{Account, Grant, KeepError, Keeper, MemoryStore};

use crate::{Key, NOW, Source, UnixTime, account, plenty, source, time};

/// What is printed of an account, its keys and every way in which a keeper fails.
fn texts(seed: u64, value: &[u8]) -> Vec<String> {
    let (store, now): (_, UnixTime) = (MemoryStore::new(), time(NOW));
    let keeper = Keeper::new(&store, now);
    let mut texts = Vec::new();
    let mut shown = |value: &dyn Debug| texts.push(format!("{value:?} {value:#?}"));

    let mut secret = Account::new();
    secret.set("password", value).unwrap();
    shown(&secret);
    shown(&secret.fields());
    shown(&secret.set("", value));
    shown(&secret.set("big", &vec![value[0]; 65_536]));

    let name = account("a/b");
    let key = keeper.add(&name, secret.payload(), &Grant::default(), &mut plenty(seed)).unwrap();
    let text = key.to_text();
    let held = || Key::parse_owned(text.as_bytes()).unwrap();
    shown(&key);
    shown(&text);
    shown(&keeper.open(held()));
    shown(&keeper.info(&name));
    shown(&keeper.add(&name, secret.payload(), &Grant::default(), &mut plenty(seed)).unwrap_err());
    // The same id again, and a source that fails.
    shown(&keeper.issue(held(), &Grant::default(), &mut plenty(seed)).unwrap_err());
    shown(&keeper.issue(held(), &Grant::default(), &mut source(seed, 0)).unwrap_err());
    let nobody = account("nobody");
    shown(&keeper.add(&nobody, &vec![value[0]; 65_536], &Grant::default(), &mut plenty(seed)).unwrap_err());
    shown(&keeper.rotate(&name, secret.payload(), &Grant::default(), None, &mut plenty(seed)).unwrap_err());
    let mut other = Source { id: 8, ..plenty(seed) };
    let rotation = keeper.rotate(&name, secret.payload(), &Grant::default(), None, &mut other).unwrap();
    shown(&rotation);
    shown(&rotation.replacements());
    rotation.abandon().unwrap();
    keeper.revoke(&name, held().id()).unwrap();
    shown(&keeper.open(held()).unwrap_err());
    shown(&keeper.revoke(&name, held().id()).unwrap_err());
    shown(&Key::parse_owned(text.as_str().replace("otpk1_a", "otpk1_b").as_bytes()).unwrap_err());
    let error: KeepError<std::convert::Infallible> = keeper.open(held()).unwrap_err();
    shown(&error.to_string());
    texts
}

#[test]
fn what_is_printed_of_owned_types_does_not_depend_on_the_secret_or_its_key() {
    let (first, second) = (texts(1, b"0123456789"), texts(2, b"abcdefghij"));
    assert_eq!(first, second);
    assert!(first.len() >= 17);
    assert!(first.iter().any(|text| text.contains("KeyText(..)")));
}
