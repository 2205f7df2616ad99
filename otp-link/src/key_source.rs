//! Where the key comes from, and reading it into locked memory.

use std::fmt;
use std::fs::File;
use std::hint::black_box;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use otp_core::{AccountName, ct};
use otp_sys::{LockedBuf, fill};
use zeroize::Zeroize;

use crate::credential;
use crate::environment::{self, Environment, variable};
use crate::error::{Error, Result};
use crate::key_file::{self, KeyFileMode};
use crate::key_origin::KeyOrigin;

/// A key, in memory that is not swapped out.
pub type Key = otp_core::Key<LockedBuf>;

/// The longest text that is read as a key, in bytes: room for the longest key and white space around it.
pub const MAX_KEY_LEN: usize = otp_core::key::MAX_TEXT_LEN + 1024;

/// The length of `otpk1_`.
const PREFIX_LEN: usize = 6;

/// The name of systemd's credential that holds a key.
const CREDENTIAL: &str = "otp-key";

/// Reads a key's text into locked memory.
///
/// # Errors
///
/// As [`otp_core::Key::parse`].
pub fn parse_key(text: &[u8]) -> Result<Key, otp_core::Error> {
    // With room for the white space around it, which is trimmed where nothing depends on the text.
    let len = text.len().min(otp_core::key::MAX_TEXT_LEN);
    Key::parse(text, LockedBuf::new(len * 5 / 8))
}

/// What the caller says about where the key is. The first that is given counts, in this order.
#[derive(Clone, Copy, Default)]
#[non_exhaustive]
pub struct KeySource<'a> {
    /// A file; `-` is standard input.
    pub file: Option<&'a Path>,
    /// An open file descriptor.
    pub fd: Option<i32>,
    /// A credential of this user in Windows' Credential Manager.
    pub credential: Option<&'a str>,
    /// The key itself. On a command line, every user of the machine can read it.
    pub text: Option<&'a [u8]>,
    /// Which key files are accepted.
    pub mode: KeyFileMode,
}

/// What was given as a key, in locked memory that is wiped when it is dropped.
pub(crate) struct KeyText {
    bytes: LockedBuf,
    len: usize,
    origin: KeyOrigin,
}

impl KeyText {
    /// What has come in: the first `len` of these bytes.
    fn new(mut bytes: LockedBuf, len: usize, origin: KeyOrigin) -> Self {
        let len = key_input(&mut bytes.as_mut()[..len], without_marks);
        Self { bytes, len, origin }
    }

    /// The bytes as they came, with white space around them.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes.as_ref()[..self.len]
    }

    fn parse(self) -> Result<Key> {
        let text = self.bytes();
        match parse_key(text) {
            Ok(key) => Ok(key),
            Err(_) if has_none(text, |byte| !is_space(byte)) => Err(Error::EmptyKey { origin: self.origin }),
            Err(_) if looks_like_a_path(text) => Err(Error::PathAsKey { origin: self.origin }),
            Err(error) => Err(Error::InvalidKey { origin: self.origin, error }),
        }
    }
}

/// No key has a path separator in it; prose often does, and white space as well.
fn looks_like_a_path(text: &[u8]) -> bool {
    text.len() < 1024 && !has_none(text, |byte| is(byte, b'/') | is(byte, b'\\')) && has_none(text, is_space)
}

/// Marks a key's text that has just come in, from outside or from a ring, as secret. `to_text` makes it UTF-8, and
/// returns its length.
pub(crate) fn key_input(bytes: &mut [u8], to_text: impl FnOnce(&mut [u8]) -> usize) -> usize {
    otp_sys::secret_input(bytes);
    let len = to_text(bytes);
    reveal_prefix(&bytes[..len]);
    len
}

/// What every key begins with, after white space, is public.
fn reveal_prefix(text: &[u8]) {
    if cfg!(otp_ct) {
        let is_space = |byte: &u8| ct::equal(&[u8::from(is_space(*byte))], &[1]);
        let start = text.iter().take_while(|byte| is_space(byte)).count();
        otp_sys::hand_over(&text[..text.len().min(start + PREFIX_LEN)]);
    }
}

/// Whether no byte of a text is one of those. The text may be a key with a mistake in it: only the answer shows, not
/// where such a byte is.
fn has_none(text: &[u8], is_one: impl Fn(u8) -> bool) -> bool {
    let any = text.iter().fold(0, |any, byte| any | black_box(u8::from(is_one(*byte))));
    ct::equal(&[any], &[0])
}

fn is(byte: u8, other: u8) -> bool {
    black_box(byte ^ other) == 0
}

/// White space, as a key may have around it.
fn is_space(byte: u8) -> bool {
    b"\t\n\x0c\r ".iter().fold(false, |any, space| any | is(byte, *space))
}

impl KeySource<'_> {
    /// Reads the key from the first place that is given: file, descriptor, credential, text, `OTP_KEY_FILE`, `OTP_KEY`, then the
    /// file `otp-key` in systemd's `$CREDENTIALS_DIRECTORY`.
    ///
    /// A regular file that a key is read from must be its owner's alone; see [`check_key_file`](crate::check_key_file).
    ///
    /// # Errors
    ///
    /// [`Error::NoKey`] if no place is given at all. A place that fails is not skipped in favour of the next:
    /// [`Error::KeyNotRead`], [`Error::KeyOpenToOthers`], [`Error::KeyOwnedByOther`], [`Error::KeyTooLong`],
    /// [`Error::InvalidKey`].
    pub fn read(&self) -> Result<Key> {
        self.read_text(&environment::process, MAX_KEY_LEN)?.parse()
    }

    /// Like [`KeySource::read`], and checks that the key is for the named account, if one is named.
    ///
    /// # Errors
    ///
    /// As [`KeySource::read`], and [`Error::OtherAccount`].
    pub fn read_for(&self, account: Option<&str>) -> Result<Key> {
        let key = self.read()?;
        check_account(&key, account)?;
        Ok(key)
    }

    /// Like [`KeySource::read`], but returns `None` if no place is given at all.
    ///
    /// # Errors
    ///
    /// As [`KeySource::read`], except [`Error::NoKey`].
    pub fn read_if_given(&self) -> Result<Option<Key>> {
        match self.read() {
            Err(Error::NoKey) => Ok(None),
            key => key.map(Some),
        }
    }

    /// Refuses more than one place, since it would not be clear which one is meant.
    ///
    /// # Errors
    ///
    /// [`Error::SeveralKeys`]
    pub fn check_single(&self) -> Result<()> {
        let given = [self.text.is_some(), self.file.is_some(), self.fd.is_some(), self.credential.is_some()];
        if given.iter().filter(|given| **given).count() > 1 { Err(Error::SeveralKeys) } else { Ok(()) }
    }

    /// Reads what is given. Anything longer than `max_len` bytes is refused, and not read to its end.
    pub(crate) fn read_text(&self, environment: Environment<'_>, max_len: usize) -> Result<KeyText> {
        let credentials = variable(environment, "CREDENTIALS_DIRECTORY").map(PathBuf::from);
        let file = |path: &Path, origin: fn(PathBuf) -> KeyOrigin| {
            if path == Path::new("-") {
                return from_stream(otp_sys::standard_input(), KeyOrigin::StandardInput, max_len);
            }
            from_file(path, origin(path.to_owned()), self.mode, credentials.as_deref(), max_len)
        };
        if let Some(path) = self.file {
            return file(path, KeyOrigin::File);
        }
        if let Some(number) = self.fd {
            return from_stream(otp_sys::take_fd(number), KeyOrigin::Descriptor(number), max_len);
        }
        if let Some(target) = self.credential {
            let origin = KeyOrigin::CredentialManager(target.to_owned());
            return from_bytes(credential::read(target)?.as_ref(), origin, max_len);
        }
        if let Some(text) = self.text {
            return from_bytes(text, KeyOrigin::Argument, max_len);
        }
        if let Some(path) = variable(environment, "OTP_KEY_FILE") {
            return file(Path::new(&path), KeyOrigin::FileVariable);
        }
        if let Some(text) = variable(environment, "OTP_KEY") {
            let mut bytes = text.into_encoded_bytes();
            let key = from_bytes(&bytes, KeyOrigin::Variable, max_len);
            bytes.zeroize();
            return key;
        }
        if let Some(directory) = &credentials {
            match file(&directory.join(CREDENTIAL), KeyOrigin::Credential) {
                // A service may have other credentials than this one.
                Err(Error::KeyNotRead { source, .. }) if source.kind() == ErrorKind::NotFound => {}
                outcome => return outcome,
            }
        }
        Err(Error::NoKey)
    }
}

/// Checks that a key is for the named account, if one was named.
pub(crate) fn check_account(key: &Key, named: Option<&str>) -> Result<()> {
    match named.map(AccountName::parse).transpose()? {
        Some(named) if named != *key.account() => {
            Err(Error::OtherAccount { named: named.into(), key: key.account().clone().into() })
        }
        _ => Ok(()),
    }
}

fn from_file(
    path: &Path,
    origin: KeyOrigin,
    mode: KeyFileMode,
    credentials: Option<&Path>,
    max_len: usize,
) -> Result<KeyText> {
    match key_file::open(path, mode, credentials) {
        Ok((file, len)) => from_open(file, origin, max_len, len.and_then(|len| usize::try_from(len).ok())),
        // It says where the path came from.
        Err(Error::KeyNotRead { source, .. }) => Err(Error::KeyNotRead { origin, source }),
        Err(error) => Err(error),
    }
}

/// How much memory a key takes at first if its length is not known in advance: a page.
const FIRST_LEN: usize = 4096;

fn from_stream(file: io::Result<File>, origin: KeyOrigin, max_len: usize) -> Result<KeyText> {
    match file {
        Ok(file) => {
            key_file::check_open(&file, &origin);
            from_open(file, origin, max_len, None)
        }
        Err(source) => Err(Error::KeyNotRead { origin, source }),
    }
}

/// Reads straight into locked memory: with one read if the length is known, otherwise in growing steps.
fn from_open(mut file: File, origin: KeyOrigin, max_len: usize, known: Option<usize>) -> Result<KeyText> {
    let most = max_len.saturating_add(1);
    let mut bytes = LockedBuf::new(known.unwrap_or(FIRST_LEN).min(most));
    let mut len = 0;
    loop {
        len += match fill(&mut file, &mut bytes.as_mut()[len..]) {
            Ok(count) => count,
            Err(source) => return Err(Error::KeyNotRead { origin, source }),
        };
        if len > max_len {
            return Err(Error::KeyTooLong { origin, limit: max_len });
        }
        if known.is_some() || len < bytes.as_ref().len() {
            return Ok(KeyText::new(bytes, len, origin));
        }
        let mut larger = LockedBuf::new(len.saturating_mul(4).min(most));
        larger.as_mut()[..len].copy_from_slice(bytes.as_ref());
        bytes = larger;
    }
}

/// Removes a byte order mark, and turns UTF-16 into bytes, in place: Windows tools write both. Returns the new length.
///
/// A character outside ASCII becomes one that no key has.
fn without_marks(text: &mut [u8]) -> usize {
    let starts_with = |mark: &[u8]| text.get(..mark.len()).is_some_and(|start| ct::equal(start, mark));
    let (is_utf8, is_little, is_big) =
        (starts_with(b"\xef\xbb\xbf"), starts_with(b"\xff\xfe"), starts_with(b"\xfe\xff"));
    let len = if is_utf8 {
        text.copy_within(3.., 0);
        text.len() - 3
    } else if is_little || is_big {
        let (low, high) = if is_little { (2, 3) } else { (3, 2) };
        let len = (text.len() - 2) / 2;
        for at in 0..len {
            text[at] = narrow(text[low + 2 * at], text[high + 2 * at]);
        }
        len
    } else {
        return text.len();
    };
    text[len..].zeroize();
    len
}

/// The byte of a character of UTF-16, or one that no key has. Without a branch: the text is secret.
fn narrow(low: u8, high: u8) -> u8 {
    // All bits if it is within ASCII, none otherwise.
    let beyond = u16::from(high) | u16::from(low >> 7);
    let mask = black_box((beyond.wrapping_sub(1) >> 8) as u8);
    (low & mask) | (b'?' & !mask)
}

/// Removes the second byte of each character from UTF-16 text without a mark. Returns the new length.
fn without_zeros(text: &mut [u8]) -> usize {
    let is_wide = text.len() >= 2 && text.len().is_multiple_of(2) && text.chunks_exact(2).all(|unit| unit[1] == 0);
    if !is_wide {
        return text.len();
    }
    let len = text.len() / 2;
    for at in 0..len {
        text[at] = text[2 * at];
    }
    text[len..].zeroize();
    len
}

fn from_bytes(text: &[u8], origin: KeyOrigin, max_len: usize) -> Result<KeyText> {
    if text.len() > max_len {
        return Err(Error::KeyTooLong { origin, limit: max_len });
    }
    let mut bytes = LockedBuf::new(text.len());
    bytes.as_mut().copy_from_slice(text);
    // Credentials that other tools have written are in UTF-16.
    let is_credential = matches!(origin, KeyOrigin::CredentialManager(_));
    let len = if is_credential { without_zeros(bytes.as_mut()) } else { text.len() };
    Ok(KeyText::new(bytes, len, origin))
}

impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyText(..)")
    }
}

impl fmt::Debug for KeySource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text.map(|_| "..");
        f.debug_struct("KeySource")
            .field("file", &self.file)
            .field("fd", &self.fd)
            .field("credential", &self.credential)
            .field("text", &text)
            .field("mode", &self.mode)
            .finish()
    }
}

#[cfg(all(test, unix))]
mod tests;
