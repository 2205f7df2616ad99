//! [`Draft`] and [`Collector`]: what every reader produces, checked in one place.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use otp_core::account::{Field, check_field_name, field_len};
use otp_core::{AccountName, Capacity, Holder};
use otp_sys::LockedVec;

use super::{Entry, Manifest, ManifestFault, Reading, title};
use crate::error::{Error, Result};

/// The result of a reader or a check of a manifest.
pub(super) type Checked<T = ()> = Result<T, ManifestFault>;

/// The bounds of a generated password's length.
const GENERATE: std::ops::RangeInclusive<u16> = 8..=1024;
/// As many bytes as a generated password may have, for lengths.
const LONGEST_PASSWORD: [u8; 1024] = [0; 1024];

/// An account whose members are being read.
#[derive(Default)]
pub(super) struct Draft {
    name: Option<String>,
    entry: DraftEntry,
}

#[derive(Default)]
struct DraftEntry {
    line: Option<usize>,
    generate: Option<u16>,
    holders: Option<Vec<Holder>>,
    expires: Option<otp_core::UnixTime>,
    capacity: Option<Capacity>,
    fields: Vec<(String, std::ops::Range<usize>)>,
}

/// Collects accounts into a manifest.
pub(super) struct Collector<'a> {
    pub(super) reading: Reading<'a>,
    source: PathBuf,
    /// The values of fields, as in [`Manifest`].
    pub(super) values: LockedVec,
    entries: Vec<Entry>,
    places: BTreeMap<AccountName, Option<usize>>,
    left_out: BTreeSet<String>,
}

impl Draft {
    pub(super) fn at_line(line: usize) -> Self {
        Self { entry: DraftEntry { line: Some(line), ..DraftEntry::default() }, ..Self::default() }
    }

    pub(super) fn set_name(&mut self, name: &str) -> Checked {
        set(&mut self.name, "account", name.to_owned())
    }

    pub(super) fn line(&self) -> Option<usize> {
        self.entry.line
    }

    pub(super) fn set_generate(&mut self, len: Option<u64>) -> Checked {
        let len = len.and_then(|len| u16::try_from(len).ok()).filter(|len| GENERATE.contains(len));
        let expected = "a number from 8 to 1024";
        let len = len.ok_or(ManifestFault::Type { member: "generate".into(), expected })?;
        set(&mut self.entry.generate, "generate", len)
    }

    pub(super) fn set_holders<'t>(&mut self, holders: impl Iterator<Item = &'t str>) -> Checked {
        let mut parsed: Vec<Holder> = Vec::new();
        for holder in holders {
            let holder = Holder::parse(holder).map_err(invalid("for"))?;
            if parsed.contains(&holder) {
                return Err(ManifestFault::Twice { member: "for".into() });
            }
            parsed.push(holder);
        }
        set(&mut self.entry.holders, "for", parsed)
    }

    pub(super) fn set_capacity(&mut self, bytes: Option<u64>) -> Checked {
        let expected = "a number";
        let bytes = bytes.ok_or(ManifestFault::Type { member: "capacity".into(), expected })?;
        let capacity = Capacity::try_from(usize::try_from(bytes).unwrap_or(usize::MAX)).map_err(invalid("capacity"))?;
        set(&mut self.entry.capacity, "capacity", capacity)
    }

    /// Takes a field whose value is the end of the collector's values, from `start` on.
    pub(super) fn add_field(&mut self, name: &str, start: usize, values: &LockedVec) -> Checked {
        check_field_name(name).map_err(invalid(name))?;
        if self.entry.fields.iter().any(|(other, _)| other == name) {
            return Err(ManifestFault::Twice { member: name.to_owned() });
        }
        self.entry.fields.push((name.to_owned(), start..values.len()));
        Ok(())
    }
}

fn set<T>(place: &mut Option<T>, member: &str, value: T) -> Checked {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(ManifestFault::Twice { member: member.to_owned() }),
    }
}

fn invalid(member: &str) -> impl FnOnce(otp_core::Error) -> ManifestFault + '_ {
    move |error| ManifestFault::Invalid { member: member.to_owned(), error }
}

impl<'a> Collector<'a> {
    pub(super) fn new(source: &Path, reading: Reading<'a>) -> Self {
        Self {
            reading,
            source: source.to_owned(),
            values: LockedVec::with_capacity(super::FIRST_LEN),
            entries: Vec::new(),
            places: BTreeMap::new(),
            left_out: BTreeSet::new(),
        }
    }

    /// Says where a fault is.
    pub(super) fn at(&self, line: Option<usize>) -> impl FnOnce(ManifestFault) -> Error {
        let path = self.source.clone();
        move |fault| Error::Manifest { path, line, fault: Box::new(fault) }
    }

    pub(super) fn source(&self) -> &Path {
        &self.source
    }

    pub(super) fn leave_out(&mut self, name: &str) {
        self.left_out.insert(name.to_owned());
    }

    /// Takes a member that is text: from a format that knows nothing else, or named by a mapping.
    pub(super) fn set_text(&mut self, draft: &mut Draft, member: &str, value: &[u8]) -> Checked {
        let text = || str::from_utf8(value).map(str::trim).map_err(|_| ManifestFault::NotText);
        match member {
            "account" if self.reading.mapping.is_empty() => draft.set_name(text()?),
            // It is another program's title.
            "account" => draft.set_name(&title::account_name(text()?)),
            "generate" => draft.set_generate(text()?.parse().ok()),
            "capacity" => draft.set_capacity(text()?.parse().ok()),
            "for" => draft.set_holders(text()?.split(',').map(str::trim)),
            "expires" => self.set_expires(draft, text()?),
            field => self.set_field(draft, field, value),
        }
    }

    pub(super) fn set_expires(&self, draft: &mut Draft, text: &str) -> Checked {
        let at = (self.reading.when)(text).ok_or(ManifestFault::Expires)?;
        set(&mut draft.entry.expires, "expires", at)
    }

    pub(super) fn set_field(&mut self, draft: &mut Draft, name: &str, value: &[u8]) -> Checked {
        let start = self.values.len();
        self.values.extend_from_slice(value);
        draft.add_field(name, start, &self.values)
    }

    /// Takes an account whose members have all been read.
    pub(super) fn add(&mut self, draft: Draft) -> Checked {
        let name = draft.name.ok_or(ManifestFault::NoName)?;
        let name = format!("{}{name}", self.reading.prefix);
        let DraftEntry { line, generate, holders, expires, capacity, fields } = draft.entry;
        let account = AccountName::parse(&name).map_err(invalid("account"))?;
        let value = |range: &std::ops::Range<usize>| self.values.get(range.clone()).unwrap_or_default();
        let mut len = 0;
        for (name, range) in &fields {
            len += field_len(Field { name, value: value(range) });
            match (name.as_str(), range.is_empty(), generate) {
                ("password", _, Some(_)) => return Err(ManifestFault::TwoPasswords),
                ("password", true, None) => return Err(ManifestFault::EmptyPassword),
                _ => {}
            }
        }
        if let Some(password) = generate.and_then(|len| LONGEST_PASSWORD.get(..usize::from(len))) {
            len += field_len(Field { name: "password", value: password });
        }
        if len == 0 {
            return Err(ManifestFault::NoFields);
        }
        let grant = otp_core::Grant::default().with_capacity(capacity);
        grant.capacity_for(len).map_err(invalid("capacity"))?;
        if let Some(line) = self.places.insert(account.clone(), line) {
            return Err(ManifestFault::SameAccount { account: account.into(), line });
        }
        let holders = holders.unwrap_or_default();
        self.entries.push(Entry { account, line, generate, holders, expires, capacity, fields });
        Ok(())
    }

    pub(super) fn finish(self) -> Result<Manifest> {
        if self.entries.is_empty() {
            return Err(self.at(None)(ManifestFault::Empty));
        }
        let Self { source, values, entries, left_out, .. } = self;
        Ok(Manifest { source, entries, left_out, values })
    }
}
