//! The file of `otp_link.workflow_security`: two records in one file, each with a key of its own.
//!
//! ```text
//! "OTPW" | version, 1 | length of a record (4, big-endian) | record of the user | length (4) | record of the password
//! ```
//!
//! The records are those of `docs/format.md`, for the accounts `user` and `password`; each holds the value's bytes as they are.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use otp_core::error::RecordFault;
use otp_core::{Record, Secret};
use otp_link::secure_python_link::OldFile;
use otp_link::{KeyTerms, LockedBuf, NewKey, Randomness};
use pyo3::prelude::*;
use pyo3::types::PyString;

use crate::convert::{PathArgument, bytes_of, new_key};
use crate::error::{Error, Result};

const PREFIX: &[u8; 5] = b"OTPW\x01";
const MAX_LEN: usize = PREFIX.len() + 2 * (4 + Record::MAX_LEN);

/// Seals user and password into one file, which replaces an existing one. Returns the two keys.
#[pyfunction]
pub(crate) fn workflow_seal<'py>(
    py: Python<'py>,
    user: &Bound<'py, PyAny>,
    password: &Bound<'py, PyAny>,
    file: PathArgument,
) -> Result<(Bound<'py, PyAny>, Bound<'py, PyAny>)> {
    let (user, password) = (bytes_of(user, "user")?, bytes_of(password, "password")?);
    let (user, password) = (user.as_bytes(), password.as_bytes());
    let (user_key, pass_key, bytes) = py.detach(|| seal(user, password))?;
    // Make everything that Python needs before the file is replaced.
    let keys = (new_key(py, &user_key)?, new_key(py, &pass_key)?);
    py.detach(|| replace(&file, &bytes)).map_err(|source| io_error("write", &file, source))?;
    Ok(keys)
}

fn seal(user: &[u8], password: &[u8]) -> Result<(NewKey, NewKey, Vec<u8>), otp_link::Error> {
    let (terms, randomness) = (KeyTerms::default(), &mut Randomness::system());
    let (user_key, user_record) = otp_link::seal_bytes("user", user, &terms, randomness)?;
    let (pass_key, pass_record) = otp_link::seal_bytes("password", password, &terms, randomness)?;
    let mut bytes = PREFIX.to_vec();
    for record in [user_record, pass_record] {
        let len = u32::try_from(record.len()).expect("a record is at most Record::MAX_LEN bytes long");
        bytes.extend_from_slice(&len.to_be_bytes());
        bytes.extend_from_slice(&record);
    }
    Ok((user_key, pass_key, bytes))
}

/// Opens user and password with their keys. The third value tells whether Secure-Python-Link itself wrote the file.
#[pyfunction]
pub(crate) fn workflow_open<'py>(
    py: Python<'py>,
    user_key: &Bound<'py, PyAny>,
    pass_key: &Bound<'py, PyAny>,
    file: PathArgument,
) -> Result<(Bound<'py, PyString>, Bound<'py, PyString>, bool)> {
    let (user_key, pass_key) = (bytes_of(user_key, "user_key")?, bytes_of(pass_key, "pass_key")?);
    let (user_key, pass_key) = (user_key.as_bytes(), pass_key.as_bytes());
    let bytes = py.detach(|| read(&file)).map_err(|source| io_error("read", &file, source))?;
    let in_file = |error| Error::InFile { path: file.to_path_buf(), error };
    if let Some(records) = bytes.strip_prefix(PREFIX) {
        let [user, password] = split(records).map_err(in_file)?;
        let user = py.detach(|| open(user_key, user, "user")).map_err(in_file)?;
        let password = py.detach(|| open(pass_key, password, "password")).map_err(in_file)?;
        return Ok((text(py, user.expose(), "user")?, text(py, password.expose(), "password")?, false));
    }
    let opened = py.detach(|| OldFile::parse(&bytes)?.open(user_key, pass_key));
    let (user, password) = opened.map_err(|error| in_file(error.into()))?;
    Ok((PyString::from_bytes(py, &user)?, PyString::from_bytes(py, &password)?, true))
}

fn open(key: &[u8], record: &[u8], account: &str) -> Result<Secret<LockedBuf>, otp_link::Error> {
    if Record::decode(record)?.header().account.as_str() != account {
        return Err(otp_core::Error::WrongKey.into());
    }
    otp_link::open_bytes(key, record)
}

/// A value as Python has it. The interpreter's own error would hold the value.
fn text<'py>(py: Python<'py>, value: &[u8], account: &'static str) -> Result<Bound<'py, PyString>> {
    let text = str::from_utf8(value).map_err(|_| Error::NotText { account })?;
    Ok(PyString::new(py, text))
}

/// The two records behind the prefix.
fn split(bytes: &[u8]) -> Result<[&[u8]; 2], otp_link::Error> {
    let take = |bytes| {
        let (len, rest): (&[u8; 4], &[u8]) = <[u8]>::split_first_chunk(bytes)?;
        rest.split_at_checked(usize::try_from(u32::from_be_bytes(*len)).ok()?)
    };
    let records = take(bytes).and_then(|(user, rest)| take(rest).map(|(password, rest)| (user, password, rest)));
    match records {
        Some((user, password, [])) => Ok([user, password]),
        _ => Err(otp_core::Error::DamagedRecord(RecordFault::Length).into()),
    }
}

/// Reads the file; if it is too long, just enough to show that.
fn read(file: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(file)?.take(MAX_LEN as u64 + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn io_error(action: &'static str, file: &Path, source: io::Error) -> Error {
    Error::Io { action, path: file.to_owned(), source }
}

/// Puts bytes in place of a file, whole or not at all. The file keeps its mode.
fn replace(file: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut name = file.file_name().ok_or(io::ErrorKind::InvalidInput)?.to_owned();
    name.push(format!(".{}.new", std::process::id()));
    let temporary = file.with_file_name(name);
    let write = || {
        let mut new = File::options().write(true).create_new(true).open(&temporary)?;
        if let Ok(old) = fs::metadata(file) {
            new.set_permissions(old.permissions())?;
        }
        new.write_all(bytes)?;
        new.sync_all()?;
        fs::rename(&temporary, file)?;
        #[cfg(unix)]
        {
            let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty());
            File::open(parent.unwrap_or(Path::new(".")))?.sync_all()?;
        }
        Ok(())
    };
    write().inspect_err(|error: &io::Error| {
        if error.kind() != io::ErrorKind::AlreadyExists {
            let _ = fs::remove_file(&temporary);
        }
    })
}
