//! What holds for any input: what encodes decodes, what decodes encodes to the same bytes, a plainer reference agrees.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod support;

use std::collections::BTreeMap;

use otp_core::account::{Field, FieldWriter, Fields, USUAL_NAMES};
use otp_core::error::{KeyFault, RecordFault};
use otp_core::{
    AccountName, Capacity, Error, FreshKey, Header, Holder, Key, KeyId, Note, Record, Terms, UnixTime, ct, frame, open,
    seal,
};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use support::{Parts, account, id, key_contents, mend, raw_key_text, rng, time};

/// Names that fit the grammar.
fn account_names() -> impl Strategy<Value = AccountName> {
    "[a-z0-9][a-z0-9._-]{0,30}(/[a-z0-9][a-z0-9._-]{0,20}){0,3}"
        .prop_filter_map("a rule is broken", |name| AccountName::parse(&name).ok())
}

fn times() -> impl Strategy<Value = UnixTime> {
    prop_oneof![0..200_u64, Just(UnixTime::MAX.as_secs()), 0..=UnixTime::MAX.as_secs()].prop_map(time)
}

prop_compose! {
    fn terms()(
        created in times(),
        expires in proptest::option::of(times()),
        holder in proptest::option::of("\\PC{1,16}"),
    ) -> Terms {
        Terms { created, expires, holder: holder.map(|holder| Holder::parse(&holder).unwrap()) }
    }
}

/// A capacity and a length of payload that fits, the edges more often.
fn sizes() -> impl Strategy<Value = (Capacity, usize)> {
    select(&Capacity::ALL).prop_flat_map(|capacity| {
        let most = capacity.bytes();
        (Just(capacity), prop_oneof![0..=most, Just(0), Just(most), most - 2..=most])
    })
}

fn sealed(name: &AccountName, capacity: Capacity, terms: &Terms, payload: &[u8], seed: u64) -> (Vec<u8>, Vec<u8>) {
    let mut buffer = vec![0; Key::<&mut [u8]>::len_for(name.as_str().len(), capacity)];
    let fresh = FreshKey::generate(name, capacity, &mut buffer[..], &mut rng(seed)).unwrap();
    let mut record = vec![0; Record::max_len(capacity)];
    let (key, record) = seal(fresh, terms, payload, &mut record).unwrap();
    let mut text = vec![0; key.text_len()];
    key.write_text(&mut text).unwrap();
    (text, record.to_vec())
}

fn opened(text: &[u8], record: &[u8]) -> Result<Vec<u8>, Error> {
    let mut buffer = vec![0; text.len()];
    let key = Key::parse(text, &mut buffer[..])?;
    Ok(open(key, &Record::decode(record)?, None)?.expose().to_vec())
}

#[test]
fn every_length_of_the_small_classes_and_the_edges_of_all_come_back() {
    let name = account("a");
    for capacity in Capacity::ALL {
        let most = capacity.bytes();
        let lens: Vec<usize> = if most <= 256 { (0..=most).collect() } else { vec![0, 1, most / 2, most - 1, most] };
        for len in lens {
            let payload: Vec<u8> = (1..=255).cycle().take(len).collect();
            let (text, record) = sealed(&name, capacity, &Terms::created(time(0)), &payload, 1);
            assert_eq!(opened(&text, &record).unwrap(), payload);
        }
        let mut buffer = vec![0; Key::<&mut [u8]>::len_for(1, capacity)];
        let fresh = FreshKey::generate(&name, capacity, &mut buffer[..], &mut rng(1)).unwrap();
        let mut record = vec![0; Record::max_len(capacity)];
        let result = seal(fresh, &Terms::created(time(0)), &vec![b'x'; most + 1], &mut record);
        assert_eq!(result.map(|_| ()), Err(Error::PayloadTooLong { len: most + 1, capacity: most }));
        assert!(!record.windows(4).any(|bytes| bytes == b"xxxx"));
    }
}

#[test]
fn the_longest_key_is_read_and_one_that_is_longer_is_not() {
    let longest = Key::<&mut [u8]>::MAX_LEN;
    let name = account(&"n".repeat(AccountName::MAX_LEN));
    let (text, record) = sealed(&name, Capacity::MAX, &Terms::created(time(0)), b"payload", 1);
    assert_eq!(text.len(), Key::<&mut [u8]>::MAX_TEXT_LEN);
    assert_eq!(opened(&text, &record).unwrap(), b"payload");
    // Whole groups of characters, so that the length is one that base32 can have.
    let longer = [&text[..6], &b"a".repeat((longest + 5).div_ceil(5) * 8)].concat();
    let mut buffer = vec![0; longer.len()];
    let refused = Key::parse(&longer, &mut buffer[..]).map(|_| ());
    assert_eq!(refused, Err(Error::MalformedKey(KeyFault::Length)));
}

/// What makes the longest header, of a record of the largest capacity.
fn longest() -> (AccountName, Terms) {
    let terms = Terms {
        created: UnixTime::MAX,
        expires: Some(UnixTime::MAX),
        holder: Some(Holder::parse(&"h".repeat(Holder::MAX_LEN)).unwrap()),
    };
    (account(&"n".repeat(AccountName::MAX_LEN)), terms)
}

#[test]
fn the_longest_record_is_read_and_one_that_is_longer_is_not() {
    let (name, terms) = longest();
    let (_, mut record) = sealed(&name, Capacity::MAX, &terms, b"payload", 1);
    assert_eq!(record.len(), Record::MAX_LEN);
    assert_eq!(Record::decode(&record).unwrap().header().terms, terms);
    record.push(0);
    assert_eq!(Record::decode(&record).map(|_| ()), Err(Error::DamagedRecord(RecordFault::Length)));
}

#[test]
fn a_buffer_that_is_too_small_for_a_record_is_told_what_will_do() {
    let (name, terms) = longest();
    let (_, record) = sealed(&name, Capacity::MIN, &terms, b"payload", 1);
    for room in 0..record.len() {
        let mut key = [0; 512];
        let fresh = FreshKey::generate(&name, Capacity::MIN, &mut key[..], &mut rng(1)).unwrap();
        let Err(Error::BufferTooSmall { needed }) = seal(fresh, &terms, b"payload", &mut vec![0; room]).map(|_| ())
        else {
            panic!("{room} bytes were enough");
        };
        assert!(room < needed && needed <= Record::max_len(Capacity::MIN), "{room}: {needed}");
    }
}

#[test]
fn bits_beyond_the_last_byte_are_refused_even_if_the_checksum_is_wrong_by_the_same_bits() {
    let (text, _) = sealed(&account("ab"), Capacity::MIN, &Terms::created(time(0)), b"payload", 1);
    let mut bytes = key_contents(std::str::from_utf8(&text).unwrap());
    // 118 bytes are 944 bits, in 189 characters of 5: the last one has a bit too many.
    assert_eq!((bytes.len() + 4, text.len()), (118, 6 + 189));
    bytes.extend(ct::crc32(&bytes).to_le_bytes());
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
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_sealed_opens((capacity, len) in sizes(), name in account_names(), terms in terms(), seed: u64) {
        let mut payload = vec![0; len];
        rand_core::TryRng::try_fill_bytes(&mut rng(!seed), &mut payload).unwrap();
        let (text, record) = sealed(&name, capacity, &terms, &payload, seed);
        prop_assert_eq!(opened(&text, &record).unwrap(), payload);
        prop_assert!(record.len() <= Record::max_len(capacity));
        let decoded = Record::decode(&record).unwrap();
        prop_assert_eq!(&decoded.header().terms, &terms);
        prop_assert_eq!(&Parts::of(&decoded).encode(), &record);
    }

    #[test]
    fn any_header_comes_back(name in account_names(), terms in terms(), pages in 1..=u8::MAX, page: u8, byte: u8) {
        let header = Header { account: name, id: id(byte), page: page % pages, pages, capacity: Capacity::MIN, terms };
        let parts = Parts {
            version: 1,
            account: header.account.as_str().to_owned(),
            id: *header.id.as_bytes(),
            page: header.page,
            pages,
            capacity: 64,
            created: header.terms.created.as_secs(),
            expires: header.terms.expires.map(UnixTime::as_secs),
            holder: header.terms.holder.as_ref().map(|holder| holder.as_str().to_owned()),
            ciphertext: vec![byte; 66],
            tag: [byte; 16],
        };
        let bytes = parts.encode();
        let record = Record::decode(&bytes).unwrap();
        prop_assert_eq!(record.header(), &header);
        prop_assert!(bytes.starts_with(record.header_bytes()));
        prop_assert_eq!(Parts::of(&record), parts);
    }

    #[test]
    fn a_record_with_anything_changed_decodes_by_the_book(
        name in account_names(), terms in terms(),
        changes in vec((any::<Index>(), any::<u8>(), 0..4), 0..3), front: bool, mended: bool,
    ) {
        let (_, mut record) = sealed(&name, Capacity::MIN, &terms, b"payload", 1);
        for (index, byte, kind) in changes {
            // Most of a record is ciphertext; more is to be seen before it.
            let at = index.index(if front { record.len() - 90 } else { record.len() });
            match kind {
                0 => record[at] = byte,
                1 => record[at] = record[at].wrapping_add(byte % 3).wrapping_sub(1),
                2 => record.insert(at, byte),
                _ => drop(record.remove(at)),
            }
        }
        if mended {
            mend(&mut record);
        }
        let decoded = Record::decode(&record).ok().map(|record| Parts::of(&record));
        prop_assert_eq!(&decoded, &Parts::decode(&record));
        if let Some(parts) = decoded {
            prop_assert_eq!(parts.encode(), record);
        }
    }

    #[test]
    fn any_bytes_are_a_frame_by_the_book(mut bytes in vec(any::<u8>(), 0..80), zeros in 0..80_usize, len in 0..80_u8) {
        prop_assert_eq!(frame::decode(&bytes).ok(), support::frame(&bytes));
        // And bytes that are one more often.
        let content = bytes.len().saturating_sub(2);
        bytes[content.saturating_sub(zeros)..content].fill(0);
        if let [.., high, low] = bytes.as_mut_slice() {
            (*high, *low) = (0, len);
        }
        prop_assert_eq!(frame::decode(&bytes).ok(), support::frame(&bytes));
        let mut again = vec![0xaa; bytes.len()];
        if let Ok(payload) = frame::decode(&bytes) {
            frame::encode(payload, &mut again).unwrap();
            prop_assert_eq!(again, bytes);
        }
    }

    #[test]
    fn a_writer_of_fields_is_a_map(fields in vec((field_names(), vec(any::<u8>(), 0..20)), 0..12), room in 0..200_usize) {
        let mut buffer = vec![0; room];
        let mut writer = FieldWriter::new(&mut buffer);
        let mut model = BTreeMap::new();
        for (name, value) in fields {
            let mut with = model.clone();
            let is_new = with.insert(name.clone(), value.clone()).is_none();
            let expected = support::is_free_text(&name, 255) && is_new && support::payload(&with).len() <= room;
            prop_assert_eq!(writer.insert(Field { name: &name, value: &value }).is_ok(), expected);
            if expected {
                model = with;
            }
            prop_assert_eq!(writer.payload(), support::payload(&model));
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
        let fields = fields.into_iter().filter(|(name, _)| support::is_free_text(name, 255)).collect::<BTreeMap<_, _>>();
        let mut payload = support::payload(&fields);
        for (index, byte, kind) in changes {
            match kind {
                0 => payload.insert(index.index(payload.len() + 1), byte),
                1 if !payload.is_empty() => { let at = index.index(payload.len()); payload[at] = byte; }
                _ if !payload.is_empty() => drop(payload.remove(index.index(payload.len()))),
                _ => {}
            }
        }
        let expected = support::fields(&payload);
        let decoded = Fields::decode(&payload).ok().map(|fields| {
            fields.iter().map(|field| (field.name.to_owned(), field.value.to_vec())).collect::<Vec<_>>()
        });
        prop_assert_eq!(&decoded, &expected);
        if let Some(fields) = decoded {
            prop_assert_eq!(&support::payload(fields.iter().map(|(name, value)| (name, value))), &payload);
        }
    }

    #[test]
    fn any_text_is_an_account_name_by_the_book(text in prop_oneof![
        "[a-c./-]{0,8}", "(con|com1|lpt0|nul|aux|a)?[./a]?(otp|prn|com)?[.]?(otp)?", "\\PC{0,12}", "[a-z0-9/]{120,135}",
    ]) {
        let parsed = AccountName::parse(&text);
        prop_assert_eq!(parsed.is_ok(), support::is_account_name(&text));
        if let Ok(name) = parsed {
            prop_assert_eq!(name.to_string(), text);
        }
    }

    #[test]
    fn any_text_is_a_holder_by_the_book(text in prop_oneof![".{0,20}", "[\\x00-\\xa1]{0,3}", "[a-ä]{60,70}"]) {
        let parsed = Holder::parse(&text);
        prop_assert_eq!(parsed.is_ok(), support::is_free_text(&text, 64));
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
    fn any_note_that_decodes_encodes_to_the_same_bytes(
        version in 0..3_u8, kind in 0..6_u8, secs in prop_oneof![0..300_000_000_000_u64, any::<u64>()], rest in vec(any::<u8>(), 0..2),
    ) {
        let mut bytes = [&b"OTPN"[..], &[version, kind], &secs.to_be_bytes(), &rest, &[0; 4]].concat();
        mend(&mut bytes);
        let valid = version == 1 && (1..=4).contains(&kind) && secs <= UnixTime::MAX.as_secs() && rest.is_empty();
        match Note::decode(&bytes) {
            Ok(note) => {
                prop_assert!(valid);
                prop_assert_eq!(&note.encode()[..], bytes);
            }
            Err(Error::NewerRecord { version: 2 }) => prop_assert!(version == 2 && rest.is_empty()),
            Err(error) => prop_assert!(!valid && error == Error::DamagedNote),
        }
    }

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

fn field_names() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => select(&USUAL_NAMES[..]).prop_map(str::to_owned),
        3 => "[a-c]{1,2}",
        1 => "\\PC{1,4}",
        1 => Just(String::new()),
        1 => Just("a\n".to_owned()),
        1 => "[x]{250,256}",
    ]
}
