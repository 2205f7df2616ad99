//! A credential's whole life: an account is encoded, sealed, opened and decoded.

use otp_core::key::len_for;
use otp_core::random::{HealthTested, Xor};
use otp_core::{
    Account, AccountName, Capacity, Fields, FreshKey, Record, Terms, UnixTime, open, open_ignoring_expiry, seal, verify,
};
use otp_proof::memcheck::{Finding, hide, publish, watch};

use super::failures;
use super::sources::{Secret, fixed};
use super::text::parse;

/// Takes an account from its fields to its record, and back.
pub(crate) fn check(note: &mut impl FnMut(Finding), name: &AccountName, value_len: usize) {
    let now = UnixTime::from_secs(1_800_000_000).expect("a time");
    let mut value = fixed(value_len);
    let shown = value.clone();
    hide(&mut value);

    let (finding, account) = watch("account: encode", || {
        let mut account = Account::new();
        account.set("password", &value)?;
        account.set("username", &value[..3])?;
        account.set("an own name", &value[1..])?;
        account.set("password", &value).map(|()| account)
    });
    note(finding);
    let account = account.or_else(|_| {
        // The largest value does not fit three times.
        let mut account = Account::new();
        account.set("password", &value).map(|()| account)
    });
    let account = account.expect("it fits");
    let capacity = Capacity::fitting(account.payload().len()).expect("it fits");

    let mut key_bytes = vec![0; len_for(name.as_str().len(), capacity)];
    let mut record_bytes = vec![0; Record::max_len(capacity)];
    let mut rng = HealthTested::new(Xor::new(Secret::new(1), Secret::new(2)));
    let (finding, fresh) = watch("key: generate, with health tests and two joined sources", || {
        FreshKey::generate(name, capacity, &mut key_bytes[..], &mut rng)
    });
    note(finding);
    let (finding, sealed) = watch("seal", || {
        seal(fresh.expect("sound randomness"), &Terms::created(now), account.payload(), &mut record_bytes)
    });
    note(finding);
    let (key, record) = sealed.expect("it fits");

    let mut text = vec![0; key.text_len()];
    let (finding, len) = watch("key text: encode", || key.write_text(&mut text).expect("it fits").len());
    note(finding);
    assert_eq!(len, text.len());
    drop(key);
    // From here on, the record is in the store, where everybody can read it.
    let record = record.to_vec();
    publish(&record);
    let (finding, record) = watch("record: decode", || Record::decode(&record));
    note(finding);
    let record = record.expect("it was sealed");

    for (what, before, behind, upper) in [
        ("key text: decode", "", "", false),
        ("key text: decode, in upper case and with white space", " \n", "\r\n ", true),
    ] {
        let mut given = [before.as_bytes(), &text, behind.as_bytes()].concat();
        publish(&given);
        if upper {
            given.make_ascii_uppercase();
        }
        // Everything except white space and the prefix.
        let secret = before.len() + 6..given.len() - behind.len();
        hide(&mut given[secret]);
        let (finding, key) = watch(what, || parse(&given));
        note(finding);
        let key = key.expect("it was written");
        let (finding, fits) = watch("tag: verify", || verify(&key, &record));
        note(finding);
        assert_eq!(fits, Ok(()));
        let (finding, secret) = watch("open", || open(key, &record, now));
        note(finding);
        let secret = secret.expect("the key fits");
        let (finding, password) = watch("account: decode, and get a field", || {
            Fields::decode(secret.expose()).map(|fields| fields.get("password").map(<[u8]>::to_vec))
        });
        note(finding);
        let password = password.expect("it was sealed").expect("it has one");
        publish(&password);
        assert!(password == shown);
    }

    rotation(note, &text, &record);
    failures::check(note, &text, &record, now);
}

/// What a rotation with a key does to the old secret: it keeps fields that are not given anew.
fn rotation(note: &mut impl FnMut(Finding), text: &[u8], record: &Record<'_>) {
    let mut given = text.to_vec();
    publish(&given);
    hide(&mut given[6..]);
    let key = parse(&given).expect("it was written");
    let (finding, old) = watch("open, whether or not it has expired", || open_ignoring_expiry(key, record));
    note(finding);
    let old = old.expect("the key fits");
    let mut password = fixed(30);
    hide(&mut password);
    let (finding, merged) = watch("account: old fields and new ones", || {
        let mut account = Account::new();
        account.update(Fields::decode(old.expose())?)?;
        account.set("password", &password).map(|()| account.payload().len())
    });
    note(finding);
    assert!(merged.is_ok_and(|len| len > password.len()));
}
