//! The fields of accounts.

use std::collections::BTreeMap;

use otp_core::account::{Field, FieldWriter, Fields, WELL_KNOWN_NAMES};
use otp_reference::is_free_text;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::config;

fn field_names() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => select(WELL_KNOWN_NAMES).prop_map(str::to_owned),
        3 => "[a-c]{1,2}",
        1 => "[^\\p{C}\\p{Zl}\\p{Zp}]{1,4}",
        1 => Just(String::new()),
        1 => Just("a\n".to_owned()),
        1 => "[x]{250,256}",
    ]
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_writer_of_fields_is_a_map(fields in vec((field_names(), vec(any::<u8>(), 0..20)), 0..12), room in 0..200_usize) {
        let mut buffer = vec![0; room];
        let mut writer = FieldWriter::new(&mut buffer);
        let mut model = BTreeMap::new();
        for (name, value) in fields {
            let mut with = model.clone();
            let is_new = with.insert(name.clone(), value.clone()).is_none();
            let expected = is_free_text(&name, 255) && is_new && otp_reference::payload(&with).len() <= room;
            prop_assert_eq!(writer.insert(Field { name: &name, value: &value }).is_ok(), expected);
            if expected {
                model = with;
            }
            prop_assert_eq!(writer.payload(), otp_reference::payload(&model));
        }
        let decoded = Fields::decode(writer.payload()).unwrap();
        for (name, value) in &model {
            prop_assert_eq!(decoded.get(name), Some(value.as_slice()));
        }
        prop_assert_eq!(decoded.iter().count(), model.len());
        prop_assert_eq!(decoded.get("no field has this name"), None);
    }

    #[test]
    fn a_payload_with_anything_changed_decodes_by_the_book(
        fields in proptest::collection::btree_map(field_names(), vec(any::<u8>(), 0..6), 0..5),
        changes in vec((any::<Index>(), 0..12_u8, 0..3), 0..3),
    ) {
        let fields = fields.into_iter().filter(|(name, _)| is_free_text(name, 255)).collect::<BTreeMap<_, _>>();
        let mut payload = otp_reference::payload(&fields);
        for (index, byte, kind) in changes {
            match kind {
                0 => payload.insert(index.index(payload.len() + 1), byte),
                1 if !payload.is_empty() => { let at = index.index(payload.len()); payload[at] = byte; }
                _ if !payload.is_empty() => drop(payload.remove(index.index(payload.len()))),
                _ => {}
            }
        }
        let expected = otp_reference::fields(&payload);
        let decoded = Fields::decode(&payload).ok().map(|fields| {
            fields.iter().map(|field| (field.name.to_owned(), field.value.to_vec())).collect::<Vec<_>>()
        });
        prop_assert_eq!(&decoded, &expected);
        if let Some(fields) = decoded {
            prop_assert_eq!(&otp_reference::payload(fields.iter().map(|(name, value)| (name, value))), &payload);
        }
    }
}
