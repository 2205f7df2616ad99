//! Records: what decodes, by the book, and encodes to the same bytes.

use arbitrary::{Arbitrary, Unstructured};
use otp_core::{Capacity, Error, Record};

use crate::change::Change;
use crate::support::{Parts, mend};

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

/// A record as it is, with its checksum mended, behind a magic, and one that is built and changed.
pub fn record(data: &[u8]) {
    check(data);
    let mut mended = data.to_vec();
    mend(&mut mended);
    check(&mended);
    // And behind the magic and version that an engine has to find otherwise.
    let mut whole = [b"OTPR\x01", data, &[0; 4]].concat();
    mend(&mut whole);
    check(&whole);
    if let Ok(case) = Case::arbitrary_take_rest(Unstructured::new(data)) {
        let mut bytes = case.parts().encode();
        case.changes.iter().for_each(|change| change.apply(&mut bytes));
        check(&bytes);
        mend(&mut bytes);
        check(&bytes);
    }
}

impl Case<'_> {
    /// What is left out is valid; what is there may be.
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
    let parts = decoded.as_ref().ok().map(Parts::of);
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
