//! Records: they decode like the reference, and encode to the same bytes.

use arbitrary::{Arbitrary, Unstructured};
use otp_core::{Capacity, Error, Record, UnixTime};
use otp_reference::{Parts, set_checksum};

use crate::change::Change;

#[derive(Arbitrary, Debug)]
struct Case<'a> {
    account: Option<&'a str>,
    id: [u8; 10],
    pages: Option<[u8; 2]>,
    capacity: u8,
    times: Option<(u64, Option<u64>)>,
    holder: Option<&'a str>,
    ciphertext: &'a [u8],
    changes: Vec<Change>,
}

/// A record as it is, with a matching checksum, after a magic, and one that is built and changed.
pub fn record(data: &[u8]) {
    check(data);
    let mut fitting = data.to_vec();
    set_checksum(&mut fitting);
    check(&fitting);
    // And after the magic and version, which an engine would otherwise have to find.
    let mut whole = [b"OTPR\x01", data, &[0; 4]].concat();
    set_checksum(&mut whole);
    check(&whole);
    if let Ok(case) = Case::arbitrary_take_rest(Unstructured::new(data)) {
        let mut bytes = case.parts().encode();
        case.changes.iter().for_each(|change| change.apply(&mut bytes));
        check(&bytes);
        set_checksum(&mut bytes);
        check(&bytes);
    }
}

impl Case<'_> {
    /// Parts that are left out are valid; those that are given may not be.
    fn parts(&self) -> Parts {
        let capacity = Capacity::ALL[usize::from(self.capacity) % 5].bytes();
        let mut ciphertext = self.ciphertext.to_vec();
        ciphertext.resize(capacity + 2, 0);
        let (created, expires) = self.times.unwrap_or((1_800_000_000, Some(1_900_000_000)));
        Parts {
            version: 1,
            account: self.account.unwrap_or("edms/reporting").to_owned(),
            id: self.id,
            page: self.pages.unwrap_or_default()[0],
            pages: self.pages.unwrap_or([0, 1])[1],
            capacity: capacity as u64,
            created,
            expires,
            holder: self.holder.map(str::to_owned),
            ciphertext,
            tag: [7; 16],
        }
    }
}

fn check(bytes: &[u8]) {
    let decoded = Record::decode(bytes);
    let parts = decoded.as_ref().ok().map(parts_of);
    assert_eq!(parts, Parts::decode(bytes).filter(|_| bytes.len() <= Record::MAX_LEN));
    match decoded {
        Ok(record) => {
            assert_eq!(parts.unwrap().encode(), bytes);
            assert!(bytes.starts_with(record.header_bytes()));
        }
        Err(Error::NewerRecord { version }) => assert!(version > 1 && bytes[4] == version),
        Err(error) => assert!(matches!(error, Error::DamagedRecord(_))),
    }
}

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
