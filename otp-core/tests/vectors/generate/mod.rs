//! Makes the vectors: cases for every reader of keys, records, notes and tags, each with what it must answer.

mod accounts;
mod keys;
mod notes;
mod opens;
mod records;
mod tags;

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::fmt::Write;

use chacha20::ChaCha20Rng;
use otp_core::key::len_for;
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
#   account   `payload` is read as fields, given as `field: NAME=VALUE`, in order
#   note      `note` is read at the time `now`; without `now`, without a clock
#
# `expect` is `ok`, or the name of the error; `fault` tells more where one name covers several. What a reader finds in
# a good case stands in the lines that follow. Bytes are in hex, but for key, account, id, holder and names of fields.

";

/// When everything happens.
const NOW: u64 = 1_800_000_000;

/// Writes cases, one line after the other.
struct Cases {
    text: String,
}

impl Cases {
    fn case(&mut self, kind: &str, what: &str, expect: &str) -> &mut Self {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.line("case", what).line("kind", kind);
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
    let mut cases = Cases { text: String::new() };
    tags::poly1305(&mut cases);
    tags::tags(&mut cases);
    keys::keys(&mut cases);
    records::records(&mut cases);
    records::contents(&mut cases);
    opens::opens(&mut cases);
    accounts::accounts(&mut cases);
    notes::notes(&mut cases);
    PREAMBLE.to_owned() + &cases.text
}

fn time(secs: u64) -> UnixTime {
    UnixTime::from_secs(secs).unwrap()
}

/// A source that gives a key's id and the rest of the key as two draws, as the vectors that are published were made.
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
    let mut buffer = vec![0; len_for(name.len(), capacity)];
    let fresh =
        FreshKey::generate(&AccountName::parse(name).unwrap(), capacity, &mut buffer[..], &mut Apart(rng(seed)))
            .unwrap();
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
