//! Keys with several pages, and the records of each.

use otp_core::hazmat::seal_page;
use otp_core::tag::Tag;
use otp_core::{Capacity, Key, Record};
use otp_reference::{KeyParts, Parts, key_contents};

use super::{Cases, NOW, sealed, sealed_paged, terms};

/// A key with so many pages, and a record for each, which holds the page's number as text.
struct Paged {
    key: String,
    records: Vec<Vec<u8>>,
}

fn paged(pages: u8, seed: u64) -> Paged {
    let (key, _) = sealed_paged("edms/reporting", Capacity::MIN, pages, &terms(), b"0", seed);
    let records = (0..pages).map(|page| {
        let mut record = vec![0; Record::max_len(Capacity::MIN)];
        let key = Key::parse_owned(key.as_bytes()).unwrap();
        seal_page(key, page, &terms(), page.to_string().as_bytes(), &mut record).unwrap().to_vec()
    });
    Paged { records: records.collect(), key }
}

pub(super) fn pages(cases: &mut Cases) {
    let mut open = |what: &str, expect: &str, key: &str, record: &[u8], payload: &[u8]| {
        cases.case("open", what, expect).line("key", key).hex("record", record).number("now", NOW);
        if expect == "ok" {
            cases.hex("payload", payload);
        }
    };
    let (two, twelve, many) = (paged(2, 60), paged(12, 61), paged(255, 62));
    for page in 0..2 {
        open(&format!("page {page} of 2"), "ok", &two.key, &two.records[page], page.to_string().as_bytes());
    }
    for page in 0..12 {
        open(&format!("page {page} of 12"), "ok", &twelve.key, &twelve.records[page], page.to_string().as_bytes());
    }
    open("page 254 of 255", "ok", &many.key, &many.records[254], b"254");

    // A record of page p is under page p's tag key, which a key with fewer pages does not have.
    let (one, _) = sealed("edms/reporting", Capacity::MIN, &terms(), b"", 63);
    open("page 254 of 255, with a key of 1 page", "wrong-key", &one, &many.records[254], b"");
    open("page 254 of 255, with a key of 2 pages", "wrong-key", &two.key, &many.records[254], b"");

    // A tag under one page's key is not accepted for another page, whatever the header says.
    let contents = KeyParts::decode(&key_contents(&two.key)).unwrap();
    let tagged = |page: usize, change: &dyn Fn(&mut Parts)| {
        let mut parts = Parts::decode(&two.records[page]).unwrap();
        change(&mut parts);
        let bytes = parts.encode();
        let header = Record::decode(&bytes).unwrap().header_bytes().to_vec();
        parts.tag = *Tag::compute(&contents.pages[page].0, &header, &parts.ciphertext).as_bytes();
        parts.encode()
    };
    let wrong = [
        ("page 0 under the tag key of page 1", tagged(1, &|parts| parts.page = 0)),
        ("page 1 under the tag key of page 0", tagged(0, &|parts| parts.page = 1)),
        ("page 0 of 1 under a fitting tag, with a key of 2 pages", tagged(0, &|parts| parts.pages = 1)),
        ("page 0 of 3 under a fitting tag, with a key of 2 pages", tagged(0, &|parts| parts.pages = 3)),
        ("page 1 of 255 under a fitting tag, with a key of 2 pages", tagged(1, &|parts| parts.pages = 255)),
    ];
    for (what, record) in wrong {
        open(what, "wrong-key", &two.key, &record, b"");
    }
    assert_eq!(tagged(1, &|_| {}), two.records[1]);
}
