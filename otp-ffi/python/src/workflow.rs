//! The file of `otp_link.workflow_security`: two records in one file, each with a key of its own.
//!
//! ```text
//! "OTPW" | version, 1 | length of a record (4, big-endian) | record of the user | length (4) | record of the password
//! ```
//!
//! Records are those of `docs/format.md`, of the accounts `user` and `password`; each holds the value's bytes as they are.

use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::path::Path;

use otp_core::Record;
use otp_ffi::facade::{self, GrantSpec, NewKey};
use otp_ffi::fault::Error;
use pyo3::prelude::*;
use zeroize::Zeroizing;

use crate::convert::{PathArgument, bytes_of, detached};
use crate::keys::to_python;

const PREFIX: &[u8; 5] = b"OTPW\x01";
const MAX_LEN: usize = PREFIX.len() + 2 * (4 + Record::MAX_LEN);

/// Seals user and password into one file, which takes the place of one that is there. Gives the two keys.
#[pyfunction]
pub(crate) fn workflow_seal(
    py: Python<'_>,
    user: &Bound<'_, PyAny>,
    password: &Bound<'_, PyAny>,
    file: PathArgument,
) -> PyResult<(Py<PyAny>, Py<PyAny>)> {
    let (user, password) = (bytes_of(user, "the user")?, bytes_of(password, "the password")?);
    let (user_key, pass_key, bytes) = detached(py, || seal(&user, &password))?;
    let keys = (to_python(py, &user_key)?, to_python(py, &pass_key)?);
    detached(py, || replace(file.as_ref(), &bytes).map_err(|error| io_error("write", file.as_ref(), &error)))?;
    Ok(keys)
}

fn seal(user: &[u8], password: &[u8]) -> Result<(NewKey, NewKey, Vec<u8>), Error> {
    let (user_key, user_record) = facade::seal("user", user, &GrantSpec::default())?;
    let (pass_key, pass_record) = facade::seal("password", password, &GrantSpec::default())?;
    let mut bytes = PREFIX.to_vec();
    for record in [user_record, pass_record] {
        let len = u32::try_from(record.len()).map_err(|_| Error::Other("a record is too long".into()))?;
        bytes.extend_from_slice(&len.to_be_bytes());
        bytes.extend_from_slice(&record);
    }
    Ok((user_key, pass_key, bytes))
}

/// Opens user and password with their keys. The third value says whether the file was the ancestor's own.
#[pyfunction]
pub(crate) fn workflow_open(
    py: Python<'_>,
    user_key: &Bound<'_, PyAny>,
    pass_key: &Bound<'_, PyAny>,
    file: PathArgument,
) -> PyResult<(String, String, bool)> {
    let (user_key, pass_key) = (bytes_of(user_key, "the user's key")?, bytes_of(pass_key, "the password's key")?);
    let (user, password, old) = detached(py, || {
        let file = file.as_ref();
        let bytes = read(file)?;
        if let Some(rest) = bytes.strip_prefix(PREFIX) {
            let (user, rest) = split(rest)?;
            let (password, rest) = split(rest)?;
            if !rest.is_empty() {
                return Err(damaged());
            }
            return Ok((open(&user_key, user, "user")?, open(&pass_key, password, "password")?, false));
        }
        let old = otp_ancestor::OldFile::parse(&bytes)
            .map_err(|error| Error::Other(format!("{}: {error}", file.display())))?;
        let (user, password) = old.open(&user_key, &pass_key).map_err(|error| Error::Other(error.to_string()))?;
        Ok((user, password, true))
    })?;
    Ok((user.to_string(), password.to_string(), old))
}

fn open(key: &[u8], record: &[u8], account: &str) -> Result<Zeroizing<String>, Error> {
    let decoded = Record::decode(record)?;
    if decoded.header().account.as_str() != account {
        return Err(otp_core::Error::WrongKey.into());
    }
    let secret = facade::open(key, record)?;
    let text = str::from_utf8(secret.expose()).map_err(|_| Error::Other(format!("the {account} is not UTF-8 text")))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// Takes a record and its length off the front.
fn split(bytes: &[u8]) -> Result<(&[u8], &[u8]), Error> {
    let (len, rest) = bytes.split_first_chunk().ok_or_else(damaged)?;
    let len = usize::try_from(u32::from_be_bytes(*len)).map_err(|_| damaged())?;
    rest.split_at_checked(len).ok_or_else(damaged)
}

fn damaged() -> Error {
    otp_core::Error::DamagedRecord(otp_core::error::RecordFault::Length).into()
}

fn read(file: &Path) -> Result<Vec<u8>, Error> {
    let mut bytes = Vec::new();
    let limit = MAX_LEN as u64 + 1;
    File::open(file)
        .and_then(|opened| opened.take(limit).read_to_end(&mut bytes))
        .map_err(|error| io_error("read", file, &error))?;
    if bytes.len() > MAX_LEN { Err(damaged()) } else { Ok(bytes) }
}

fn io_error(action: &str, file: &Path, error: &io::Error) -> Error {
    Error::Other(format!("can't {action} {}: {error}", file.display()))
}

/// Puts bytes in the place of a file, whole or not at all. The file keeps its mode.
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
