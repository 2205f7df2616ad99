//! The store against a plainer one: a sorted map.

use std::collections::BTreeMap;

use otp_core::store::{Kind, Scope, Slot, Store};
use otp_core::{AccountName, KeyId};
use proptest::prelude::*;

use crate::{get, listed, listed_of, new_store};

/// An operation in a test.
#[derive(Debug, Clone)]
enum Step {
    Put(Slot, Vec<u8>),
    Remove(Slot),
    /// Takes the lock and releases it, which cleans up.
    Lock(AccountName),
    /// The object, whether the expected bytes are right, and the new bytes.
    Replace(Slot, bool, Vec<u8>),
}

fn accounts() -> impl Strategy<Value = AccountName> {
    // Names whose order as a whole differs from that by segments, and that are prefixes of one another.
    "(a|b|a-b|a\\.b|ab|0)(/(a|b|a-|a\\.|0)c?){0,2}".prop_filter_map("not a name", |name| AccountName::parse(&name).ok())
}

fn slots() -> impl Strategy<Value = Slot> {
    // As text, the ids begin with 2 and a: in the base32 alphabet, a comes first.
    let id = prop_oneof![Just(KeyId::from_bytes([0xd0; 10])), any::<[u8; 10]>().prop_map(KeyId::from_bytes)];
    let kind = prop::sample::select(Kind::ALL);
    (accounts(), id, kind).prop_map(|(account, id, kind)| Slot { account, id, kind })
}

fn steps() -> impl Strategy<Value = Step> {
    prop_oneof![
        6 => (slots(), prop::collection::vec(any::<u8>(), 0..20)).prop_map(|(slot, bytes)| Step::Put(slot, bytes)),
        2 => slots().prop_map(Step::Remove),
        1 => accounts().prop_map(Step::Lock),
        2 => (slots(), any::<bool>(), prop::collection::vec(any::<u8>(), 0..20))
            .prop_map(|(slot, right, bytes)| Step::Replace(slot, right, bytes)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn it_agrees_with_a_sorted_map(
        steps in prop::collection::vec(steps(), 1..24),
        top in "(a|a/b|a-|b/a|0/0c|ab)",
    ) {
        let (_home, store) = new_store();
        let mut model = BTreeMap::new();
        for step in steps {
            match step {
                Step::Put(slot, bytes) => {
                    prop_assert_eq!(store.put(&slot, &bytes).unwrap(), !model.contains_key(&slot));
                    model.entry(slot).or_insert(bytes);
                }
                Step::Remove(slot) => prop_assert_eq!(store.remove(&slot).unwrap(), model.remove(&slot).is_some()),
                Step::Lock(account) => drop(store.lock(&account).unwrap()),
                Step::Replace(slot, right, bytes) => {
                    let held = model.get(&slot).cloned();
                    let expected = if right { held.clone().unwrap_or_default() } else { b"something else".to_vec() };
                    let guard = store.lock(&slot.account).unwrap();
                    let replaced = store.replace(&guard, &slot, &expected, &bytes).unwrap();
                    prop_assert_eq!(replaced, held == Some(expected));
                    if replaced {
                        model.insert(slot, bytes);
                    }
                }
            }
        }
        for (slot, bytes) in &model {
            prop_assert_eq!(&get(&store, slot).unwrap(), bytes);
        }
        let top = AccountName::parse(&top).unwrap();
        for scope in [Scope::All, Scope::Below(&top)] {
            let expected: Vec<Slot> = model.keys().filter(|slot| scope.contains(&slot.account)).cloned().collect();
            prop_assert_eq!(listed(&store, scope), expected, "{:?}", scope);
        }
        let expected: Vec<Slot> = model.keys().filter(|slot| slot.account == top).cloned().collect();
        prop_assert_eq!(listed_of(&store, &top), expected);
    }
}
