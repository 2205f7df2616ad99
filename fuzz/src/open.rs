//! Changed records and keys: what opens was sealed.

use arbitrary::{Arbitrary, Unstructured};
use otp_core::key::len_for;
use otp_core::{Capacity, Error, FreshKey, Key, Record, Terms, open_ignoring_expiry, seal, verify};
use otp_reference::{key_contents, key_text, rng, set_checksum};

use crate::change::Change;
use crate::valid::{account, time};

#[derive(Arbitrary, Debug)]
struct Case<'a> {
    seed: u8,
    expires: Option<u32>,
    now: Option<u32>,
    record: Vec<Change>,
    key: Vec<Change>,
    /// Other bytes that replace the record, or the key's contents.
    strangers: [Option<&'a [u8]>; 2],
    payload: &'a [u8],
}

/// Seals something, changes record and key, corrects their checksums, and opens.
pub fn open(data: &[u8]) {
    if let Ok(case) = Case::arbitrary_take_rest(Unstructured::new(data)) {
        check(&case);
    }
}

fn check(case: &Case<'_>) {
    let Ok(capacity) = Capacity::fitting(case.payload.len()) else {
        return;
    };
    let name = account("edms/reporting");
    let terms = Terms::created(time(1)).expiring(case.expires.map(|secs| time(secs.into())));
    let mut buffer = vec![0; len_for(name.as_str().len(), capacity)];
    let fresh = FreshKey::generate(&name, capacity, &mut buffer[..], &mut rng(case.seed.into())).unwrap();
    let mut record = vec![0; Record::max_len(capacity)];
    let (key, record) = seal(fresh, &terms, case.payload, &mut record).unwrap();
    let sealed = record.to_vec();
    let mut text = vec![0; key.text_len()];
    let contents = key_contents(key.write_text(&mut text).unwrap());

    let mut changed = case.strangers[0].map_or_else(|| sealed.clone(), <[u8]>::to_vec);
    case.record.iter().for_each(|change| change.apply(&mut changed));
    set_checksum(&mut changed);
    let mut changed_key = case.strangers[1].map_or_else(|| contents.clone(), <[u8]>::to_vec);
    case.key.iter().for_each(|change| change.apply(&mut changed_key));

    let mut buffer = vec![0; changed_key.len() + 4];
    let Ok(key) = Key::parse(key_text(&changed_key).as_bytes(), &mut buffer[..]) else {
        return;
    };
    let Ok(record) = Record::decode(&changed) else {
        return;
    };
    let fits = verify(&key, &record);
    let opened = match case.now {
        Some(secs) => otp_core::open(key, &record, time(secs.into())),
        None => open_ignoring_expiry(key, &record),
    };
    if changed != sealed || clamped(&changed_key) != clamped(&contents) {
        assert_eq!((fits, opened.map(|_| ())), (Err(Error::WrongKey), Err(Error::WrongKey)));
        return;
    }
    assert_eq!(fits, Ok(()));
    let expired = case.expires.zip(case.now).is_some_and(|(expires, now)| now >= expires);
    assert_eq!(matches!(opened, Err(Error::Expired { .. })), expired);
    match opened {
        Ok(secret) if changed_key == contents => assert_eq!(secret.expose(), case.payload),
        // A key with a changed pad opens to something else, or to nothing.
        Ok(secret) => assert!(secret.expose().len() <= capacity.bytes()),
        Err(Error::Expired { at }) => assert_eq!(Some(at.as_secs()), case.expires.map(u64::from)),
        Err(error) => assert!(error == Error::MalformedFrame && changed_key != contents),
    }
}

/// Everything in a key except its pad, without the bits that the tag does not use (RFC 8439, section 2.5).
fn clamped(contents: &[u8]) -> Vec<u8> {
    let name_len = usize::from(contents.get(3).copied().unwrap_or_default());
    let mut rest = contents.get(..4 + name_len + 10 + 32).unwrap_or(contents).to_vec();
    if let Some(r) = rest.get_mut(4 + name_len + 10..) {
        for (at, mask) in [(3, 15), (7, 15), (11, 15), (15, 15), (4, 252), (8, 252), (12, 252)] {
            if let Some(byte) = r.get_mut(at) {
                *byte &= mask;
            }
        }
    }
    rest
}
