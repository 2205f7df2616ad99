//! What must hold for any input, as plain functions, called by the fuzz targets and by a test with the seeds.
//!
//! Each checks answers, not just for panics: a plainer reference agrees, what decodes encodes to the same bytes, what
//! opens was sealed, and keys, stores and handles behave as in a simple model.
#![deny(unsafe_code)]
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "a panic is a finding")]

mod abi;
mod change;
mod guarded;
mod helper;
mod keeper;
mod key_text;
mod objects;
mod open;
mod pickle;
mod record;
mod ring;
mod scratch;
mod store;
mod valid;

use otp_core::account::{Field, FieldWriter, Fields};
use otp_core::{AccountName, Capacity, Error, Holder, KeyId, Note, UnixTime, frame as frames};
use otp_reference::set_checksum;

pub use abi::abi;
pub use helper::helper;
pub use keeper::keeper;
pub use key_text::key_text;
pub use open::open;
pub use pickle::pickle;
pub use record::record;
pub use ring::ring;
pub use store::store;

/// A function of arbitrary bytes that panics if something does not hold.
pub type Target = fn(&[u8]);

/// Every target, with its name.
pub const TARGETS: [(&str, Target); 13] = [
    ("abi", abi),
    ("account", account),
    ("account_name", account_name),
    ("frame", frame),
    ("helper", helper),
    ("keeper", keeper),
    ("key_text", key_text),
    ("note", note),
    ("open", open),
    ("pickle", pickle),
    ("record", record),
    ("ring", ring),
    ("store", store),
];

/// A frame: it decodes like the reference, and encodes again.
pub fn frame(data: &[u8]) {
    check_frame(data);
    // The same bytes, as a payload.
    let Ok(capacity) = Capacity::fitting(data.len()) else {
        return;
    };
    let mut whole = vec![0xaa; capacity.bytes() + 2];
    frames::encode(data, &mut whole).unwrap();
    assert_eq!(frames::decode(&whole), Ok(data));
    check_frame(&whole);
}

fn check_frame(data: &[u8]) {
    let decoded = frames::decode(data);
    assert_eq!(decoded.ok(), otp_reference::frame(data));
    if let Ok(payload) = decoded {
        let mut again = vec![0xaa; data.len()];
        frames::encode(payload, &mut again).unwrap();
        assert_eq!(again, data);
    }
}

/// An account's payload: it decodes like the reference, and encodes again from fields in reverse order.
pub fn account(data: &[u8]) {
    let decoded = Fields::decode(data);
    let fields: Option<Vec<_>> =
        decoded.ok().map(|fields| fields.iter().map(|field| (field.name.to_owned(), field.value.to_vec())).collect());
    assert_eq!(fields, otp_reference::fields(data));
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

/// A note, as it is and with a matching checksum.
pub fn note(data: &[u8]) {
    let mut fitting = data.to_vec();
    set_checksum(&mut fitting);
    for bytes in [data, &fitting] {
        // At this time a grace period ends within 366 days and five minutes, or nobody granted it.
        let now = 1_800_000_000;
        let read = Note::decode(bytes);
        let expected = match read {
            Ok(Note::Grace { until }) if until.as_secs() > now + 366 * 86_400 + 300 => Err(Error::DamagedNote),
            as_it_is => as_it_is,
        };
        assert_eq!(Note::decode_at(bytes, UnixTime::from_secs(now).unwrap()), expected);
        match read {
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
    assert_eq!(name.is_ok(), otp_reference::is_account_name(text));
    let holder = Holder::parse(text);
    assert_eq!(holder.is_ok(), otp_reference::is_free_text(text, Holder::MAX_LEN));
    let id = KeyId::parse(text);
    assert_eq!(
        id.is_ok(),
        text.len() == 16 && text.bytes().all(|byte| b"abcdefghijklmnopqrstuvwxyz234567".contains(&byte))
    );
    let shown =
        [name.map(|name| name.to_string()), holder.map(|holder| holder.to_string()), id.map(|id| id.to_string())];
    assert!(shown.iter().flatten().all(|shown| shown == text));
}
