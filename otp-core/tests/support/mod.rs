//! What several tests share: a plain encoder and decoders, written from `docs/format.md` without regard to time or memory.
#![allow(dead_code, reason = "each test uses a part of it")]

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use otp_core::account::USUAL_NAMES;
use otp_core::{AccountName, Capacity, Holder, KeyId, Record, UnixTime};

pub(crate) fn rng(seed: u64) -> ChaCha20Rng {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    ChaCha20Rng::from_seed(bytes)
}

/// A record, part by part; none is checked.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parts {
    pub(crate) version: u8,
    pub(crate) account: String,
    pub(crate) id: [u8; 10],
    pub(crate) page: u8,
    pub(crate) pages: u8,
    pub(crate) capacity: u64,
    pub(crate) created: u64,
    pub(crate) expires: Option<u64>,
    pub(crate) holder: Option<String>,
    pub(crate) ciphertext: Vec<u8>,
    pub(crate) tag: [u8; 16],
}

impl Parts {
    pub(crate) fn of(record: &Record<'_>) -> Self {
        let header = record.header();
        Self {
            version: 1,
            account: header.account.as_str().to_owned(),
            id: *header.id.as_bytes(),
            page: header.page,
            pages: header.pages,
            capacity: header.capacity.bytes() as u64,
            created: header.terms.created.as_secs(),
            expires: header.terms.expires.map(UnixTime::as_secs),
            holder: header.terms.holder.as_ref().map(|holder| holder.as_str().to_owned()),
            ciphertext: record.ciphertext().to_vec(),
            tag: *record.tag().as_bytes(),
        }
    }

    /// The record's bytes.
    pub(crate) fn encode(&self) -> Vec<u8> {
        let mut bytes = b"OTPR".to_vec();
        bytes.push(self.version);
        push_bytes(&mut bytes, self.account.as_bytes());
        bytes.extend(self.id);
        bytes.extend([self.page, self.pages]);
        push_number(&mut bytes, self.capacity);
        push_number(&mut bytes, self.created);
        bytes.push(u8::from(self.expires.is_some()));
        self.expires.iter().for_each(|secs| push_number(&mut bytes, *secs));
        bytes.push(u8::from(self.holder.is_some()));
        self.holder.iter().for_each(|holder| push_bytes(&mut bytes, holder.as_bytes()));
        push_bytes(&mut bytes, &self.ciphertext);
        bytes.extend(self.tag);
        bytes.extend([0; 4]);
        mend(&mut bytes);
        bytes
    }

    /// Reads a record of version 1.
    pub(crate) fn decode(bytes: &[u8]) -> Option<Self> {
        let body = bytes.len().checked_sub(4)?;
        let mut mended = bytes.to_vec();
        mend(&mut mended);
        let mut rest = bytes[..body].strip_prefix(b"OTPR\x01")?;
        let parts = Self {
            version: 1,
            account: take_text(&mut rest)?,
            id: take(&mut rest, 10)?.try_into().ok()?,
            page: take(&mut rest, 1)?[0],
            pages: take(&mut rest, 1)?[0],
            capacity: take_number(&mut rest)?,
            created: take_number(&mut rest)?,
            expires: if take_flag(&mut rest)? { Some(take_number(&mut rest)?) } else { None },
            holder: if take_flag(&mut rest)? { Some(take_text(&mut rest)?) } else { None },
            ciphertext: take_bytes(&mut rest)?.to_vec(),
            tag: take(&mut rest, 16)?.try_into().ok()?,
        };
        let valid = mended == bytes
            && rest.is_empty()
            && is_account_name(&parts.account)
            && parts.page < parts.pages
            && Capacity::ALL.iter().any(|capacity| capacity.bytes() as u64 == parts.capacity)
            && parts.ciphertext.len() as u64 == parts.capacity + 2
            && parts.expires.unwrap_or(0).max(parts.created) <= 253_402_300_799
            && parts.holder.as_ref().is_none_or(|holder| is_free_text(holder, 64));
        valid.then_some(parts)
    }
}

/// Makes the CRC-32 at the end of a record or note fit what is before it.
pub(crate) fn mend(bytes: &mut [u8]) {
    let reference = crc::Crc::<u32>::new(&crc::CRC_32_ISO_HDLC);
    if let Some(body) = bytes.len().checked_sub(4) {
        let crc = reference.checksum(&bytes[..body]);
        bytes[body..].copy_from_slice(&crc.to_le_bytes());
    }
}

fn push_number(bytes: &mut Vec<u8>, mut number: u64) {
    while number > 127 {
        bytes.push(u8::try_from(number % 128 + 128).unwrap());
        number /= 128;
    }
    bytes.push(u8::try_from(number).unwrap());
}

fn push_bytes(bytes: &mut Vec<u8>, value: &[u8]) {
    push_number(bytes, value.len() as u64);
    bytes.extend(value);
}

fn take<'a>(rest: &mut &'a [u8], len: usize) -> Option<&'a [u8]> {
    let (taken, after) = rest.split_at_checked(len)?;
    *rest = after;
    Some(taken)
}

fn take_number(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u128;
    for place in 0..10 {
        let byte = take(rest, 1)?[0];
        number += u128::from(byte % 128) << (7 * place);
        if byte < 128 {
            // The shortest form only.
            return u64::try_from(number).ok().filter(|_| byte > 0 || place == 0);
        }
    }
    None
}

fn take_bytes<'a>(rest: &mut &'a [u8]) -> Option<&'a [u8]> {
    let len = take_number(rest)?;
    take(rest, usize::try_from(len).ok()?)
}

fn take_text(rest: &mut &[u8]) -> Option<String> {
    String::from_utf8(take_bytes(rest)?.to_vec()).ok()
}

fn take_flag(rest: &mut &[u8]) -> Option<bool> {
    match take(rest, 1)?[0] {
        0 => Some(false),
        1 => Some(true),
        _ => None,
    }
}

pub(crate) fn is_free_text(text: &str, limit: usize) -> bool {
    (1..=limit).contains(&text.len())
        && text.chars().all(|c| !('\0'..='\x1f').contains(&c) && !('\x7f'..='\u{9f}').contains(&c))
}

pub(crate) fn is_account_name(text: &str) -> bool {
    let reserved: Vec<String> = ["con", "prn", "aux", "nul"]
        .map(str::to_owned)
        .into_iter()
        .chain((0..10).flat_map(|n| [format!("com{n}"), format!("lpt{n}")]))
        .collect();
    text.len() <= 128
        && text.split('/').all(|part| {
            let stem = part.split('.').next().unwrap().to_owned();
            part.starts_with(|c: char| c.is_ascii_digit() || c.is_ascii_lowercase())
                && part.chars().all(|c| "abcdefghijklmnopqrstuvwxyz0123456789._-".contains(c))
                && !part.ends_with('.')
                && !part.as_bytes().ends_with(b".otp")
                && !reserved.contains(&stem)
        })
}

/// What a frame means.
pub(crate) fn frame(frame: &[u8]) -> Option<&[u8]> {
    let capacity = frame.len().checked_sub(2).filter(|capacity| *capacity <= 65_535)?;
    let len = usize::from(frame[capacity]) * 256 + usize::from(frame[capacity + 1]);
    let payload = frame[..capacity].get(..len)?;
    frame[len..capacity].iter().all(|byte| *byte == 0).then_some(payload)
}

/// The place of a field among the others.
pub(crate) fn place(name: &str) -> (usize, String) {
    (USUAL_NAMES.iter().position(|usual| *usual == name).unwrap_or(USUAL_NAMES.len()), name.to_owned())
}

/// The fields of an account's payload.
pub(crate) fn fields(payload: &[u8]) -> Option<Vec<(String, Vec<u8>)>> {
    let mut rest = payload;
    let mut fields: Vec<(String, Vec<u8>)> = Vec::new();
    while !rest.is_empty() {
        let name = match usize::from(take(&mut rest, 1)?[0]) {
            0 => {
                let len = usize::from(take(&mut rest, 1)?[0]);
                let name = String::from_utf8(take(&mut rest, len)?.to_vec()).ok()?;
                (is_free_text(&name, 255) && !USUAL_NAMES.contains(&name.as_str())).then_some(name)?
            }
            code => (*USUAL_NAMES.get(code - 1)?).to_owned(),
        };
        let len = take(&mut rest, 2)?;
        let value = take(&mut rest, usize::from(len[0]) * 256 + usize::from(len[1]))?;
        if fields.last().is_some_and(|(last, _)| place(last) >= place(&name)) {
            return None;
        }
        fields.push((name, value.to_vec()));
    }
    Some(fields)
}

/// An account's payload from its fields, in any order.
pub(crate) fn payload<'a>(fields: impl IntoIterator<Item = (&'a String, &'a Vec<u8>)>) -> Vec<u8> {
    let mut sorted: Vec<_> = fields.into_iter().collect();
    sorted.sort_by_key(|(name, _)| place(name));
    let mut payload = Vec::new();
    for (name, value) in sorted {
        let (code, _) = place(name);
        if code < USUAL_NAMES.len() {
            payload.push(u8::try_from(code + 1).unwrap());
        } else {
            payload.extend([0, u8::try_from(name.len()).unwrap()]);
            payload.extend(name.as_bytes());
        }
        payload.extend(u16::try_from(value.len()).unwrap().to_be_bytes());
        payload.extend(value);
    }
    payload
}

pub(crate) fn account(name: &str) -> AccountName {
    AccountName::parse(name).unwrap()
}

pub(crate) fn holder(name: &str) -> Holder {
    Holder::parse(name).unwrap()
}

pub(crate) fn time(secs: u64) -> UnixTime {
    UnixTime::from_secs(secs).unwrap()
}

pub(crate) fn id(byte: u8) -> KeyId {
    KeyId::from_bytes([byte; 10])
}

/// The bytes of a base32 text.
fn base32(text: &str) -> Vec<u8> {
    let (mut bytes, mut bits, mut held) = (Vec::new(), 0_u32, 0);
    for c in text.bytes() {
        let value = b"abcdefghijklmnopqrstuvwxyz234567".iter().position(|letter| *letter == c).unwrap();
        bits = (bits << 5 | u32::try_from(value).unwrap()) & 0xfff;
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).unwrap());
        }
    }
    bytes
}

/// The tag key in a key's text.
pub(crate) fn tag_key(text: &str) -> [u8; 32] {
    let bytes = base32(text.strip_prefix("otpk1_").unwrap());
    let at = 4 + usize::from(bytes[3]) + 10;
    bytes[at..at + 32].try_into().unwrap()
}

/// The text of a key's bytes, to which the CRC-32 is added.
pub(crate) fn key_text(contents: &[u8]) -> String {
    let mut bytes = [contents, &[0; 4]].concat();
    mend(&mut bytes);
    raw_key_text(&bytes)
}

/// The text of a key's bytes as they are.
pub(crate) fn raw_key_text(bytes: &[u8]) -> String {
    let mut text = "otpk1_".to_owned();
    for group in bytes.chunks(5) {
        let mut five = [0; 8];
        five[3..3 + group.len()].copy_from_slice(group);
        let bits = u64::from_be_bytes(five);
        for place in 0..(group.len() * 8).div_ceil(5) {
            let value = usize::try_from(bits >> (35 - 5 * place) & 31).unwrap();
            text.push(char::from(b"abcdefghijklmnopqrstuvwxyz234567"[value]));
        }
    }
    text
}

/// The bytes of a key without its CRC-32.
pub(crate) fn key_contents(text: &str) -> Vec<u8> {
    let mut bytes = base32(text.strip_prefix("otpk1_").unwrap());
    bytes.truncate(bytes.len() - 4);
    bytes
}
