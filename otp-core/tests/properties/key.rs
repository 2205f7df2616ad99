//! Keys and their text.

use std::num::NonZeroU8;

use otp_core::error::KeyFault;
use otp_core::hazmat::seal_page;
use otp_core::key::{MAX_LEN, MAX_TEXT_LEN, max_pages, paged_len_for};
use otp_core::random::DrawError;
use otp_core::{AccountName, Capacity, Error, FreshKey, Key, Record, Terms, checksum, ct, seal};
use otp_reference::{KeyParts, key_contents, raw_key_text, rng};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::{account, account_names, config, opened, sealed, time};

#[test]
fn the_longest_key_is_read_and_one_that_is_longer_is_not() {
    let longest = MAX_LEN;
    let name = account(&"n".repeat(AccountName::MAX_LEN));
    let (text, record) = sealed(&name, Capacity::MAX, &Terms::created(time(0)), b"payload", 1);
    assert_eq!(text.len(), MAX_TEXT_LEN);
    assert_eq!(opened(&text, &record).unwrap(), b"payload");
    // Whole groups of characters, so that the length is possible in base32.
    let longer = [&text[..6], &b"a".repeat((longest + 5).div_ceil(5) * 8)].concat();
    let mut buffer = vec![0; longer.len()];
    let refused = Key::parse(&longer, &mut buffer[..]).map(|_| ());
    assert_eq!(refused, Err(Error::MalformedKey(KeyFault::Length)));
}

#[test]
fn a_key_has_as_many_pages_as_the_longest_key_has_room_for() {
    for &capacity in Capacity::ALL {
        for name in ["a", &"n".repeat(AccountName::MAX_LEN)] {
            let most = max_pages(name.len(), capacity);
            assert!(paged_len_for(name.len(), capacity, most) <= MAX_LEN);
            FreshKey::generate_paged_owned(&account(name), capacity, most, &mut rng(1)).unwrap();
            let Some(more) = most.checked_add(1) else { continue };
            assert!(paged_len_for(name.len(), capacity, more) > MAX_LEN);
            let refused = FreshKey::generate_paged_owned(&account(name), capacity, more, &mut rng(1)).map(|_| ());
            let limit = most.get();
            assert!(matches!(refused, Err(DrawError::Invalid(Error::TooManyPages { limit: one })) if one == limit));
        }
    }
    // Many small secrets, or one of the largest size.
    let limits = Capacity::ALL.iter().map(|capacity| max_pages(14, *capacity).get());
    assert_eq!(limits.collect::<Vec<_>>(), [255, 255, 226, 120, 62, 31, 15, 7, 4, 2, 1]);
}

#[test]
fn bits_beyond_the_last_byte_are_refused_even_if_the_checksum_is_wrong_by_the_same_bits() {
    let (text, _) = sealed(&account("ab"), Capacity::MIN, &Terms::created(time(0)), b"payload", 1);
    let mut bytes = key_contents(std::str::from_utf8(&text).unwrap());
    // 118 bytes are 944 bits, in 189 characters of 5: the last one has a bit too many.
    assert_eq!((bytes.len() + 4, text.len()), (118, 6 + 189));
    bytes.extend(checksum::of(&bytes));
    bytes[114] ^= 0x80;
    let mut wrong = raw_key_text(&bytes).into_bytes();
    let last = wrong.last_mut().unwrap();
    *last = if *last == b'z' {
        b'2'
    } else if *last == b'6' {
        b'7'
    } else {
        *last + 1
    };
    let mut buffer = [0; 256];
    let refused = Key::parse(&wrong, &mut buffer[..]).map(|_| ());
    assert_eq!(refused, Err(Error::MalformedKey(KeyFault::Checksum)));
}

proptest! {
    #![proptest_config(config())]

    #[test]
    fn a_key_text_may_be_upper_case_and_among_white_space_but_not_mixed(
        name in account_names(), before in "[ \t\r\n]{0,3}", after in "[ \t\r\n]{0,3}", one in any::<Index>(), upper: bool,
    ) {
        let (text, record) = sealed(&name, Capacity::MIN, &Terms::created(time(1)), b"payload", 1);
        let text = String::from_utf8(text).unwrap();
        prop_assert!(text.starts_with("otpk1_"));
        let cased = if upper { text.to_ascii_uppercase() } else { text };
        let around = format!("{before}{cased}{after}");
        prop_assert_eq!(opened(around.as_bytes(), &record).unwrap(), b"payload");

        let mut mixed = cased.into_bytes();
        let letters: Vec<_> = (0..mixed.len()).filter(|at| mixed[*at].is_ascii_alphabetic()).collect();
        let at = letters[one.index(letters.len())];
        mixed[at] ^= 0x20;
        prop_assert!(matches!(opened(&mixed, &record), Err(Error::MalformedKey(_))));
    }

    #[test]
    fn a_key_of_many_pages_is_read_by_the_book(
        name in account_names(), capacity in select(&Capacity::ALL[..2]), pages in 1..=u8::MAX, seed: u64, page: u8,
    ) {
        let count = NonZeroU8::new(pages).unwrap();
        let key = FreshKey::generate_paged_owned(&name, capacity, count, &mut rng(seed)).unwrap();
        let mut record = vec![0; Record::max_len(capacity)];
        let (key, _) = seal(key, &Terms::created(time(1)), b"payload", &mut record).unwrap();
        let text = key.to_text();
        prop_assert_eq!(text.as_str().len(), 6 + (8 * paged_len_for(name.as_str().len(), capacity, count)).div_ceil(5));
        let contents = key_contents(text.as_str());
        let parts = KeyParts::decode(&contents).unwrap();
        prop_assert_eq!((parts.pages.len(), &*parts.account), (pages.into(), name.as_str()));
        prop_assert_eq!(parts.encode(), contents);

        // Its page opens with the pad in that page's place, and with no other.
        let page = page % pages;
        let record = seal_page(key, page, &Terms::created(time(2)), b"later", &mut record).unwrap();
        let decoded = Record::decode(record).unwrap();
        let frame: Vec<u8> = decoded.ciphertext().iter().zip(&parts.pages[usize::from(page)].1).map(|(a, b)| a ^ b).collect();
        prop_assert_eq!(otp_reference::frame(&frame), Some(&b"later"[..]));
        prop_assert_eq!(opened(text.as_str().as_bytes(), record).unwrap(), b"later");
    }

    #[test]
    fn any_bytes_are_no_key_or_the_text_of_one(bytes in prop_oneof![
        vec(any::<u8>(), 0..64), "otpk[0-9]{0,3}_?[a-z2-7]{0,40}".prop_map(String::into_bytes), "(OTPK1_|otpk1_).{0,9}".prop_map(String::into_bytes),
    ]) {
        let mut buffer = vec![0xaa; 64];
        let result = Key::parse(&bytes, &mut buffer[..]).map(|_| ());
        let text = bytes.trim_ascii();
        let newer = text.to_ascii_lowercase().strip_prefix(b"otpk").is_some_and(|rest| {
            let number = rest.split(|byte| *byte == b'_').next().unwrap();
            rest.len() > number.len() && rest[0] != b'0' && number != b"1" && !number.is_empty() && number.iter().all(u8::is_ascii_digit)
        });
        // The shortest key has more bytes than this.
        match result {
            Err(Error::NewerKey) => prop_assert!(newer),
            Err(Error::MalformedKey(_)) => prop_assert!(!newer),
            other => prop_assert!(false, "{:?}", other),
        }
        prop_assert_eq!(buffer, [0; 64]);
    }

    #[test]
    fn two_byte_strings_are_equal_in_constant_time_as_they_are_else(left in vec(0..2_u8, 0..4), right in vec(0..2_u8, 0..4)) {
        prop_assert_eq!(ct::equal(&left, &right), left == right);
    }
}
