//! What the core does with one secret's key and record.

use std::hint::black_box;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::{SeedableRng, TryCryptoRng, TryRng};
use otp_core::{AccountName, Capacity, FreshKey, Key, Record, Terms, UnixTime, open, seal};

use crate::turns::{Work, work};

pub(crate) fn works(secret: &[u8]) -> Vec<Work> {
    let account: AccountName = "edms/reporting".parse().unwrap();
    let capacity = Capacity::fitting(secret.len()).unwrap();
    let now = UnixTime::from_secs(1_800_000_000).unwrap();
    let terms = Terms::created(now);
    let (text, record) = sealed(&account, capacity, &terms, secret);
    let key_len = otp_core::key::len_for(account.as_str().len(), capacity);

    let mut works = Vec::new();
    let (of_text, mut key_bytes) = (text.clone(), vec![0; key_len]);
    works.push(work("parse a key", move || {
        black_box(Key::parse(black_box(&of_text), &mut key_bytes[..]).unwrap());
    }));
    let (of_record, expected) = (record.clone(), record.len());
    works.push(work("decode a record", move || {
        black_box(Record::decode(black_box(&of_record)).unwrap());
    }));
    let (of_text, of_record, mut key_bytes) = (text.clone(), record.clone(), vec![0; key_len]);
    works.push(work("parse, decode and open", move || {
        let key = Key::parse(black_box(&of_text), &mut key_bytes[..]).unwrap();
        let record = Record::decode(black_box(&of_record)).unwrap();
        black_box(open(key, &record, now).unwrap());
    }));
    // The randomness costs as little as possible, since the source is not what is measured.
    let (payload, mut key_bytes, mut buffer) = (secret.to_vec(), vec![0; key_len], vec![0; Record::max_len(capacity)]);
    works.push(work("make a key, seal", move || {
        let fresh = FreshKey::generate(&account, capacity, &mut key_bytes[..], &mut Same).unwrap();
        let (_key, record) = seal(fresh, &terms, black_box(&payload), &mut buffer).unwrap();
        assert_eq!(black_box(record).len(), expected);
    }));
    let key = Key::parse_owned(&text).unwrap();
    let mut written = vec![0; text.len()];
    works.push(work("write the key's text", move || {
        black_box(key.write_text(black_box(&mut written)).unwrap());
    }));
    let mut copies = (vec![0; text.len()], vec![0; record.len()]);
    works.push(work("memcpy of key and record", move || {
        copies.0.copy_from_slice(black_box(&text));
        copies.1.copy_from_slice(black_box(&record));
        black_box(&mut copies);
    }));
    works
}

/// A key's text and its record.
fn sealed(account: &AccountName, capacity: Capacity, terms: &Terms, secret: &[u8]) -> (Vec<u8>, Vec<u8>) {
    let mut rng = ChaCha20Rng::from_seed([7; 32]);
    let fresh = FreshKey::generate_owned(account, capacity, &mut rng).unwrap();
    let mut buffer = vec![0; Record::max_len(capacity)];
    let (key, record) = seal(fresh, terms, secret, &mut buffer).unwrap();
    (key.to_text().as_bytes().to_vec(), record.to_vec())
}

/// A source that costs as much as a fill: it is not random at all, and only good for measurements.
struct Same;

impl TryRng for Same {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(7)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(7)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        bytes.fill(7);
        Ok(())
    }
}

impl TryCryptoRng for Same {}
