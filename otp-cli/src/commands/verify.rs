//! `otp verify`: every record decodes and its CRC-32 matches; with keys given, their tags too.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::Args;
use otp_core::{Code, Coded};
use otp_link::{Key, Verification};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::json;
use crate::options::{Globals, KeyArgs};
use crate::terminal::{self, Progress};

/// Check every record of the store, and the tags of those whose keys are given
#[derive(Args)]
#[command(after_help = "Example: otp verify --key-file nightly.key\n\n\
    Ends with 0 if all is well, 7 if a record is damaged, 5 if a key does not open its record.")]
pub(crate) struct VerifyArgs {
    /// Only accounts whose name starts with this
    #[arg(default_value = "", hide_default_value = true)]
    pub(crate) prefix: String,
    /// A file with a key whose record's tag is checked too; as often as needed
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
    // First, so that a key that can't be read is known before a long look at everything.
    let keys: Vec<Key> = args.key_file.iter().map(read_key).collect::<Result<_>>()?;
    let progress = Progress::counting("records verified");
    let found = otp_link::verify(&args.prefix, &keys, globals.store(), |_| {
        progress.step();
        ControlFlow::Continue(())
    })?;
    drop(progress);
    if args.json {
        json::print(&Report::new(&found))?;
    } else {
        print(&found)?;
    }
    // Damage first: it may be why a key does not open its record.
    let order = [Code::Damaged, Code::WrongKey, Code::NewerVersion];
    let rank = |code: Code| order.iter().position(|other| *other == code).unwrap_or(order.len());
    match found.faults.iter().map(|fault| fault.error.code()).min_by_key(|code| rank(*code)) {
        Some(code) => Err(Error::Found(code)),
        None => Ok(()),
    }
}

fn read_key(path: &PathBuf) -> Result<Key> {
    KeyArgs { key_file: Some(path.clone()), ..KeyArgs::default() }.read(None)
}

impl Report {
    fn new(found: &Verification) -> Self {
        let faults = found.faults.iter().map(|fault| Fault {
            account: fault.account.to_string(),
            id: fault.key_id.to_string(),
            code: fault.error.code().name(),
            message: fault.error.message(),
        });
        Self { records: found.records, keys: found.keys, faults: faults.collect() }
    }
}

fn print(found: &Verification) -> Result<()> {
    let mut text = String::new();
    for fault in &found.faults {
        text.push_str(&format!("{} {}: {}\n", fault.account, fault.key_id, fault.error.message()));
    }
    let summary = match found.faults.len() {
        0 => "all well".to_owned(),
        faults => format!("{faults} faulty"),
    };
    text.push_str(&format!("{}, {}: {summary}\n", count(found.records, "record"), count(found.keys, "key")));
    terminal::write_stdout(text.as_bytes())
}

fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
