//! Reading tables: RFC 4180, strictly. What a lenient reader would take for part of the next cell is a fault here.

use std::ops::Range;

use otp_sys::LockedVec;

use super::draft::{Checked, Collector, Draft};
use super::fault::ManifestFault;
use super::line_breaks;
use crate::error::Result;

/// What spreadsheets write before UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// Reads a table whose first row names its columns. A cell that is empty gives nothing.
pub(super) fn read(text: &[u8], collector: &mut Collector<'_>) -> Result<()> {
    let mut rows = Rows { rest: text.strip_prefix(MARK).unwrap_or(text), line: 1 };
    let mut row = Row::default();
    rows.next(&mut row).map_err(collector.at(Some(1)))?;
    let header: Vec<String> = row.texts().map_err(collector.at(Some(1)))?;
    let columns = columns(&header, collector).map_err(collector.at(Some(1)))?;
    loop {
        let line = rows.line;
        if !rows.next(&mut row).map_err(collector.at(Some(line)))? {
            return Ok(());
        }
        let mut read = || -> Checked {
            if row.cells.len() != header.len() {
                return Err(ManifestFault::Cells { found: row.cells.len(), expected: header.len() });
            }
            let mut draft = Draft::at_line(line);
            for (member, places) in &columns {
                let mut value = LockedVec::with_capacity(0);
                for cell in places.iter().map(|place| row.cell(*place)).filter(|cell| !cell.is_empty()) {
                    if !value.is_empty() {
                        value.push(b'/');
                    }
                    value.extend_from_slice(cell);
                }
                if !value.is_empty() {
                    collector.set_text(&mut draft, member, &value)?;
                }
            }
            collector.add(draft)
        };
        read().map_err(collector.at(Some(line)))?;
    }
}

/// Each member, and the columns that it is in.
fn columns(header: &[String], collector: &mut Collector<'_>) -> Checked<Vec<(String, Vec<usize>)>> {
    for (place, name) in header.iter().enumerate() {
        if header[..place].contains(name) {
            return Err(ManifestFault::Twice { member: name.clone() });
        }
    }
    let mapping = collector.reading.mapping;
    if mapping.is_empty() {
        let columns = header.iter().enumerate().map(|(place, name)| (name.clone(), vec![place])).collect();
        // Perhaps the table has no header, and this is an account: its cells are not to be shown.
        return if header.iter().any(|name| name == "account") {
            Ok(columns)
        } else {
            Err(ManifestFault::NoColumn { column: "account".into() })
        };
    }
    let place = |column: &String| {
        let place = header.iter().position(|name| name == column);
        place.ok_or_else(|| ManifestFault::NoColumn { column: column.clone() })
    };
    let columns: Vec<(String, Vec<usize>)> = mapping
        .all()
        .iter()
        .map(|taken| match taken.columns.iter().map(place).collect::<Checked<_>>() {
            Err(_) if taken.is_optional => Ok(None),
            places => places.map(|places| Some((taken.member.clone(), places))),
        })
        .filter_map(Result::transpose)
        .collect::<Checked<_>>()?;
    for (place, name) in header.iter().enumerate() {
        if !columns.iter().any(|(_, places)| places.contains(&place)) {
            collector.leave_out(name);
        }
    }
    Ok(columns)
}

/// A row's cells, one after the other.
struct Row {
    text: LockedVec,
    cells: Vec<Range<usize>>,
}

impl Default for Row {
    fn default() -> Self {
        Self { text: LockedVec::with_capacity(1024), cells: Vec::new() }
    }
}

impl Row {
    fn cell(&self, place: usize) -> &[u8] {
        self.cells.get(place).and_then(|range| self.text.get(range.clone())).unwrap_or_default()
    }

    fn texts(&self) -> Checked<Vec<String>> {
        let text = |place| String::from_utf8(self.cell(place).to_vec()).map_err(|_| ManifestFault::NotText);
        (0..self.cells.len()).map(text).collect()
    }
}

/// The rows of a table.
struct Rows<'t> {
    rest: &'t [u8],
    /// The line at which the rest begins.
    line: usize,
}

impl Rows<'_> {
    /// Reads a row that is not blank; `false` if there is none.
    fn next(&mut self, row: &mut Row) -> Checked<bool> {
        row.text.truncate(0);
        row.cells.clear();
        while let Some(after) = line_break(self.rest) {
            (self.rest, self.line) = (after, self.line + 1);
        }
        if self.rest.is_empty() {
            return Ok(false);
        }
        loop {
            let start = row.text.len();
            if let Some(quoted) = self.rest.strip_prefix(b"\"") {
                self.rest = self.quoted(quoted, &mut row.text)?;
            } else {
                let end = self.rest.iter().position(|byte| matches!(byte, b',' | b'\n' | b'\r' | b'"'));
                let (cell, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
                row.text.extend_from_slice(cell);
                self.rest = rest;
            }
            row.cells.push(start..row.text.len());
            if let Some(next) = self.rest.strip_prefix(b",") {
                self.rest = next;
            } else if self.rest.is_empty() {
                return Ok(true);
            } else {
                self.rest = line_break(self.rest).ok_or(ManifestFault::Quote)?;
                self.line += 1;
                return Ok(true);
            }
        }
    }

    /// Reads a cell after its first quote, and returns what follows its last one. Two quotes stand for one.
    fn quoted<'t>(&mut self, mut rest: &'t [u8], cell: &mut LockedVec) -> Checked<&'t [u8]> {
        loop {
            let end = rest.iter().position(|byte| *byte == b'"').ok_or(ManifestFault::Quote)?;
            cell.extend_from_slice(&rest[..end]);
            self.line += line_breaks(&rest[..end]);
            rest = &rest[end + 1..];
            match rest.strip_prefix(b"\"") {
                Some(next) => {
                    cell.push(b'"');
                    rest = next;
                }
                None => return Ok(rest),
            }
        }
    }
}

/// What follows a line break at the start of a text.
fn line_break(text: &[u8]) -> Option<&[u8]> {
    text.strip_prefix(b"\n").or_else(|| text.strip_prefix(b"\r\n"))
}
