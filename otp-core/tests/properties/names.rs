//! Names of accounts, holders, keys and objects.

use otp_core::store::{Kind, ObjectName};
use otp_core::{AccountName, Error, Holder, KeyId};
use otp_reference::{is_account_name, is_free_text};
use proptest::prelude::*;
use proptest::sample::select;

use crate::config;

proptest! {
    #![proptest_config(config())]

    #[test]
    fn any_text_is_an_account_name_by_the_book(text in prop_oneof![
        "[a-c./-]{0,8}", "(con|com1|lpt0|nul|aux|a)?[./a]?(otp|prn|com)?[.]?(otp)?", "\\PC{0,12}", "[a-z0-9/]{120,135}",
    ]) {
        let parsed = AccountName::parse(&text);
        prop_assert_eq!(parsed.is_ok(), is_account_name(&text));
        if let Ok(name) = parsed {
            prop_assert_eq!(name.to_string(), text);
        }
    }

    #[test]
    fn any_text_is_a_holder_by_the_book(text in prop_oneof![".{0,20}", "[\\x00-\\xa1]{0,3}", "[a-ä]{60,70}"]) {
        let parsed = Holder::parse(&text);
        prop_assert_eq!(parsed.is_ok(), is_free_text(&text, 64));
        if let Ok(holder) = parsed {
            prop_assert_eq!(holder.to_string(), text);
        }
    }

    #[test]
    fn a_key_id_comes_back_from_its_text(bytes: [u8; 10], text in "[a-z2-8]{16}") {
        let id = KeyId::from_bytes(bytes);
        prop_assert_eq!(KeyId::parse(&id.to_string()), Ok(id));
        let valid = !text.contains('8');
        prop_assert_eq!(KeyId::parse(&text).map(|id| id.to_string()), if valid { Ok(text) } else { Err(Error::InvalidKeyId) });
    }

    #[test]
    fn an_object_name_comes_back_from_its_text(bytes: [u8; 10], kind in select(Kind::ALL)) {
        let name = ObjectName { id: KeyId::from_bytes(bytes), kind };
        prop_assert_eq!(ObjectName::parse(&name.to_string()), Some(name));
    }

    #[test]
    fn any_text_is_an_object_name_or_not_by_the_book(
        text in "[a-z2-8]{15,17}(\\.(note|rotation|claim|staged|lock))?(\\.otp)?[.]?",
    ) {
        let id_fits = text.len() >= 16 && text[..16].chars().all(|c| "abcdefghijklmnopqrstuvwxyz234567".contains(c));
        let suffixes = [".otp", ".note.otp", ".rotation.otp", ".claim.otp", ".staged.otp"];
        let parsed = ObjectName::parse(&text);
        prop_assert_eq!(parsed.is_some(), id_fits && suffixes.contains(&&text[16..]));
        if let Some(name) = parsed {
            prop_assert_eq!(name.to_string(), text);
        }
    }
}
