//! Where the store and the key come from: one look-up for the command line, C and Python.
//!
//! The environment comes in as a function, `&|name| std::env::var_os(name)`, so that nothing here depends on the process's.
//! A variable that is set to nothing counts as not set.

use std::ffi::{OsStr, OsString};
use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use otp_core::Key;
use zeroize::Zeroize;

use crate::Error;
use crate::key_file::{self, Strictness};
pub use crate::key_file::{check_key_file, make_key_dir, write_key_file};
use crate::read::fill;
use crate::sys::{self, LockedBuf};

/// Looks up a variable of the environment.
pub type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The variables that lead to a key. They have no business in the environment of the program that gets the secret.
pub const KEY_VARIABLES: [&str; 2] = ["OTP_KEY", "OTP_KEY_FILE"];

/// A key, whose bytes are in memory that is not swapped out.
pub type LockedKey = Key<LockedBuf>;

/// The longest text that is read as a key, in bytes: room for a longest key and white space around it.
pub const MAX_KEY_LEN: usize = LockedKey::MAX_TEXT_LEN + 1024;

/// A variable of this process's own environment: an [`Environment`] for those who want no other.
#[must_use]
pub fn environment(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// Reads a key's text into locked memory.
///
/// # Errors
///
/// As [`Key::parse`].
pub fn parse_key(text: &[u8]) -> Result<LockedKey, otp_core::Error> {
    let text = text.trim_ascii();
    let len = text.len().min(LockedKey::MAX_TEXT_LEN);
    Key::parse(text, LockedBuf::new(len * 5 / 8))
}

/// The name of systemd's credential that holds a key.
const CREDENTIAL: &str = "otp-key";

/// Which way of naming a store was the one that counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StoreSource {
    /// The caller named it.
    Explicit,
    /// `OTP_STORE` did.
    Variable,
    /// It is the platform's directory for a user's data.
    Default,
}

/// A store's root, and who named it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreChoice {
    /// The root's path.
    pub path: PathBuf,
    /// Who named it.
    pub source: StoreSource,
}

impl StoreChoice {
    /// The first that is given: `explicit`, `OTP_STORE`, then `otp/store` in the platform's directory for a user's data.
    ///
    /// That directory is `$XDG_DATA_HOME` or `~/.local/share`; on macOS `~/Library/Application Support`, on Windows
    /// `%LOCALAPPDATA%`. Whether there is a store is not looked at.
    ///
    /// # Errors
    ///
    /// [`Error::NoStore`]: none is named, and the environment has no home directory.
    pub fn find(explicit: Option<&Path>, environment: Environment<'_>) -> Result<Self, Error> {
        if let Some(path) = explicit {
            return Ok(Self { path: path.to_owned(), source: StoreSource::Explicit });
        }
        if let Some(path) = variable(environment, "OTP_STORE") {
            return Ok(Self { path: path.into(), source: StoreSource::Variable });
        }
        let data = data_directory(environment).ok_or(Error::NoStore)?;
        Ok(Self { path: data.join("otp").join("store"), source: StoreSource::Default })
    }
}

#[cfg(all(unix, not(target_os = "macos")))]
fn data_directory(environment: Environment<'_>) -> Option<PathBuf> {
    // "All paths set in these environment variables must be absolute", others are to be ignored (XDG Base Directory).
    let data = variable(environment, "XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    data.or_else(|| Some(Path::new(&variable(environment, "HOME")?).join(".local/share")))
}

#[cfg(target_os = "macos")]
#[cfg_attr(mutants, mutants::skip)]
fn data_directory(environment: Environment<'_>) -> Option<PathBuf> {
    Some(Path::new(&variable(environment, "HOME")?).join("Library/Application Support"))
}

#[cfg(windows)]
#[cfg_attr(mutants, mutants::skip)]
fn data_directory(environment: Environment<'_>) -> Option<PathBuf> {
    variable(environment, "LOCALAPPDATA").map(PathBuf::from)
}

/// What the caller says about where the key is. The first that is given counts, in this order.
#[derive(Clone, Copy, Default)]
pub struct KeyChoice<'a> {
    /// A file; `-` is standard input.
    pub file: Option<&'a Path>,
    /// An open file descriptor.
    pub fd: Option<i32>,
    /// The key itself. On a command line every user of the machine can read it.
    pub text: Option<&'a OsStr>,
}

/// Which way the key came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// A file that the caller named.
    File(PathBuf),
    /// Standard input.
    StandardInput,
    /// A file descriptor that the caller named.
    Descriptor(i32),
    /// The caller gave it.
    Text,
    /// The file that `OTP_KEY_FILE` names.
    FileVariable(PathBuf),
    /// `OTP_KEY`.
    Variable,
    /// The credential that systemd hands to a service.
    Credential(PathBuf),
}

/// A key's text, in locked memory that is wiped when it is dropped.
pub struct KeyText {
    bytes: LockedBuf,
    len: usize,
    source: KeySource,
}

impl KeyText {
    /// The text as it came, with white space around it. It need not be that of a key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // It was checked when it was read.
        str::from_utf8(&self.bytes.as_ref()[..self.len]).unwrap_or_default()
    }

    /// Which way it came.
    #[must_use]
    pub fn source(&self) -> &KeySource {
        &self.source
    }
}

impl KeyChoice<'_> {
    /// Reads the key from the first place that is given: file, descriptor, text, `OTP_KEY_FILE`, `OTP_KEY`, then the
    /// file `otp-key` in systemd's `$CREDENTIALS_DIRECTORY`.
    ///
    /// `max_len` is the most that a key's text takes, in bytes; what is longer is refused, and not read to its end.
    /// A regular file that a key is read from must be its owner's alone; see [`check_key_file`].
    ///
    /// # Errors
    ///
    /// [`Error::NoKey`] if none is given at all; for the one that counts, [`Error::Key`], [`Error::KeyOpenToOthers`],
    /// [`Error::KeyOwnedByOther`], [`Error::KeyTooLong`], [`Error::KeyNotText`]. A place that fails is not
    /// passed over in favour of the next.
    pub fn read(&self, environment: Environment<'_>, max_len: usize) -> Result<KeyText, Error> {
        if let Some(path) = self.file {
            return from_path(path, KeySource::File, max_len);
        }
        if let Some(number) = self.fd {
            let source = KeySource::Descriptor(number);
            return from_stream(sys::take_fd(number), source, max_len);
        }
        if let Some(text) = self.text {
            return from_bytes(text.as_encoded_bytes(), KeySource::Text, max_len);
        }
        if let Some(path) = variable(environment, "OTP_KEY_FILE") {
            return from_path(Path::new(&path), KeySource::FileVariable, max_len);
        }
        if let Some(text) = variable(environment, "OTP_KEY") {
            let mut bytes = text.into_encoded_bytes();
            let key = from_bytes(&bytes, KeySource::Variable, max_len);
            bytes.zeroize();
            return key;
        }
        if let Some(directory) = variable(environment, "CREDENTIALS_DIRECTORY") {
            let path = Path::new(&directory).join(CREDENTIAL);
            match from_file(&path, KeySource::Credential(path.clone()), Strictness::Credential, max_len) {
                // A service may have other credentials than this.
                Err(Error::Key { source, .. }) if source.kind() == ErrorKind::NotFound => {}
                outcome => return outcome,
            }
        }
        Err(Error::NoKey)
    }
}

fn from_path(path: &Path, source: fn(PathBuf) -> KeySource, max_len: usize) -> Result<KeyText, Error> {
    if path == Path::new("-") {
        return from_stream(sys::standard_input(), KeySource::StandardInput, max_len);
    }
    from_file(path, source(path.to_owned()), Strictness::Owner, max_len)
}

fn from_file(path: &Path, source: KeySource, strictness: Strictness, max_len: usize) -> Result<KeyText, Error> {
    let (file, len) = key_file::open(path, strictness)?;
    from_open(file, source, max_len, len.and_then(|len| usize::try_from(len).ok()))
}

/// How much memory a key takes at first that comes from a place which does not tell its length: a page.
const FIRST_LEN: usize = 4096;

fn from_stream(file: io::Result<File>, source: KeySource, max_len: usize) -> Result<KeyText, Error> {
    match file {
        Ok(file) => from_open(file, source, max_len, None),
        Err(error) => Err(Error::Key { origin: source.to_string(), source: error }),
    }
}

/// Reads straight into locked memory: with one read if the length is known, and else in steps that grow.
fn from_open(mut file: File, source: KeySource, max_len: usize, known: Option<usize>) -> Result<KeyText, Error> {
    let most = max_len.saturating_add(1);
    let mut bytes = LockedBuf::new(known.unwrap_or(FIRST_LEN).min(most));
    let mut len = 0;
    loop {
        len += match fill(&mut file, &mut bytes.as_mut()[len..]) {
            Ok(count) => count,
            Err(error) => return Err(Error::Key { origin: source.to_string(), source: error }),
        };
        if len > max_len {
            return Err(Error::KeyTooLong { origin: source.to_string(), limit: max_len });
        }
        if known.is_some() || len < bytes.as_ref().len() {
            return finish(bytes, len, source);
        }
        let mut larger = LockedBuf::new(len.saturating_mul(4).min(most));
        larger.as_mut()[..len].copy_from_slice(bytes.as_ref());
        bytes = larger;
    }
}

fn from_bytes(text: &[u8], source: KeySource, max_len: usize) -> Result<KeyText, Error> {
    if text.len() > max_len {
        return Err(Error::KeyTooLong { origin: source.to_string(), limit: max_len });
    }
    let mut bytes = LockedBuf::new(text.len());
    bytes.as_mut().copy_from_slice(text);
    finish(bytes, text.len(), source)
}

fn finish(bytes: LockedBuf, len: usize, source: KeySource) -> Result<KeyText, Error> {
    if str::from_utf8(&bytes.as_ref()[..len]).is_err() {
        return Err(Error::KeyNotText { origin: source.to_string() });
    }
    Ok(KeyText { bytes, len, source })
}

fn variable(environment: Environment<'_>, name: &str) -> Option<OsString> {
    environment(name).filter(|value| !value.is_empty())
}

impl fmt::Display for KeySource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::StandardInput => f.write_str("standard input"),
            Self::Descriptor(number) => write!(f, "file descriptor {number}"),
            Self::Text => f.write_str("the command line"),
            Self::FileVariable(path) => write!(f, "{} (from OTP_KEY_FILE)", path.display()),
            Self::Variable => f.write_str("OTP_KEY"),
            Self::Credential(path) => write!(f, "{} (systemd's credential)", path.display()),
        }
    }
}

impl fmt::Debug for KeyChoice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.text.map(|_| "..");
        f.debug_struct("KeyChoice").field("file", &self.file).field("fd", &self.fd).field("text", &text).finish()
    }
}

impl fmt::Debug for KeyText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyText").field("source", &self.source).finish_non_exhaustive()
    }
}
