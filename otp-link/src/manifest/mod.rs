//! Reading what is to be imported: JSON Lines, JSON, CSV, dotenv files and pass.
//!
//! Each format has a reader, and all produce the same [`Manifest`]. Secrets are read into locked memory and decoded
//! into locked memory; messages name file, line and member, and never a value. A manifest is read completely before
//! anything is made, so a mistake in it changes nothing.

mod csv;
mod dotenv;
mod draft;
mod fault;
mod json;
mod json_text;
mod mapping;
mod pass;
mod title;

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, Read};
use std::ops::Range;
use std::path::{Path, PathBuf};

use otp_core::account::{Field, field_len};
use otp_core::{AccountName, Capacity, Holder, UnixTime};
use otp_sys::LockedVec;

use self::draft::Collector;
pub use self::fault::ManifestFault;
pub use self::mapping::Mapping;
use crate::error::{Error, Result};

/// What a manifest is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A JSON object for each account, in a line of its own: the manifest as `otp export` writes it.
    Jsonl,
    /// One JSON document with a list of such objects, or with an object whose members are accounts.
    Json,
    /// RFC 4180, with a header.
    Csv,
    /// `NAME=value` lines: the fields of one account.
    Dotenv,
    /// A directory of the password manager pass, which is run for each entry.
    Pass,
}

/// How a manifest is read.
#[derive(Clone, Copy)]
#[non_exhaustive]
pub struct Reading<'a> {
    /// What comes before each account's name. With [`Format::Dotenv`], the whole name, unless it ends in `/`.
    pub prefix: &'a str,
    /// Where in a JSON document the accounts are (RFC 6901); empty for all of it.
    pub pointer: &'a str,
    /// Which columns or members are used for what; empty to take them by their names.
    pub mapping: &'a Mapping,
    /// Reads a time as the user writes it, for `expires`.
    pub when: &'a dyn Fn(&str) -> Option<UnixTime>,
}

impl<'a> Reading<'a> {
    /// A reading with this mapping, and this reader of times.
    #[must_use]
    pub fn new(mapping: &'a Mapping, when: &'a dyn Fn(&str) -> Option<UnixTime>) -> Self {
        Self { prefix: "", pointer: "", mapping, when }
    }

    /// The same with this prefix.
    #[must_use]
    pub fn prefixed(mut self, prefix: &'a str) -> Self {
        self.prefix = prefix;
        self
    }

    /// The same with the accounts at this pointer.
    #[must_use]
    pub fn at(mut self, pointer: &'a str) -> Self {
        self.pointer = pointer;
        self
    }
}

/// Accounts that are to be made.
pub struct Manifest {
    /// Where it comes from.
    pub source: PathBuf,
    /// The accounts, in their order.
    pub entries: Vec<Entry>,
    /// Columns and members that no mapping uses.
    pub left_out: BTreeSet<String>,
    /// The values of all fields, one after the other.
    values: LockedVec,
}

/// An account that is to be made.
#[derive(Debug)]
#[non_exhaustive]
pub struct Entry {
    /// Its name.
    pub account: AccountName,
    /// The line at which it begins, where its format has lines.
    pub line: Option<usize>,
    /// The length of the password that is generated, if one is.
    pub generate: Option<u16>,
    /// Who gets a key; empty if the manifest does not say.
    pub holders: Vec<Holder>,
    /// When its keys expire.
    pub expires: Option<UnixTime>,
    /// The capacity of its records.
    pub capacity: Option<Capacity>,
    /// The names of its fields, and where in the manifest's memory their values are.
    fields: Vec<(String, Range<usize>)>,
}

impl Manifest {
    /// Reads a manifest. A path of `-` is standard input, for formats that are files.
    ///
    /// # Errors
    ///
    /// [`Error::FileNotRead`]; [`Error::Manifest`], which says what is wrong, and in which line.
    pub fn read(source: &Path, format: Format, reading: &Reading<'_>) -> Result<Self> {
        let mut collector = Collector::new(source, *reading);
        let text = || read_file(source);
        match format {
            Format::Jsonl => json::read_lines(&text()?, &mut collector)?,
            Format::Json => json::read_document(&text()?, &mut collector)?,
            Format::Csv => csv::read(&text()?, &mut collector)?,
            Format::Dotenv => dotenv::read(&text()?, &mut collector)?,
            Format::Pass => pass::read(source, &mut collector)?,
        }
        collector.finish()
    }

    /// The fields of one of its accounts, whose values are secret.
    pub fn fields<'m>(&'m self, entry: &'m Entry) -> impl Iterator<Item = (&'m str, &'m [u8])> {
        entry.fields.iter().map(|(name, range)| (name.as_str(), self.values.get(range.clone()).unwrap_or_default()))
    }
}

impl Manifest {
    /// How long the secret of one of its accounts is, encoded, with the password that is generated for it.
    pub(crate) fn payload_len(&self, entry: &Entry) -> usize {
        let password = vec![0; entry.generate.unwrap_or(0).into()];
        let generated = entry.generate.map(|_| ("password", password.as_slice()));
        self.fields(entry).chain(generated).map(|(name, value)| field_len(Field { name, value })).sum()
    }
}

impl fmt::Debug for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Manifest({} entries)", self.entries.len())
    }
}

/// How much of a file is read at first.
const FIRST_LEN: usize = 64 * 1024;

/// Reads a file to its end, into memory that wipes whatever it leaves behind as it grows.
fn read_file(path: &Path) -> Result<LockedVec> {
    let failed = |source| Error::FileNotRead { path: path.to_owned(), source };
    if path == Path::new("-") {
        return read_all(otp_sys::standard_input().map_err(failed)?).map_err(failed);
    }
    read_all(std::fs::File::open(path).map_err(failed)?).map_err(failed)
}

fn read_all(mut file: impl Read) -> io::Result<LockedVec> {
    let mut text = LockedVec::with_capacity(FIRST_LEN);
    loop {
        match file.read(text.spare(1)) {
            Ok(0) => return Ok(text),
            Ok(count) => text.advance(count),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
}

/// How many line breaks are in a text.
fn line_breaks(text: &[u8]) -> usize {
    text.split(|byte| *byte == b'\n').count() - 1
}

#[cfg(test)]
mod tests;
