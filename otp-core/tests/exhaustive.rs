//! Small domains, in full: every bit of a record and every character of a key, for one of each capacity class.
//!
//! For capacities up to 1,024, each flipped bit goes through the whole decoder, once as it is and once under a matching
//! checksum. For larger ones, that would take minutes. There, each bit of the ciphertext is flipped under the real tag,
//! and the whole decoder sees every bit outside of the ciphertext and a sample of those inside; `checksum.rs` proves
//! that the checksum covers every bit.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ops::Range;
use std::thread;

use otp_core::error::{KeyFault, RecordFault};
use otp_core::tag::{TAG_LEN, Tag};
use otp_core::{AccountName, Capacity, Error, FreshKey, Holder, Key, Record, Terms, UnixTime, key, seal, verify};
use otp_reference::{Parts, rng, set_checksum, tag_key};

/// The largest capacity for which every bit goes through the whole decoder.
const WHOLE: usize = 1024;

fn account(name: &str) -> AccountName {
    AccountName::parse(name).unwrap()
}

fn time(secs: u64) -> UnixTime {
    UnixTime::from_secs(secs).unwrap()
}

struct Sealed {
    key: Key<&'static mut [u8]>,
    text: String,
    record: Vec<u8>,
}

/// A record and its key, of one capacity; the header has all of its optional parts.
fn sealed(capacity: Capacity) -> Sealed {
    let account = account("edms/reporting");
    let terms = Terms::created(time(1_800_000_000))
        .expiring(Some(time(1_900_000_000)))
        .held_by(Some(Holder::parse("nightly run").unwrap()));
    let buffer = vec![0; key::MAX_LEN].leak();
    let fresh = FreshKey::generate(&account, capacity, buffer, &mut rng(1)).unwrap();
    let mut record = vec![0; Record::max_len(capacity)];
    let (key, bytes) = seal(fresh, &terms, &vec![b'x'; capacity.bytes() / 2], &mut record).unwrap();
    let record = bytes.to_vec();
    let mut text = vec![0; key.text_len()];
    key.write_text(&mut text).unwrap();
    Sealed { key, text: String::from_utf8(text).unwrap(), record }
}

/// The ciphertext's place in a record.
fn ciphertext(record: &[u8], capacity: Capacity) -> Range<usize> {
    let end = record.len() - 4 - TAG_LEN;
    end - capacity.frame_len()..end
}

/// What happens to a record with one flipped bit.
fn check_record_bit(sealed: &Sealed, bit: usize) {
    let mut record = sealed.record.clone();
    record[bit / 8] ^= 1 << (bit % 8);
    let expected = if bit < 32 { RecordFault::Magic } else { RecordFault::Checksum };
    assert_eq!(Record::decode(&record).map(|_| ()), Err(Error::DamagedRecord(expected)), "bit {bit}");

    if bit / 8 < record.len() - 4 {
        set_checksum(&mut record);
        match Record::decode(&record) {
            Ok(record) => assert_eq!(verify(&sealed.key, &record), Err(Error::WrongKey), "bit {bit}"),
            Err(Error::DamagedRecord(RecordFault::Magic)) => assert!(bit < 32),
            Err(Error::DamagedRecord(fault)) => assert_eq!(fault, RecordFault::Contents, "bit {bit}"),
            Err(Error::NewerRecord { version }) => assert!(bit / 8 == 4 && version > 1),
            Err(error) => panic!("bit {bit}: {error:?}"),
        }
    }
}

/// Calls a function for each number in a range, on as many threads as help.
fn in_parallel(numbers: Range<usize>, each: impl Fn(usize) + Sync) {
    let threads = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for start in 0..threads {
            let (numbers, each) = (numbers.clone(), &each);
            scope.spawn(move || numbers.skip(start).step_by(threads).for_each(each));
        }
    });
}

#[test]
fn any_flipped_bit_of_a_record_is_refused_up_to_capacity_1024() {
    for capacity in Capacity::ALL.iter().copied().filter(|capacity| capacity.bytes() <= WHOLE) {
        let sealed = sealed(capacity);
        assert_eq!(verify(&sealed.key, &Record::decode(&sealed.record).unwrap()), Ok(()));
        in_parallel(0..sealed.record.len() * 8, |bit| check_record_bit(&sealed, bit));
    }
}

#[test]
fn any_flipped_bit_of_a_larger_ciphertext_changes_the_tag() {
    for capacity in Capacity::ALL.iter().copied().filter(|capacity| capacity.bytes() > WHOLE) {
        let sealed = sealed(capacity);
        let record = Record::decode(&sealed.record).unwrap();
        let tag_key = tag_key(&sealed.text);
        assert!(Tag::compute(&tag_key, record.header_bytes(), record.ciphertext()).matches(record.tag()));
        in_parallel(0..record.ciphertext().len().div_ceil(16), |block| {
            let mut flipped = record.ciphertext().to_vec();
            for bit in block * 128..(block * 128 + 128).min(flipped.len() * 8) {
                flipped[bit / 8] ^= 1 << (bit % 8);
                assert!(!Tag::compute(&tag_key, record.header_bytes(), &flipped).matches(record.tag()), "bit {bit}");
                flipped[bit / 8] ^= 1 << (bit % 8);
            }
        });
    }
}

#[test]
fn any_flipped_bit_outside_of_a_larger_ciphertext_is_refused() {
    for capacity in Capacity::ALL.iter().copied().filter(|capacity| capacity.bytes() > WHOLE) {
        let sealed = sealed(capacity);
        let ciphertext = ciphertext(&sealed.record, capacity);
        let bits = (0..ciphertext.start * 8).chain(ciphertext.end * 8..sealed.record.len() * 8);
        // Inside: the first and last bytes, and every 1,009th bit.
        let inside = (ciphertext.start * 8..ciphertext.end * 8).step_by(1009);
        let edges = [ciphertext.start * 8, ciphertext.end * 8 - 8].into_iter().flat_map(|bit| bit..bit + 8);
        let bits: Vec<_> = bits.chain(inside).chain(edges).collect();
        in_parallel(0..bits.len(), |at| check_record_bit(&sealed, bits[at]));
    }
}

fn parse(text: &[u8]) -> Result<(), Error> {
    Key::parse(text, &mut vec![0; text.len()][..]).map(|_| ())
}

#[test]
fn every_other_byte_at_each_place_of_a_key_text_is_refused() {
    let text = sealed(Capacity::MIN).text.into_bytes();
    assert_eq!(parse(&text), Ok(()));
    in_parallel(0..text.len(), |place| {
        let mut changed = text.clone();
        for byte in (0..=u8::MAX).filter(|byte| *byte != text[place]) {
            changed[place] = byte;
            match parse(&changed) {
                Err(Error::MalformedKey(_)) => {}
                Err(Error::NewerKey) => assert!(place == 4 && (b'2'..=b'9').contains(&byte)),
                other => panic!("{byte} at {place}: {other:?}"),
            }
        }
    });
}

#[test]
fn any_two_neighbours_swapped_in_a_key_text_are_refused_for_each_capacity() {
    for &capacity in Capacity::ALL {
        let text = sealed(capacity).text.into_bytes();
        let step = if capacity.bytes() <= WHOLE { 1 } else { 101 };
        in_parallel(0..(text.len() - 1) / step, |at| {
            let (mut swapped, at) = (text.clone(), at * step);
            swapped.swap(at, at + 1);
            let same = swapped == text;
            assert_eq!(parse(&swapped).is_ok(), same, "{at} of {}", text.len());
        });
    }
}

#[test]
fn any_flipped_bit_and_any_cut_of_a_key_text_is_refused_for_each_capacity() {
    for &capacity in Capacity::ALL {
        let text = sealed(capacity).text.into_bytes();
        // For large keys, every 1,009th bit.
        let (step, cuts) = if capacity.bytes() <= WHOLE { (1, 1) } else { (1009, 4001) };
        in_parallel(0..(text.len() * 8).div_ceil(step), |at| {
            let (mut flipped, bit) = (text.clone(), at * step);
            flipped[bit / 8] ^= 1 << (bit % 8);
            let result = parse(&flipped);
            assert!(matches!(result, Err(Error::MalformedKey(_) | Error::NewerKey)), "bit {bit}: {result:?}");
        });
        for len in (0..text.len()).step_by(cuts) {
            assert!(matches!(parse(&text[..len]), Err(Error::MalformedKey(_))), "{len}");
        }
        for more in [&b"a"[..], b"aaaaaaaa", b"\0", b"="] {
            assert!(matches!(parse(&[&text, more].concat()), Err(Error::MalformedKey(_))));
        }
    }
}

#[test]
fn bits_beyond_the_last_byte_of_a_key_are_refused() {
    for (name, capacity) in ["a", "ab", "abc", "abcd", "abcde"].into_iter().zip([Capacity::MIN; 5]) {
        let mut buffer = [0; 256];
        let fresh = FreshKey::generate(&account(name), capacity, &mut buffer[..], &mut rng(2)).unwrap();
        let mut record = vec![0; Record::max_len(capacity)];
        let (key, _) = seal(fresh, &Terms::created(time(1)), b"", &mut record).unwrap();
        let mut text = vec![0; key.text_len()];
        key.write_text(&mut text).unwrap();
        let unused = (text.len() - 6) * 5 % 8;
        let last = "abcdefghijklmnopqrstuvwxyz234567".find(char::from(text[text.len() - 1])).unwrap();
        for more in 1..1 << unused {
            *text.last_mut().unwrap() = b"abcdefghijklmnopqrstuvwxyz234567"[last + more];
            assert_eq!(parse(&text), Err(Error::MalformedKey(KeyFault::Checksum)));
        }
    }
}

#[test]
fn a_record_under_another_header_does_not_open() {
    let sealed = sealed(Capacity::MIN);
    let parts = Parts::decode(&sealed.record).unwrap();
    assert_eq!(parts.encode(), sealed.record);
    let changes: [fn(&mut Parts); 11] = [
        |parts| parts.account = "edms/reportinh".into(),
        |parts| parts.account = "edms".into(),
        |parts| parts.id = [7; 10],
        |parts| parts.pages = 2,
        |parts| (parts.page, parts.pages) = (1, 2),
        |parts| parts.created += 1,
        |parts| parts.expires = None,
        |parts| parts.expires = Some(253_402_300_799),
        |parts| parts.holder = None,
        |parts| parts.holder = Some("another".into()),
        |parts| {
            parts.capacity = 128;
            parts.ciphertext.resize(130, 0);
        },
    ];
    for (index, change) in changes.into_iter().enumerate() {
        let mut forged = parts.clone();
        change(&mut forged);
        let bytes = forged.encode();
        let record = Record::decode(&bytes).unwrap();
        assert_eq!(verify(&sealed.key, &record), Err(Error::WrongKey), "change {index}");
    }
    for (page, pages) in [(0, 0), (1, 1), (2, 1), (255, 255)] {
        let bytes = Parts { page, pages, ..parts.clone() }.encode();
        assert_eq!(Record::decode(&bytes).map(|_| ()), Err(Error::DamagedRecord(RecordFault::Contents)));
    }
}

#[test]
fn a_record_whose_tag_fits_but_is_a_page_of_several_does_not_open_with_a_key_of_one() {
    let sealed = sealed(Capacity::MIN);
    let parts = Parts::decode(&sealed.record).unwrap();
    for (page, pages) in [(0, 2), (1, 2)] {
        let mut forged = Parts { page, pages, ..parts.clone() };
        let bytes = forged.encode();
        let header = Record::decode(&bytes).unwrap().header_bytes().to_vec();
        forged.tag = *Tag::compute(&tag_key(&sealed.text), &header, &forged.ciphertext).as_bytes();
        let bytes = forged.encode();
        let record = Record::decode(&bytes).unwrap();
        assert_eq!((record.header().page, record.header().pages), (page, pages));
        assert_eq!(verify(&sealed.key, &record), Err(Error::WrongKey));
    }
}

#[test]
fn a_key_of_another_account_or_id_does_not_open() {
    let record = sealed(Capacity::MIN).record;
    let record = Record::decode(&record).unwrap();
    for (name, seed) in [("edms/reporting", 2), ("edms/reportinh", 1), ("edms", 1)] {
        let mut buffer = [0; 256];
        let fresh = FreshKey::generate(&account(name), Capacity::MIN, &mut buffer[..], &mut rng(seed)).unwrap();
        let (key, _) = seal(fresh, &Terms::created(time(1)), b"", &mut [0; 512]).unwrap();
        assert_eq!(verify(&key, &record), Err(Error::WrongKey));
    }
}
