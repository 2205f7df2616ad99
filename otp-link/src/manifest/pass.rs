//! Reading the entries of the password manager pass, as `pass show` prints them.

use std::io;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use otp_sys::LockedVec;

use super::draft::{Checked, Collector, Draft};
use super::fault::ManifestFault;
use super::{read_all, title};
use crate::environment::KEY_VARIABLES;
use crate::error::{Error, Result};

/// The program that is run for each entry.
const PROGRAM: &str = "pass";

/// Reads every entry of a directory of pass, in the order of their names.
pub(super) fn read(directory: &Path, collector: &mut Collector<'_>) -> Result<()> {
    let mut names = Vec::new();
    find(directory, "", &mut names).map_err(|source| Error::FileNotRead { path: directory.to_owned(), source })?;
    names.sort();
    // pass changes to a directory of its own.
    let directory = std::path::absolute(directory).unwrap_or_else(|_| directory.to_owned());
    for name in names {
        let path = directory.join(format!("{name}.gpg"));
        let at = |fault| Error::Manifest { path: path.clone(), line: None, fault: Box::new(fault) };
        let shown = show(&directory, &name)?.map_err(at)?;
        read_entry(&name, &shown, collector).map_err(at)?;
    }
    Ok(())
}

/// The names of all entries below a directory.
fn find(directory: &Path, above: &str, names: &mut Vec<String>) -> io::Result<()> {
    for entry in std::fs::read_dir(directory)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            return Err(io::Error::new(io::ErrorKind::InvalidFilename, "the name of an entry is not UTF-8"));
        };
        if name.starts_with('.') {
            continue;
        }
        let path: PathBuf = entry.path();
        if path.is_dir() {
            find(&path, &format!("{above}{name}/"), names)?;
        } else if let Some(name) = name.strip_suffix(".gpg") {
            names.push(format!("{above}{name}"));
        }
    }
    Ok(())
}

/// What pass shows of an entry, read from its pipe into locked memory.
fn show(directory: &Path, name: &str) -> Result<Checked<LockedVec>> {
    let failed = |source| Error::FileNotRead { path: PROGRAM.into(), source };
    let mut command = Command::new(PROGRAM);
    command.args(["show", "--", name]).env("PASSWORD_STORE_DIR", directory).stdin(Stdio::null()).stdout(Stdio::piped());
    for name in KEY_VARIABLES {
        command.env_remove(name);
    }
    let mut child = command.spawn().map_err(failed)?;
    let shown = child.stdout.take().map_or_else(|| Ok(LockedVec::with_capacity(0)), read_all);
    let status = child.wait().map_err(failed)?;
    let shown = shown.map_err(failed)?;
    if status.success() {
        return Ok(Ok(shown));
    }
    Ok(Err(ManifestFault::Program { program: PROGRAM, ending: status.to_string() }))
}

/// The first line is the password; a line `key: value` is a field, and all others together are the field `notes`.
fn read_entry(name: &str, shown: &[u8], collector: &mut Collector<'_>) -> Checked {
    let mut draft = Draft::default();
    draft.set_name(&title::account_name(name))?;
    let shown = shown.strip_suffix(b"\n").unwrap_or(shown);
    let mut lines = shown.split(|byte| *byte == b'\n');
    let password = lines.next().unwrap_or_default();
    if !password.is_empty() {
        collector.set_field(&mut draft, "password", password)?;
    }
    let mut notes = LockedVec::with_capacity(0);
    for line in lines {
        if let Some((key, value)) = key_and_value(line) {
            let key = key.to_lowercase();
            match collector.reading.mapping.renamed(&key).to_owned() {
                member if member != key => collector.set_text(&mut draft, &member, value)?,
                _ if matches!(key.as_str(), "user" | "login") => collector.set_field(&mut draft, "username", value)?,
                _ => collector.set_field(&mut draft, &key, value)?,
            }
        } else {
            if !notes.is_empty() {
                notes.push(b'\n');
            }
            notes.extend_from_slice(line);
        }
    }
    if !notes.is_empty() {
        collector.set_field(&mut draft, "notes", &notes)?;
    }
    collector.add(draft)
}

fn key_and_value(line: &[u8]) -> Option<(&str, &[u8])> {
    let at = line.windows(2).position(|pair| pair == b": ")?;
    let key = str::from_utf8(&line[..at]).ok()?;
    let is_key = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
    (!key.is_empty() && key.chars().all(is_key)).then_some((key, &line[at + 2..]))
}
