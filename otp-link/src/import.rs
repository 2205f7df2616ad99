//! Importing a file of Secure-Python-Link.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use otp_sys::LockedVec;

use crate::add::add_account;
use crate::error::{Error, Result};
use crate::key_source::KeySource;
use crate::new_key::NewKey;
use crate::place::Place;
use crate::randomness::Randomness;
use crate::secure_python_link::{Leak, MAX_FILE_LEN, OldFile};
use crate::terms::KeyTerms;

/// What an import returns besides the account.
#[derive(Debug)]
#[non_exhaustive]
pub struct Imported {
    /// What the old file alone revealed of the username and of the password.
    pub leaks: [Leak; 2],
}

/// Turns a file of Secure-Python-Link into an account with username and password, and hands over its first key.
///
/// Nothing in the file is executed, and the file stays as it is. `old_keys` are those of the user and of the password.
///
/// # Errors
///
/// [`Error::FileNotRead`], [`Error::SecurePythonLink`], and those of [`add_account`].
pub fn import_secure_python_link<'p, E: From<Error>>(
    file: &Path,
    old_keys: [&[u8]; 2],
    account: &str,
    terms: &KeyTerms<'_>,
    place: impl Into<Place<'p>>,
    randomness: &mut Randomness,
    hand_over: impl FnOnce(NewKey) -> Result<(), E>,
) -> Result<Imported, E> {
    let old = read_old_file(file)?;
    let (user, password) = old.open(old_keys[0], old_keys[1]).map_err(Error::from)?;
    let fields = [("username", &*user), ("password", &*password)];
    add_account(account, &fields, terms, place, randomness, hand_over)?;
    Ok(Imported { leaks: old.leaks() })
}

/// Reads and parses a file of Secure-Python-Link.
///
/// # Errors
///
/// [`Error::FileNotRead`], [`Error::SecurePythonLink`].
pub fn read_old_file(path: &Path) -> Result<OldFile> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(MAX_FILE_LEN as u64 + 1).read_to_end(&mut bytes))
        .map_err(|source| Error::FileNotRead { path: path.to_owned(), source })?;
    Ok(OldFile::parse(&bytes)?)
}

/// Reads an old key from a file that is its owner's alone; `-` is standard input.
///
/// # Errors
///
/// Those of [`KeySource::read`].
pub fn read_old_key(path: &Path) -> Result<LockedVec> {
    let source = KeySource { file: Some(path), ..KeySource::default() };
    let text = source.read_text(&|_| None, MAX_FILE_LEN)?;
    Ok(text.bytes().into())
}
