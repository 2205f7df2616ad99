//! Texts of keys: what is whole is taken, whatever else is refused, and what is taken writes the same text.

use arbitrary::{Arbitrary, Unstructured};
use otp_core::key::len_for;
use otp_core::{Capacity, Key};
use otp_reference::{is_account_name, key_contents, key_text as text_of};

use crate::change::Change;

#[derive(Arbitrary, Debug)]
struct Case<'a> {
    capacity: u8,
    account: &'a str,
    /// Key id, tag key and pad begin with this, and go on with zeros.
    random: &'a [u8],
    contents: Vec<Change>,
    text: Vec<Change>,
}

/// The text of a key: as it is, as the contents of one whose checksum fits, and as one that is built and changed.
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
        random.resize(10 + 32 + capacity + 2, 0);
        let start = [&u16::try_from(capacity).unwrap().to_be_bytes()[..], &[1, u8::try_from(account.len()).unwrap()]];
        [&start.concat(), account.as_bytes(), &random].concat()
    }
}

/// Contents under a checksum that fits: they are taken if they are a key's.
fn check_contents(contents: &[u8]) {
    assert_eq!(check(text_of(contents).as_bytes()), is_key(contents));
}

fn is_key(contents: &[u8]) -> bool {
    let [high, low, 1, name_len, rest @ ..] = contents else {
        return false;
    };
    let capacity = usize::from(*high) * 256 + usize::from(*low);
    let Some((name, random)) = rest.split_at_checked((*name_len).into()) else {
        return false;
    };
    Capacity::ALL.iter().any(|one| one.bytes() == capacity)
        && str::from_utf8(name).is_ok_and(is_account_name)
        && random.len() == 10 + 32 + capacity + 2
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
    assert!(is_key(&contents));
    let name = key.account().as_str();
    assert_eq!(contents.len() + 4, len_for(name.len(), key.capacity()));
    let start = [&u16::try_from(key.capacity().bytes()).unwrap().to_be_bytes()[..], &[1]].concat();
    let name = [&[u8::try_from(name.len()).unwrap()], name.as_bytes(), key.id().as_bytes()].concat();
    assert!(contents.starts_with(&[start, name].concat()));
    true
}
