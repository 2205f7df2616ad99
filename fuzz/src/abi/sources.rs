//! Where keys and records come from, and what is wrong with what a call is given.

use std::fs::{self, File};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;

use otp_core::{Capacity, Code, Coded, Key};
use otp_reference::{LAST_TIME, is_account_name, is_free_text, payload};

use super::given::{Bytes, Fields, Granted, Passed, Sourced, Text, arrives};
use super::steps::Source;
use super::world::{State, World};
use crate::scratch::change_mode;

/// A source, what is wrong with it, and the key that it yields.
pub(super) struct Prepared {
    pub(super) source: Sourced,
    pub(super) faults: Vec<Code>,
    pub(super) key: Option<usize>,
    /// Open during the call.
    pub(super) file: Option<File>,
}

/// Whether this process has a key in its environment, which calls without a key would find.
fn has_key() -> bool {
    otp_link::KEY_VARIABLES.iter().chain(&["CREDENTIALS_DIRECTORY"]).any(|name| std::env::var_os(name).is_some())
}

impl World {
    /// A source for a call that needs a key.
    pub(super) fn prepare_key(&self, given: &Source<'_>) -> Prepared {
        let mut prepared = self.prepare(given);
        prepared.faults.extend((!prepared.source.gives_key()).then_some(Code::Usage));
        prepared
    }

    pub(super) fn prepare(&self, given: &Source<'_>) -> Prepared {
        let picked = self.pick(given.key);
        let mut text = picked.map_or_else(|| b"otpk1_aaaa".to_vec(), |at| self.keys[at].text.clone().into_bytes());
        if given.change.0 > 230 {
            given.change.1.apply(&mut text);
        }
        let mut source = Sourced {
            wrong_size: given.odd == 255,
            reserved: given.odd == 254,
            any_key_file_mode: given.any_mode,
            store: self.store.clone(),
            ..Sourced::default()
        };
        let mut faults = if source.wrong_size || source.reserved { vec![Code::Usage] } else { Vec::new() };
        let file = self.key_file(&text, if given.way % 8 == 5 { 0o644 } else { 0o600 });
        let path = Some(self.path("key"));
        match given.way % 8 {
            3 if !has_key() => {}
            4 => source.key_file = path,
            5 => {
                source.key_file = path;
                faults.extend((!given.any_mode).then_some(Code::UnsafePermissions));
            }
            6 => source.key_fd = Some(file.as_raw_fd()),
            7 if given.odd < 64 => {
                source.key_fd = Some(-1 - i32::from(given.odd));
                faults.push(Code::Other);
            }
            7 => {
                faults.push(Code::Usage);
                match given.odd {
                    64..100 => source.key = Some(Bytes::Huge(text.clone())),
                    100..150 => source.key = Some(Bytes::Null { len: text.len().max(1) }),
                    _ => (source.key, source.key_file) = (Some(Bytes::Here(text.clone())), path),
                }
            }
            _ => source.key = Some(Bytes::Here(text.clone())),
        }
        if let (true, Some(at)) = (given.by_record, picked) {
            let known = &self.keys[at];
            source.store = None;
            source.record = Some(self.path(&format!("store/{}/{}.otp", known.account, known.id)));
            if !self.is_there(at) {
                faults.push(Code::StoreUnavailable);
            }
        }
        source.account = given.account.as_ref().and_then(super::steps::Name::account);
        let account = arrives(&source.account);
        faults.extend((source.account.is_some() && !account.is_some_and(is_account_name)).then_some(Code::Usage));
        let key = source.gives_key().then(|| self.arriving_key(&text, account, &mut faults)).flatten();
        Prepared { source, faults, key, file: Some(file) }
    }

    /// The key that a text stands for, if any; adds what is wrong with it, for the given account.
    fn arriving_key(&self, text: &[u8], account: Option<&str>, faults: &mut Vec<Code>) -> Option<usize> {
        let key = match Key::parse_owned(text) {
            Ok(key) => key,
            Err(error) => {
                let is_path = text.iter().any(|byte| matches!(byte, b'/' | b'\\'));
                faults.push(if is_path { Code::MalformedKey } else { error.code() });
                return None;
            }
        };
        faults.extend(account.filter(|account| *account != key.account().as_str()).map(|_| Code::WrongKey));
        let known = self.keys.iter().position(|known| known.text == key.to_text().as_str());
        match known {
            None => faults.extend([Code::WrongKey, Code::NotFound]),
            Some(at) if !self.is_there(at) => faults.push(Code::NotFound),
            Some(_) => {}
        }
        known
    }

    fn key_file(&self, text: &[u8], mode: u32) -> File {
        let path = self.home.path().join("key");
        fs::write(&path, text).unwrap();
        change_mode(&path, mode);
        File::open(path).unwrap()
    }

    pub(super) fn path(&self, name: &str) -> Vec<u8> {
        self.home.path().join(name).as_os_str().as_bytes().to_vec()
    }

    /// The store, or something else in its place, and what is wrong with that.
    pub(super) fn store(&self, odd: u8) -> (Text, Vec<Code>) {
        match odd {
            255 => (Some(Vec::new()), vec![Code::Usage]),
            254 => (Some(self.path("none")), vec![Code::StoreUnavailable]),
            _ => (self.store.clone(), Vec::new()),
        }
    }

    pub(super) fn is_there(&self, at: usize) -> bool {
        self.keys[at].state != State::Gone
    }

    /// One of the keys.
    pub(super) fn pick(&self, number: u8) -> Option<usize> {
        (!self.keys.is_empty()).then(|| usize::from(number) % self.keys.len())
    }
}

pub(super) fn account_faults(account: &Text) -> Vec<Code> {
    if arrives(account).is_some_and(is_account_name) { Vec::new() } else { vec![Code::Usage] }
}

/// What is wrong with terms for a payload of `len` bytes, if frames have at least `least` bytes by default.
pub(super) fn grant_faults(grant: &Granted, len: usize, least: usize) -> Vec<Code> {
    let holder = grant.holder.is_none() || arrives(&grant.holder).is_some_and(|holder| is_free_text(holder, 64));
    let expires = grant.expires != 1 && grant.expires <= LAST_TIME;
    let is_capacity = |capacity: &Capacity| u32::try_from(capacity.bytes()) == Ok(grant.capacity);
    let capacity = match grant.capacity {
        0 => len <= 65_535,
        bytes => Capacity::ALL.iter().any(is_capacity) && len <= usize::try_from(bytes).unwrap(),
    };
    let valid = match grant.passed {
        Passed::Well => holder && expires && capacity && !grant.reserved && pages_fit(grant, len.max(least)),
        Passed::Null => len <= 65_535,
        Passed::WrongSize | Passed::Misaligned => false,
    };
    if valid { Vec::new() } else { vec![Code::Usage] }
}

/// Whether a key can have that many pages. No account name is long enough to matter for the numbers that are tried.
fn pages_fit(grant: &Granted, len: usize) -> bool {
    let capacity = match grant.capacity {
        0 => Capacity::fitting(len).map_or(usize::MAX, Capacity::bytes),
        bytes => usize::try_from(bytes).unwrap(),
    };
    // Each page has 32 bytes for the tag key and two for the length.
    grant.pages <= 1 || (grant.pages <= 255 && capacity.saturating_add(34).saturating_mul(9) < 65_000)
}

type Named = Vec<(String, Vec<u8>)>;

/// The fields that the call sees, if it can.
pub(super) fn arriving(fields: &Fields) -> Option<Named> {
    if fields.passed != Passed::Well || fields.list.is_empty() {
        return None;
    }
    let mut named = Named::new();
    for (name, value) in &fields.list {
        let (name, value) = (arrives(name)?.to_owned(), value.arrive()?.to_vec());
        if !is_free_text(&name, 255) || value.len() > 65_535 || named.iter().any(|(other, _)| *other == name) {
            return None;
        }
        named.push((name, value));
    }
    (payload_len(&named) <= 65_535).then_some(named)
}

/// What is wrong with the fields for new keys with these terms.
pub(super) fn fields_faults(fields: Option<&Named>, grant: &Granted) -> Option<Code> {
    let allowed = grant.passed == Passed::Well && grant.allow_empty_password;
    let is_empty = |(name, value): &(String, Vec<u8>)| name == "password" && value.is_empty();
    let valid = fields.is_some_and(|fields| allowed || !fields.iter().any(is_empty));
    (!valid).then_some(Code::Usage)
}

pub(super) fn payload_len(fields: &Named) -> usize {
    payload(fields.iter().map(|(name, value)| (name, value))).len()
}
