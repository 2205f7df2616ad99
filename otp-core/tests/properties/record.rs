//! Records, frames and notes.

use otp_core::error::RecordFault;
use otp_core::{AccountName, Capacity, Error, FreshKey, Holder, Note, Record, Terms, UnixTime, frame, key, seal};
use otp_reference::{Parts, rng, set_checksum};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};

use crate::{account, account_names, config, opened, sealed, terms, time};

/// A decoded record, for comparison with a plainer decoder's.
fn parts_of(record: &Record<'_>) -> Parts {
    let header = record.header();
    Parts {
        version: 1,
        account: header.account.as_str().to_owned(),
        id: *header.id.as_bytes(),
        page: header.page,
        pages: header.pages,
        capacity: header.capacity.bytes() as u64,
        created: header.terms.created.as_secs(),
        expires: header.terms.expires.map(UnixTime::as_secs),
        holder: header.terms.holder.as_ref().map(|holder| holder.as_str().to_owned()),
        ciphertext: record.ciphertext().to_vec(),
        tag: *record.tag().as_bytes(),
    }
}

/// A capacity and a fitting payload length, the limits more often.
fn sizes() -> impl Strategy<Value = (Capacity, usize)> {
    select(Capacity::ALL).prop_flat_map(|capacity| {
        let most = capacity.bytes();
        (Just(capacity), prop_oneof![0..=most, Just(0), Just(most), most - 2..=most])
    })
}

#[test]
fn every_length_of_the_small_classes_and_the_edges_of_all_come_back() {
    let name = account("a");
    for &capacity in Capacity::ALL {
        let most = capacity.bytes();
        let lens: Vec<usize> = if most <= 256 { (0..=most).collect() } else { vec![0, 1, most / 2, most - 1, most] };
        for len in lens {
            let payload: Vec<u8> = (1..=255).cycle().take(len).collect();
            let (text, record) = sealed(&name, capacity, &Terms::created(time(0)), &payload, 1);
            assert_eq!(opened(&text, &record).unwrap(), payload);
        }
        let mut buffer = vec![0; key::len_for(1, capacity)];
        let fresh = FreshKey::generate(&name, capacity, &mut buffer[..], &mut rng(1)).unwrap();
        let mut record = vec![0; Record::max_len(capacity)];
        let result = seal(fresh, &Terms::created(time(0)), &vec![b'x'; most + 1], &mut record);
        assert_eq!(result.map(|_| ()), Err(Error::PayloadTooLong { len: most + 1, capacity: most }));
        assert!(!record.windows(4).any(|bytes| bytes == b"xxxx"));
    }
}

/// Terms with the longest header, for a record of the largest capacity.
fn longest() -> (AccountName, Terms) {
    let holder = Holder::parse(&"h".repeat(Holder::MAX_LEN)).unwrap();
    let terms = Terms::created(UnixTime::MAX).expiring(Some(UnixTime::MAX)).held_by(Some(holder));
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

proptest! {
    #![proptest_config(config())]

    #[test]
    fn what_is_sealed_opens((capacity, len) in sizes(), name in account_names(), terms in terms(), seed: u64) {
        let mut payload = vec![0; len];
        rand_core::TryRng::try_fill_bytes(&mut rng(!seed), &mut payload).unwrap();
        let (text, record) = sealed(&name, capacity, &terms, &payload, seed);
        prop_assert_eq!(opened(&text, &record).unwrap(), payload);
        prop_assert!(record.len() <= Record::max_len(capacity));
        let decoded = Record::decode(&record).unwrap();
        prop_assert_eq!(&decoded.header().terms, &terms);
        prop_assert_eq!(&parts_of(&decoded).encode(), &record);
    }

    #[test]
    fn any_header_comes_back(name in account_names(), terms in terms(), pages in 1..=u8::MAX, page: u8, byte: u8) {
        let parts = Parts {
            version: 1,
            account: name.as_str().to_owned(),
            id: [byte; 10],
            page: page % pages,
            pages,
            capacity: 64,
            created: terms.created.as_secs(),
            expires: terms.expires.map(UnixTime::as_secs),
            holder: terms.holder.as_ref().map(|holder| holder.as_str().to_owned()),
            ciphertext: vec![byte; 66],
            tag: [byte; 16],
        };
        let bytes = parts.encode();
        let record = Record::decode(&bytes).unwrap();
        prop_assert_eq!(&record.header().terms, &terms);
        prop_assert!(bytes.starts_with(record.header_bytes()));
        prop_assert_eq!(parts_of(&record), parts);
    }

    #[test]
    fn a_record_with_anything_changed_decodes_by_the_book(
        name in account_names(), terms in terms(),
        changes in vec((any::<Index>(), any::<u8>(), 0..4), 0..3), front: bool, fitting: bool,
    ) {
        let (_, mut record) = sealed(&name, Capacity::MIN, &terms, b"payload", 1);
        for (index, byte, kind) in changes {
            // Most of a record is ciphertext; the bytes before it are more interesting.
            let at = index.index(if front { record.len() - 90 } else { record.len() });
            match kind {
                0 => record[at] = byte,
                1 => record[at] = record[at].wrapping_add(byte % 3).wrapping_sub(1),
                2 => record.insert(at, byte),
                _ => drop(record.remove(at)),
            }
        }
        if fitting {
            set_checksum(&mut record);
        }
        let decoded = Record::decode(&record).ok().map(|record| parts_of(&record));
        prop_assert_eq!(&decoded, &Parts::decode(&record));
        if let Some(parts) = decoded {
            prop_assert_eq!(parts.encode(), record);
        }
    }

    #[test]
    fn any_bytes_are_a_frame_by_the_book(mut bytes in vec(any::<u8>(), 0..80), zeros in 0..80_usize, len in 0..80_u8) {
        prop_assert_eq!(frame::decode(&bytes).ok(), otp_reference::frame(&bytes));
        // And bytes that are a frame more often.
        let content = bytes.len().saturating_sub(2);
        bytes[content.saturating_sub(zeros)..content].fill(0);
        if let [.., high, low] = bytes.as_mut_slice() {
            (*high, *low) = (0, len);
        }
        prop_assert_eq!(frame::decode(&bytes).ok(), otp_reference::frame(&bytes));
        let mut again = vec![0xaa; bytes.len()];
        if let Ok(payload) = frame::decode(&bytes) {
            frame::encode(payload, &mut again).unwrap();
            prop_assert_eq!(again, bytes);
        }
    }

    #[test]
    fn any_note_that_decodes_encodes_to_the_same_bytes(
        version in 0..3_u8, kind in 0..6_u8, secs in prop_oneof![0..300_000_000_000_u64, any::<u64>()], rest in vec(any::<u8>(), 0..2),
    ) {
        let mut bytes = [&b"OTPN"[..], &[version, kind], &secs.to_be_bytes(), &rest, &[0; 4]].concat();
        set_checksum(&mut bytes);
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
}
