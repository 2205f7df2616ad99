//! Reading JSON Lines, and one JSON document. `docs/import.md` documents their members.

use std::path::Path;

use otp_sys::LockedVec;
use serde_json::value::RawValue;

use super::draft::{Checked, Collector, Draft};
use super::fault::ManifestFault;
use super::json_text::Object;
use super::mapping::Taken;
use super::{json_text, line_breaks, read_file};
use crate::error::Result;

/// Reads an object in each line that is not blank.
pub(super) fn read_lines(text: &[u8], collector: &mut Collector<'_>) -> Result<()> {
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let line = line.trim_ascii();
        if !line.is_empty() {
            let number = index + 1;
            let value = json_text::value(line).map_err(collector.at(Some(number)))?;
            read_entry(value, Draft::at_line(number), collector)?;
        }
    }
    Ok(())
}

/// Reads the accounts of a document: a list of objects, an object with a member for each account, or a single account.
pub(super) fn read_document(text: &[u8], collector: &mut Collector<'_>) -> Result<()> {
    let whole = serde_json::from_slice(text)
        .map_err(|error| collector.at(Some(error.line()))(ManifestFault::Syntax { column: error.column() }))?;
    let pointer = collector.reading.pointer;
    let missing = || ManifestFault::NoAccounts { pointer: pointer.to_owned() };
    let found = json_text::at(whole, pointer).and_then(|found| found.ok_or_else(missing));
    let value: &RawValue = found.map_err(collector.at(None))?;
    let mut lines = Lines { text, at: 0, line: 1 };
    if let Some(elements) = json_text::array(value) {
        return elements.into_iter().try_for_each(|one| read_entry(one, Draft::at_line(lines.of(one)), collector));
    }
    let object = json_text::object(value).and_then(|object| object.ok_or_else(missing)).map_err(collector.at(None))?;
    if object.0.iter().any(|(name, _)| name == "account") {
        return read_entry(value, Draft::at_line(lines.of(value)), collector);
    }
    object.0.into_iter().try_for_each(|(name, one)| {
        let line = lines.of(one);
        let mut draft = Draft::at_line(line);
        draft.set_name(&name).map_err(collector.at(Some(line)))?;
        read_entry(one, draft, collector)
    })
}

/// The lines of a text, for pieces of it that are asked for in order.
struct Lines<'t> {
    text: &'t [u8],
    at: usize,
    line: usize,
}

impl Lines<'_> {
    /// The line on which a piece of the text begins.
    fn of(&mut self, piece: &RawValue) -> usize {
        let offset = (piece.get().as_ptr().addr()).saturating_sub(self.text.as_ptr().addr());
        let between = self.text.get(self.at..offset).unwrap_or_default();
        self.line += line_breaks(between);
        self.at = offset;
        self.line
    }
}

fn read_entry(value: &RawValue, mut draft: Draft, collector: &mut Collector<'_>) -> Result<()> {
    let line = draft.line();
    let files = read_members(value, &mut draft, collector).map_err(collector.at(line))?;
    for (name, path) in files {
        let bytes = read_file(&collector.source().parent().unwrap_or(Path::new("")).join(path))?;
        collector.set_field(&mut draft, &name, &bytes).map_err(collector.at(line))?;
    }
    collector.add(draft).map_err(collector.at(line))
}

/// Reads an account's members, and returns the names and paths of the fields that are files.
fn read_members(value: &RawValue, draft: &mut Draft, collector: &mut Collector<'_>) -> Checked<Vec<(String, String)>> {
    let object = json_text::object(value)?.ok_or(ManifestFault::NotAnObject)?;
    if !collector.reading.mapping.is_empty() {
        return read_mapped(value, &object, draft, collector).map(|()| Vec::new());
    }
    let mut files = Vec::new();
    for (member, value) in object.0.into_iter().filter(|(_, value)| !json_text::is_null(value)) {
        match member.as_str() {
            "account" => draft.set_name(&text(value, &member)?)?,
            "username" | "password" => field(&member, value, draft, collector)?,
            "generate" => draft.set_generate(json_text::number(value))?,
            "capacity" => draft.set_capacity(json_text::number(value))?,
            "expires" => collector.set_expires(draft, &text(value, &member)?)?,
            "for" => {
                let elements = json_text::array(value).ok_or_else(|| wrong(&member, "a list of strings"))?;
                let holders: Vec<String> =
                    elements.into_iter().map(|holder| text(holder, &member)).collect::<Checked<_>>()?;
                draft.set_holders(holders.iter().map(String::as_str))?;
            }
            "fields" | "field_files" => {
                let object = json_text::object(value)?.ok_or_else(|| wrong(&member, "an object"))?;
                for (name, value) in object.0 {
                    if member == "fields" {
                        field(&name, value, draft, collector)?;
                    } else {
                        let path = text(value, &name)?;
                        files.push((name, path));
                    }
                }
            }
            _ => return Err(ManifestFault::UnknownMember { member }),
        }
    }
    Ok(files)
}

/// Takes what the mapping names, by name or by pointer; the other members are left out.
fn read_mapped(value: &RawValue, object: &Object<'_>, draft: &mut Draft, collector: &mut Collector<'_>) -> Checked {
    let mapping = collector.reading.mapping;
    for Taken { member, columns, .. } in mapping.all() {
        let mut joined = LockedVec::with_capacity(0);
        for column in columns {
            let pointer = if column.starts_with('/') { column.clone() } else { format!("/{}", escape(column)) };
            let Some(value) = json_text::at(value, &pointer)?.filter(|value| !json_text::is_null(value)) else {
                continue;
            };
            if !joined.is_empty() {
                joined.push(b'/');
            }
            match json_text::number(value) {
                Some(_) => joined.extend_from_slice(value.get().as_bytes()),
                None => json_text::decode(value, column, &mut joined)?,
            }
        }
        if !joined.is_empty() {
            collector.set_text(draft, member, &joined)?;
        }
    }
    let taken = |name: &str| {
        let is_it = |column: &String| column == name || column.split('/').nth(1) == Some(&escape(name));
        mapping.all().iter().any(|taken| taken.columns.iter().any(is_it))
    };
    for (name, _) in object.0.iter().filter(|(name, _)| !taken(name)) {
        collector.leave_out(name);
    }
    Ok(())
}

/// A name as a token of a pointer (RFC 6901, section 3).
fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

fn field(name: &str, value: &RawValue, draft: &mut Draft, collector: &mut Collector<'_>) -> Checked {
    let start = collector.values.len();
    json_text::decode(value, name, &mut collector.values)?;
    draft.add_field(name, start, &collector.values)
}

/// A member that is public text.
fn text(value: &RawValue, member: &str) -> Checked<String> {
    let mut text = LockedVec::with_capacity(0);
    json_text::string(value.get(), &mut text).ok_or_else(|| wrong(member, "a string"))?;
    String::from_utf8(text.to_vec()).map_err(|_| ManifestFault::NotText)
}

fn wrong(member: &str, expected: &'static str) -> ManifestFault {
    ManifestFault::Type { member: member.to_owned(), expected }
}
