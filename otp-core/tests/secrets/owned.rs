//! The same for owned types, and for everything that a keeper returns.

use std::convert::Infallible;
use std::fmt::Debug;
use std::num::NonZeroU8;

use otp_core::keeper::ringed::{Applied, Change, RingRotation};
use otp_core::{Account, Grant, KeepError, Keeper, MemoryRing, MemoryStore};

use crate::{Key, NOW, Source, UnixTime, account, plenty, source, time};

/// Everything printed about an account, its keys and every way in which a keeper fails.
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
    let error: KeepError<Infallible> = keeper.open(held()).unwrap_err();
    shown(&error.to_string());
    texts
}

/// The same for what a keeper with a ring returns.
fn ring_texts(seed: u64, secrets: [&[u8]; 3]) -> Vec<String> {
    let (store, ring) = (MemoryStore::new(), MemoryRing::new());
    let keeper = Keeper::new(&store, time(NOW)).with_ring(&ring);
    let mut texts = Vec::new();
    let mut shown = |value: &dyn Debug| texts.push(format!("{value:?} {value:#?}"));
    let name = account("a/b");
    let grant = Grant::default().with_pages(NonZeroU8::new(2));
    let source = |id| Source { id, ..plenty(seed) };
    let [first, second, third] = secrets;
    let key = keeper.add(&name, first, &grant, &mut source(1)).unwrap();
    shown(&ring);
    shown(&key);
    shown(&keeper.held(&name).unwrap());
    shown(&keeper.export(&name, key.id()).unwrap());
    shown(&keeper.add(&name, second, &grant, &mut source(2)).unwrap_err());
    let options = RingRotation::default();
    let change = |new| move |_: &[u8]| Ok::<_, KeepError<Infallible>>(new);
    let refused = |(): &(), change: Change<'_>| {
        texts_of(&change);
        Applied::Unchanged
    };
    shown(&keeper.rotate(&name, change(second), &options, &mut source(3), refused, |_| Ok(())).unwrap_err());
    let dies = |(): &(), _: Change<'_>| Applied::InDoubt;
    shown(&keeper.rotate(&name, change(second), &options, &mut source(4), dies, |_| Ok(())).unwrap_err());
    shown(&keeper.verify(&name).unwrap());
    let done = |(): &(), _: Change<'_>| Applied::Done;
    let published: Result<_, KeepError<Infallible>> = keeper.resume(&name, &options, &mut source(5), done, |_| Ok(()));
    shown(&published.unwrap());
    shown(&keeper.plan(&name, change(third), &options).unwrap());
    shown(&keeper.rotate(&name, change(third), &options, &mut source(6), done, |_| Ok(())).unwrap());
    shown(&keeper.held(&name).unwrap());
    shown(&keeper.export(&name, key.id()).unwrap_err());
    texts
}

/// A change is printed without its contents.
fn texts_of(change: &Change<'_>) {
    assert_eq!(format!("{change:?}"), "Change(a/b, ..)");
}

#[test]
fn what_is_printed_of_rings_does_not_depend_on_the_secrets_or_their_keys() {
    let first = ring_texts(1, [b"0123456789", b"x", b"third"]);
    assert_eq!(first, ring_texts(2, [b"abcdefghij", b"y", b"other"]));
    assert!(first.len() >= 13);
}

#[test]
fn what_is_printed_of_owned_types_does_not_depend_on_the_secret_or_its_key() {
    let (first, second) = (texts(1, b"0123456789"), texts(2, b"abcdefghij"));
    assert_eq!(first, second);
    assert!(first.len() >= 17);
    assert!(first.iter().any(|text| text.contains("KeyText(..)")));
}
