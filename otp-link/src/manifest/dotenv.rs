//! Reading a dotenv file: one account, whose fields are its variables.
//!
//! Readers of such files differ in what they do with `$`, quotes and backslashes. So this reads only what all of them
//! read alike, and reports the line of anything else: a value changed on the way would show only at the first login.

use super::draft::{Checked, Collector, Draft};
use super::fault::ManifestFault;
use super::title;
use crate::error::Result;

/// What no reader takes literally without quotes.
const PLAIN: &[u8] = b"$'\"\\`";

pub(super) fn read(text: &[u8], collector: &mut Collector<'_>) -> Result<()> {
    let mut draft = Draft::at_line(1);
    draft.set_name(&account_name(collector)).map_err(collector.at(None))?;
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        let outcome = match assignment(line) {
            Ok(None) => continue,
            Ok(Some((name, value))) => {
                let name = collector.reading.mapping.renamed(name).to_owned();
                // As `otp run` would name a variable of the field.
                let name = if name.bytes().any(|byte| byte.is_ascii_lowercase()) { name } else { name.to_lowercase() };
                collector.set_field(&mut draft, &name, value)
            }
            Err(fault) => Err(fault),
        };
        outcome.map_err(collector.at(Some(index + 1)))?;
    }
    collector.add(draft).map_err(collector.at(None))
}

/// The file's name without its extension, unless the prefix is a whole name.
fn account_name(collector: &Collector<'_>) -> String {
    let prefix = collector.reading.prefix;
    if !prefix.is_empty() && !prefix.ends_with('/') {
        return String::new();
    }
    title::account_name(&collector.source().file_stem().unwrap_or_default().to_string_lossy())
}

/// Name and value of a line; `None` for a blank one or a comment.
fn assignment(line: &[u8]) -> Checked<Option<(&str, &[u8])>> {
    let line = line.trim_ascii();
    if line.is_empty() || line.starts_with(b"#") {
        return Ok(None);
    }
    let line = line.strip_prefix(b"export ").map_or(line, <[u8]>::trim_ascii_start);
    let at = line.iter().position(|byte| *byte == b'=').ok_or(ManifestFault::NotAnAssignment)?;
    let (name, value) = (&line[..at], &line[at + 1..]);
    let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
    if name.is_empty() || name[0].is_ascii_digit() || !name.iter().all(is_name) {
        return Err(ManifestFault::NotAnAssignment);
    }
    let name = str::from_utf8(name).map_err(|_| ManifestFault::NotText)?;
    Ok(Some((name, value_of(value)?)))
}

fn value_of(text: &[u8]) -> Checked<&[u8]> {
    let within = |quote: u8| text.strip_prefix(&[quote])?.strip_suffix(&[quote]);
    let (value, ambiguous): (&[u8], &[u8]) = match (within(b'\''), within(b'"')) {
        (Some(value), _) => (value, b"'\\"),
        (None, Some(value)) => (value, b"\"$\\`"),
        (None, None) if text.starts_with(b"#") || text.iter().any(u8::is_ascii_whitespace) => {
            return Err(ManifestFault::Ambiguous);
        }
        (None, None) => (text, PLAIN),
    };
    if value.iter().any(|byte| ambiguous.contains(byte)) { Err(ManifestFault::Ambiguous) } else { Ok(value) }
}
