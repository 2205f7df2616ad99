//! `otp verify`: every record decodes and its CRC-32 matches; with keys given, their tags too.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::Args;
use otp_core::{Code, Coded};
use otp_link::{Key, KeySource, Verification, redact};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::options::Globals;
use crate::terminal::{self, Progress};
use crate::{json, streams};

/// Check every record of the store, and whether given keys open theirs
#[derive(Args)]
#[command(after_help = "Example: otp verify --key-file nightly.key\n\n\
    Ends with 0 if all is well, 7 if a record is damaged, 5 if a key does not open its record.")]
pub(crate) struct VerifyArgs {
    /// Check only accounts whose name starts with PREFIX
    #[arg(default_value = "", hide_default_value = true)]
    pub(crate) prefix: String,
    /// Check that the key in this file opens its record; repeat for more keys
    #[arg(long, value_name = "PATH")]
    pub(crate) key_file: Vec<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `verify --json` prints.
#[derive(Serialize)]
struct Report {
    records: u64,
    keys: u64,
    faults: Vec<Fault>,
}

/// A record that is damaged, or a key that does not open its record.
#[derive(Serialize)]
struct Fault {
    account: String,
    id: String,
    code: &'static str,
    message: String,
}

pub(crate) fn run(globals: &Globals, args: &VerifyArgs) -> Result<()> {
    let uses: Vec<_> = args.key_file.iter().map(|path| ("key", streams::of_path(Some(path)))).collect();
    streams::check_distinct(&uses)?;
    // First, so that a key that can't be read is known before a long look at everything.
    let keys: Vec<Key> = args.key_file.iter().map(|path| read_key(path)).collect::<Result<_>>()?;
    let progress = Progress::counting("records verified");
    let found = otp_link::verify(&args.prefix, &keys, globals.store(), |_| {
        progress.step();
        ControlFlow::Continue(())
    })?;
    drop(progress);
    let report = Report::new(&found);
    if args.json {
        json::print(&report)?;
    } else {
        terminal::write_stdout(report.text().as_bytes())?;
    }
    match found.faults.iter().map(|fault| fault.error.code()).min_by_key(|code| rank(*code)) {
        Some(code) => Err(Error::Found(code)),
        None => Ok(()),
    }
}

fn read_key(path: &Path) -> Result<Key> {
    let mut source = KeySource::default();
    source.file = Some(path);
    Ok(source.read()?)
}

/// Damage first: it may be why a key does not open its record.
fn rank(code: Code) -> usize {
    let order = [Code::Damaged, Code::WrongKey, Code::NewerVersion];
    order.iter().position(|other| *other == code).unwrap_or(order.len())
}

impl Report {
    fn new(found: &Verification) -> Self {
        let faults = found.faults.iter().map(|fault| Fault {
            account: fault.account.to_string(),
            id: fault.key_id.to_string(),
            code: fault.error.code().name(),
            message: redact(&fault.error.message()),
        });
        Self { records: found.records, keys: found.keys, faults: faults.collect() }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for Fault { account, id, message, .. } in &self.faults {
            text.push_str(&format!("{account} {id}: {message}\n"));
        }
        let summary = match self.faults.len() {
            0 => "all well".to_owned(),
            faults => format!("{faults} faulty"),
        };
        text.push_str(&format!("{}, {}: {summary}\n", count(self.records, "record"), count(self.keys, "key")));
        text
    }
}

fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
