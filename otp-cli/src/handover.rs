//! Handing new keys over.

use std::io;
use std::path::{Path, PathBuf};

use otp_core::Holder;
use otp_link::NewKey;
use otp_sys::LockedVec;

use crate::error::{Error, Result};
use crate::terminal;

/// Where a new key goes.
pub(crate) enum Destination<'a> {
    /// To standard output, alone on one line.
    Output,
    /// To a new file.
    File(&'a Path),
    /// To a new credential of Windows' Credential Manager.
    Credential(&'a str),
}

impl<'a> Destination<'a> {
    /// The file that `option` names, or standard output; if the key would be lost, fails before anybody types a password.
    pub(crate) fn find(file: Option<&'a Path>, option: &str) -> Result<Self> {
        match file {
            Some(path) if path != Path::new("-") => {
                otp_link::check_new_key_file(path)?;
                Ok(Self::File(path))
            }
            _ => {
                check_output(&format!("{option} PATH"))?;
                Ok(Self::Output)
            }
        }
    }

    /// Like [`find`](Self::find), unless a credential is named.
    pub(crate) fn find_any(file: Option<&'a Path>, option: &str, credential: Option<&'a str>) -> Result<Self> {
        let Some(target) = credential else { return Self::find(file, option) };
        otp_link::check_new_key_credential(target)?;
        Ok(Self::Credential(target))
    }

    /// The longest key text that it takes, if there is a limit.
    pub(crate) fn max_key_len(&self) -> Option<usize> {
        matches!(self, Self::Credential(_)).then_some(otp_link::MAX_CREDENTIAL_KEY_LEN)
    }

    /// Hands a new key over.
    pub(crate) fn hand_over(&self, key: &NewKey) -> Result<()> {
        match self {
            Self::File(path) => otp_link::write_key_file(path, key.bytes())?,
            Self::Credential(target) => {
                let holder = key.holder().map_or(key.account().as_str(), Holder::as_str);
                otp_link::write_key_credential(target, holder, key.bytes())?;
            }
            Self::Output => {
                let mut line = LockedVec::with_capacity(key.bytes().len() + 1);
                line.extend_from_slice(key.bytes());
                line.push(b'\n');
                write_keys(&line)?;
            }
        }
        tell_length(key, matches!(self, Self::File(_)));
        Ok(())
    }
}

/// Checks that all new keys of a rotation can go to files below `dir`, or to standard output.
pub(crate) fn check_all(dir: Option<&Path>) -> Result<()> {
    match dir.map(|dir| (dir, dir.metadata())) {
        None => check_output("--new-key-dir DIR"),
        Some((_, Ok(metadata))) if metadata.is_dir() => Ok(()),
        Some((dir, Ok(_))) => Err(not_written(dir, io::ErrorKind::NotADirectory.into())),
        Some((dir, Err(_))) => Ok(otp_link::check_new_key_file(dir)?),
    }
}

/// Hands all new keys of a rotation over: to files below `dir`, and as a line each on standard output.
///
/// If it fails, no file is left.
pub(crate) fn hand_over_all(keys: &[NewKey], dir: Option<&Path>) -> Result<()> {
    let new_dir = dir.filter(|dir| !dir.exists());
    let mut written = Vec::new();
    write_all(keys, dir, &mut written).inspect_err(|_| {
        // Before the records are removed, so that no key file ever lacks its record.
        for path in written {
            let _ = std::fs::remove_file(path);
        }
        if let Some(dir) = new_dir {
            let _ = std::fs::remove_dir(dir);
        }
    })?;
    if let Some(longest) = keys.iter().max_by_key(|key| key.bytes().len()) {
        tell_length(longest, dir.is_some());
    }
    Ok(())
}

fn write_all(keys: &[NewKey], dir: Option<&Path>, written: &mut Vec<PathBuf>) -> Result<()> {
    let mut lines = LockedVec::with_capacity(keys.iter().map(line_len).sum());
    if let Some(dir) = dir {
        otp_link::make_key_dir(dir)?;
    }
    for key in keys {
        let holder = key.holder().map_or("-", Holder::as_str);
        lines.extend_from_slice(format!("{holder}\t{}\t", key.id()).as_bytes());
        if let Some(dir) = dir {
            let path = dir.join(format!("{}.key", key.id()));
            otp_link::write_key_file(&path, key.bytes())?;
            lines.extend_from_slice(path.as_os_str().as_encoded_bytes());
            written.push(path);
        } else {
            lines.extend_from_slice(key.bytes());
        }
        lines.push(b'\n');
    }
    match write_keys(&lines) {
        // The key files are in place, even if the list of them can't be printed.
        Err(_) if dir.is_some() => Ok(()),
        outcome => outcome,
    }
}

/// At least as long as a key's line: growing would leave copies in memory.
fn line_len(key: &NewKey) -> usize {
    Holder::MAX_LEN + key.bytes().len() + 64
}

/// Writes new keys to standard output. They can't be printed again, so a closed pipe is an error.
fn write_keys(lines: &[u8]) -> Result<()> {
    otp_sys::write_output(lines).map_err(|source| Error::NotHandedOver { source })
}

/// Refuses to write a key to a closed standard output, where nobody could ever read it.
fn check_output(instead: &str) -> Result<()> {
    if terminal::output_is_lost() {
        return Err(Error::usage_with(
            "standard output is closed, so the new key would be lost",
            format!("write it to a file: {instead}"),
        ));
    }
    Ok(())
}

fn not_written(path: &Path, source: io::Error) -> Error {
    otp_link::Error::KeyNotWritten { path: path.into(), source }.into()
}

/// Says so if a key is too long for many places. Schedulers' fields often stop at 255 characters.
fn tell_length(key: &NewKey, in_file: bool) {
    let (len, pages) = (key.bytes().len(), key.pages().get());
    if len <= 255 {
        return;
    }
    match pages {
        1 => terminal::warn(&format!(
            "the key has {len} characters; many schedulers' fields stop at 255 (a shorter secret, account name or capacity makes a shorter key)"
        )),
        _ if in_file => terminal::note(&format!(
            "the key has {len} characters for its {pages} pages: let its holder read it from the file"
        )),
        _ => terminal::warn(&format!(
            "the key has {len} characters for its {pages} pages; many schedulers' fields stop at 255: pass it as a file"
        )),
    }
}
