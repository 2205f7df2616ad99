//! What must hold for any input, as plain functions: the fuzz targets call them, and so does a test with the seeds.
//!
//! Each checks answers and not only that nothing panics: a plainer reference agrees, what decodes encodes to the same
//! bytes, what opens was sealed, and keys are what a simple model says.
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a panic is a finding")]

mod change;
mod keeper;
mod open;
mod pickle;
mod scratch;
mod store;
#[path = "../../otp-core/tests/support/mod.rs"]
mod support;

use otp_core::account::{Field, FieldWriter, Fields};
use otp_core::{AccountName, Error, Holder, Key, KeyId, Note, Record, frame as frames};
use support::{Parts, mend};

pub use keeper::keeper;
pub use open::open;
pub use pickle::pickle;
pub use store::store;

/// A function of arbitrary bytes that panics where something does not hold.
pub type Target = fn(&[u8]);

/// Every target by its name.
pub const TARGETS: [(&str, Target); 10] = [
    ("account", account),
    ("account_name", account_name),
    ("frame", frame),
    ("keeper", keeper),
    ("key_text", key_text),
    ("note", note),
    ("open", open),
    ("pickle", pickle),
    ("record", record),
    ("store", store),
];

/// The text of a key, as it is, and as the contents of one whose checksum fits.
pub fn key_text(data: &[u8]) {
    check_key_text(data);
    check_key_text(support::key_text(data).as_bytes());
}

fn check_key_text(text: &[u8]) {
    let mut buffer = vec![0xaa; text.len()];
    let Ok(key) = Key::parse(text, &mut buffer[..]) else {
        assert!(buffer.iter().all(|byte| *byte == 0), "a refused key is wiped");
        return;
    };
    let mut again = vec![0; key.text_len()];
    let again = key.write_text(&mut again).unwrap();
    assert_eq!(again.as_bytes(), text.trim_ascii().to_ascii_lowercase());
    let contents = support::key_contents(again);
    let name = key.account().as_str();
    assert!(support::is_account_name(name));
    assert_eq!(contents.len() + 4, Key::<&mut [u8]>::len_for(name.len(), key.capacity()));
    let start = [&u16::try_from(key.capacity().bytes()).unwrap().to_be_bytes()[..], &[1]].concat();
    let name = [&[u8::try_from(name.len()).unwrap()], name.as_bytes(), key.id().as_bytes()].concat();
    assert!(contents.starts_with(&[start, name].concat()));
}

/// A record, as it is, and with its checksum mended.
pub fn record(data: &[u8]) {
    check_record(data);
    let mut mended = data.to_vec();
    mend(&mut mended);
    check_record(&mended);
    // And behind the magic and version that an engine has to find otherwise.
    let mut whole = [b"OTPR\x01", data, &[0; 4]].concat();
    mend(&mut whole);
    check_record(&whole);
}

fn check_record(bytes: &[u8]) {
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

/// A frame: what decodes, by the book, and encodes again.
pub fn frame(data: &[u8]) {
    let decoded = frames::decode(data);
    assert_eq!(decoded.ok(), support::frame(data));
    if let Ok(payload) = decoded {
        let mut again = vec![0xaa; data.len()];
        frames::encode(payload, &mut again).unwrap();
        assert_eq!(again, data);
    }
}

/// An account's payload, by the book, and written again in the opposite order.
pub fn account(data: &[u8]) {
    let decoded = Fields::decode(data);
    let fields: Option<Vec<_>> =
        decoded.ok().map(|fields| fields.iter().map(|field| (field.name.to_owned(), field.value.to_vec())).collect());
    assert_eq!(fields, support::fields(data));
    let Some(fields) = fields else {
        return;
    };
    let mut buffer = vec![0; data.len()];
    let mut writer = FieldWriter::new(&mut buffer);
    for (name, value) in fields.iter().rev() {
        writer.insert(Field { name, value }).unwrap();
        assert_eq!(writer.insert(Field { name, value }), Err(Error::DuplicateField));
    }
    assert_eq!(writer.payload(), data);
    assert!(writer.insert(Field { name: "one more that is not there", value: b"" }).is_err());

    let mut account = otp_core::Account::new();
    for (name, value) in &fields {
        account.set(name, b"something else").unwrap();
        account.set(name, value).unwrap();
    }
    assert_eq!(account.payload(), data);
}

/// A note, as it is, and with its checksum mended.
pub fn note(data: &[u8]) {
    let mut mended = data.to_vec();
    mend(&mut mended);
    for bytes in [data, &mended] {
        match Note::decode(bytes) {
            Ok(note) => assert_eq!(note.encode(), bytes),
            Err(Error::NewerRecord { version }) => assert!(version > 1 && bytes.len() == Note::LEN),
            Err(error) => assert_eq!(error, Error::DamagedNote),
        }
    }
}

/// Names of accounts, holders and keys, and their grammar.
pub fn account_name(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    let name = AccountName::parse(text);
    assert_eq!(name.is_ok(), support::is_account_name(text));
    let holder = Holder::parse(text);
    assert_eq!(holder.is_ok(), support::is_free_text(text, Holder::MAX_LEN));
    let id = KeyId::parse(text);
    assert_eq!(
        id.is_ok(),
        text.len() == 16 && text.bytes().all(|byte| b"abcdefghijklmnopqrstuvwxyz234567".contains(&byte))
    );
    let shown =
        [name.map(|name| name.to_string()), holder.map(|holder| holder.to_string()), id.map(|id| id.to_string())];
    assert!(shown.iter().flatten().all(|shown| shown == text));
}
