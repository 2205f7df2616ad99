//! Generates the vectors: cases for every reader of keys, records, notes and tags, each with the expected answer.

mod accounts;
mod bad_records;
mod keys;
mod lookups;
mod notes;
mod objects;
mod opens;
mod pages;
mod records;
mod tags;

use std::collections::{BTreeMap, BTreeSet};
use std::convert::Infallible;
use std::fmt::Write;
use std::num::NonZeroU8;

use chacha20::ChaCha20Rng;
use otp_core::key::paged_len_for;
use otp_core::rand_core::{TryCryptoRng, TryRng};
use otp_core::{AccountName, Capacity, FreshKey, Holder, KeyId, Record, Terms, UnixTime, seal};
use otp_reference::{payload, rng};

const PREAMBLE: &str = "\
# Vectors for otp's formats, as docs/format.md specifies them. Made by otp-core/tests/vectors/generate: don't edit.
#
# A case is some lines `name: value`, and an empty line ends it. `case` says what it shows, `kind` what is done:
#
#   poly1305  the one-time authenticator of RFC 8439 over `message` under `key` gives `tag`
#   tag       the tag of a record over `header` and `ciphertext` under `key` is `tag`
#   key       `key` (the text itself), or `key-hex` (its bytes), is read
#   record    `record` is read
#   open      `record` is opened with `key` at the time `now`; without `now`, without a clock
#   lookup    the same as a reader of a store does it: `note` lies beside `record`; either may be absent, and so be missing
#   account   `payload` is read as fields, given as `field: NAME=VALUE`, in order
#   note      `note` is read at the time `now`; without `now`, without a clock
#   object    the file `name` in an account's directory of a store is looked at
#   entry     the file `name` in an account's directory of a ring is looked at
#
# Case names are unique. `expect` is `ok`, or the name of the error; `fault` tells more where one name covers several. A good
# case goes on with what its reader finds:
#
#   poly1305, tag   `tag`
#   key             `account`, `id`, `capacity` in bytes, `pages`
#   record          `account`, `id`, `page`, `pages`, `capacity`, `created`, `expires`, `holder`, `ciphertext`, `tag`; without
#                   `expires` it does not expire, and without `holder` it has none
#   open, lookup    `payload`
#   account         `field`, none or several
#   note            `says` (revoked, rotated, grace or rotating) and `time`
#   object, entry   `what`; behind `nothing`, which readers ignore, nothing else; behind `claim`, `spent` and `done` the
#                   `generation`; behind all others the `id`
#
# Times are seconds after 1970, and numbers decimal. key, account, id, holder, name, says, what, and names of fields are text
# as it is; everything else is bytes in hex. A key that is not printable text stands in `key-hex` instead, in hex.

";

/// When everything happens.
const NOW: u64 = 1_800_000_000;

/// Writes cases, one line after another.
struct Cases {
    text: String,
    names: BTreeSet<String>,
}

impl Cases {
    fn case(&mut self, kind: &str, what: &str, expect: &str) -> &mut Self {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        let name = format!("{kind}: {what}");
        assert!(self.names.insert(name.clone()), "two cases have the name {name:?}");
        self.line("case", &name).line("kind", kind);
        match expect.split_once(' ') {
            Some((expect, fault)) => self.line("expect", expect).line("fault", fault),
            None => self.line("expect", expect),
        }
    }

    fn line(&mut self, name: &str, value: &str) -> &mut Self {
        writeln!(self.text, "{}", format!("{name}: {value}").trim_end()).unwrap();
        self
    }

    fn hex(&mut self, name: &str, bytes: &[u8]) -> &mut Self {
        let hex = bytes.iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"));
        self.line(name, &hex)
    }

    fn number(&mut self, name: &str, number: impl Into<u64>) -> &mut Self {
        self.line(name, &number.into().to_string())
    }
}

/// The whole file.
pub(crate) fn file() -> String {
    let mut cases = Cases { text: String::new(), names: BTreeSet::new() };
    tags::poly1305(&mut cases);
    tags::tags(&mut cases);
    keys::keys(&mut cases);
    keys::bad_texts(&mut cases);
    keys::bad_contents(&mut cases);
    records::records(&mut cases);
    bad_records::sizes(&mut cases);
    bad_records::bytes(&mut cases);
    bad_records::values(&mut cases);
    opens::opens(&mut cases);
    opens::wrong(&mut cases);
    pages::pages(&mut cases);
    lookups::lookups(&mut cases);
    accounts::accounts(&mut cases);
    notes::notes(&mut cases);
    objects::objects(&mut cases);
    objects::entries(&mut cases);
    PREAMBLE.to_owned() + &cases.text
}

fn time(secs: u64) -> UnixTime {
    UnixTime::from_secs(secs).unwrap()
}

/// A source that returns a key's id and the rest of the key in two draws, as when the published vectors were made.
struct Apart(ChaCha20Rng);

impl TryRng for Apart {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.0.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0.try_next_u64()
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        let (id, rest) = bytes.split_at_mut(KeyId::LEN);
        self.0.try_fill_bytes(id)?;
        self.0.try_fill_bytes(rest)
    }
}

impl TryCryptoRng for Apart {}

/// A record and the text of its key.
fn sealed(name: &str, capacity: Capacity, terms: &Terms, payload: &[u8], seed: u64) -> (String, Vec<u8>) {
    sealed_paged(name, capacity, 1, terms, payload, seed)
}

/// Like [`sealed`], with a key of so many pages, of which the first is used.
fn sealed_paged(
    name: &str,
    capacity: Capacity,
    pages: u8,
    terms: &Terms,
    payload: &[u8],
    seed: u64,
) -> (String, Vec<u8>) {
    let (account, pages) = (AccountName::parse(name).unwrap(), NonZeroU8::new(pages).unwrap());
    let mut buffer = vec![0; paged_len_for(name.len(), capacity, pages)];
    let fresh = FreshKey::generate_paged(&account, capacity, pages, &mut buffer[..], &mut Apart(rng(seed))).unwrap();
    let mut record = vec![0; Record::max_len(capacity)];
    let (key, record) = seal(fresh, terms, payload, &mut record).unwrap();
    let mut text = vec![0; key.text_len()];
    (key.write_text(&mut text).unwrap().to_owned(), record.to_vec())
}

fn terms() -> Terms {
    let holder = Holder::parse("nightly run").unwrap();
    Terms::created(time(NOW)).expiring(Some(time(NOW + 86_400))).held_by(Some(holder))
}

/// The payload of the account that most cases seal.
fn alice() -> Vec<u8> {
    let fields = [("username", "alice"), ("password", "correct horse")];
    payload(
        &fields
            .map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()))
            .into_iter()
            .collect::<BTreeMap<_, _>>(),
    )
}
