//! Texts of keys: whole ones are accepted, all others are refused, and what is accepted encodes to the same text.

use arbitrary::{Arbitrary, Unstructured};
use otp_core::key::{MAX_LEN, paged_len_for};
use otp_core::{Capacity, Key};
use otp_reference::{KeyParts, is_account_name, key_contents, key_text as text_of};

use crate::change::Change;

#[derive(Arbitrary, Debug)]
struct Case<'a> {
    capacity: u8,
    pages: u8,
    account: &'a str,
    /// The start of key id and pages, which continue with zeros.
    random: &'a [u8],
    contents: Vec<Change>,
    text: Vec<Change>,
}

/// The text of a key: the bytes as they are, as contents with a matching checksum, and as a key built and changed.
pub fn key_text(data: &[u8]) {
    check(data);
    check_contents(data);
    if let Ok(case) = Case::arbitrary_take_rest(Unstructured::new(data)) {
        let mut contents = case.contents();
        case.contents.iter().for_each(|change| change.apply(&mut contents));
        check_contents(&contents);
        let mut text = text_of(&contents).into_bytes();
        case.text.iter().for_each(|change| change.apply(&mut text));
        check(&text);
    }
}

impl Case<'_> {
    fn contents(&self) -> Vec<u8> {
        let capacity = Capacity::ALL[usize::from(self.capacity) % 5].bytes();
        let account = Some(self.account).filter(|account| is_account_name(account)).unwrap_or("edms/reporting");
        let mut random = self.random.to_vec();
        // Few in most cases, so that inputs stay short.
        let pages = if self.pages < 250 { self.pages % 4 } else { self.pages };
        random.resize(10 + usize::from(pages) * (32 + capacity + 2), 0);
        let name_len = u8::try_from(account.len()).unwrap();
        let start = [&u16::try_from(capacity).unwrap().to_be_bytes()[..], &[pages, name_len]];
        [&start.concat(), account.as_bytes(), &random].concat()
    }
}

/// Contents with a matching checksum: they are accepted if they are a key's.
fn check_contents(contents: &[u8]) {
    assert_eq!(check(text_of(contents).as_bytes()), is_key(contents));
}

fn is_key(contents: &[u8]) -> bool {
    // With the checksum added, it is no longer than the longest key.
    contents.len() + 4 <= MAX_LEN && KeyParts::decode(contents).is_some()
}

fn check(text: &[u8]) -> bool {
    let mut buffer = vec![0xaa; text.len()];
    let Ok(key) = Key::parse(text, &mut buffer[..]) else {
        assert!(buffer.iter().all(|byte| *byte == 0), "a refused key is wiped");
        return false;
    };
    let mut again = vec![0; key.text_len()];
    let again = key.write_text(&mut again).unwrap();
    assert_eq!(again.as_bytes(), text.trim_ascii().to_ascii_lowercase());
    let contents = key_contents(again);
    let parts = KeyParts::decode(&contents).expect("a key by the book");
    let found = (key.account().as_str(), *key.id().as_bytes(), key.capacity().bytes(), usize::from(key.pages().get()));
    assert_eq!(found, (&*parts.account, parts.id, usize::from(parts.capacity), parts.pages.len()));
    assert_eq!(contents.len() + 4, paged_len_for(parts.account.len(), key.capacity(), key.pages()));
    assert_eq!(parts.encode(), contents);
    true
}
