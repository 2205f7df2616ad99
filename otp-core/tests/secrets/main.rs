//! Secrets appear in no text and stay in no memory: printed text does not depend on them, and what held one is wiped.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

#[cfg(feature = "alloc")]
mod owned;
mod texts;
mod wiping;

use std::fmt;

use chacha20::ChaCha20Rng;
use otp_core::key::drawn_len;
use otp_core::rand_core::{self, TryCryptoRng, TryRng};
use otp_core::tag::Tag;
use otp_core::{AccountName, Buffer, Capacity, FreshKey, Key, KeyId, Record, Terms, UnixTime, seal};
use otp_reference::{Parts, rng, tag_key};

fn account(name: &str) -> AccountName {
    AccountName::parse(name).unwrap()
}

fn time(secs: u64) -> UnixTime {
    UnixTime::from_secs(secs).unwrap()
}

/// Draws ids that do not depend on the seed, and a key's secret part, which does; fails after some draws.
#[derive(Debug)]
struct Source {
    secret: ChaCha20Rng,
    id: u8,
    draws: usize,
}

fn source(seed: u64, draws: usize) -> Source {
    Source { secret: rng(seed), id: 7, draws }
}

/// What is drawn for a key of the smallest capacity, its id first. Before that, a rotation draws an id of its own.
const KEY_DRAW: usize = drawn_len(Capacity::MIN, core::num::NonZeroU8::MIN);
/// The same for a key with two pages.
const PAGED_DRAW: usize = drawn_len(Capacity::MIN, core::num::NonZeroU8::MIN.saturating_add(1));
const ROTATION_DRAW: usize = KeyId::LEN + KEY_DRAW;

#[derive(Debug)]
struct Dry;

impl fmt::Display for Dry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the source is dry")
    }
}

impl std::error::Error for Dry {}

impl TryRng for Source {
    type Error = Dry;

    fn try_next_u32(&mut self) -> Result<u32, Dry> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, Dry> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Dry> {
        let Ok(()) = self.secret.try_fill_bytes(bytes);
        match bytes.len() {
            KEY_DRAW | PAGED_DRAW => bytes[..KeyId::LEN].fill(self.id),
            ROTATION_DRAW => bytes[..2 * KeyId::LEN].fill(self.id),
            _ => {}
        }
        self.draws = self.draws.checked_sub(1).ok_or(Dry)?;
        Ok(())
    }
}

impl TryCryptoRng for Source {}

fn plenty(seed: u64) -> Source {
    source(seed, usize::MAX)
}

const NOW: u64 = 1_800_000_000;

/// A key's buffer, filled with bytes that must not stay in it.
fn buffer() -> [u8; 256] {
    [0xaa; 256]
}

fn sealed<'b>(buffer: &'b mut [u8], seed: u64, payload: &[u8]) -> (Key<&'b mut [u8]>, Vec<u8>) {
    let fresh = FreshKey::generate(&account("a/b"), Capacity::MIN, buffer, &mut plenty(seed)).unwrap();
    let terms = Terms::created(time(NOW)).expiring(Some(time(NOW + 60)));
    let mut record = [0; 512];
    let (key, record) = seal(fresh, &terms, payload, &mut record).unwrap();
    let record = record.to_vec();
    (key, record)
}

fn text<B: Buffer>(key: &Key<B>) -> String {
    let mut text = vec![0; key.text_len()];
    key.write_text(&mut text).unwrap().to_owned()
}

/// A record whose tag fits, but whose frame is malformed.
fn broken(key: &str, record: &[u8]) -> Vec<u8> {
    let mut parts = Parts::decode(record).unwrap();
    *parts.ciphertext.last_mut().unwrap() ^= 0xff;
    let bytes = parts.encode();
    let header = Record::decode(&bytes).unwrap().header_bytes().to_vec();
    parts.tag = *Tag::compute(&tag_key(key), &header, &parts.ciphertext).as_bytes();
    parts.encode()
}
