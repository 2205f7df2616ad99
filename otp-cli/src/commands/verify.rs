//! `otp verify`: every record decodes and its checksum matches; with keys given, their tags too.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::Args;
use otp_core::{AccountName, Code, Coded, Holder, UnixTime};
use otp_link::{Key, KeyFileMode, KeyInfo, KeySource, Verification, redact};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::options::{FileMode, Globals};
use crate::terminal::{self, Progress};
use crate::{json, streams, time};

/// Check every record of the store, and whether given keys open theirs
#[derive(Args)]
#[command(after_help = "Example: otp verify --key-file nightly.key\n\n\
    Ends with 0 if all is well, 7 if a record is damaged, 5 if a key does not open its record, 18 if a key is about to \
    expire.")]
pub(crate) struct VerifyArgs {
    /// Check only accounts whose name starts with PREFIX
    #[arg(default_value = "", hide_default_value = true)]
    pub(crate) prefix: String,
    /// Check that the key in this file opens its record; repeat for more keys
    #[arg(long, value_name = "PATH")]
    pub(crate) key_file: Vec<PathBuf>,
    /// Accept key files that only their owner can read, or any, where modes mean nothing [default: private]
    #[arg(long, value_name = "MODE")]
    pub(crate) key_file_mode: Option<FileMode>,
    /// Name the keys that expire within this time too (14d, 48h)
    #[arg(long, value_name = "DURATION")]
    pub(crate) warn_within: Option<String>,
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
    expiring: Vec<Expiring>,
}

/// A key that expires within the time that was asked about.
#[derive(Serialize)]
struct Expiring {
    account: String,
    id: String,
    holder: Option<String>,
    expires: String,
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
    let within = args.warn_within.as_deref().map(time::parse_duration).transpose()?;
    let uses: Vec<_> = args.key_file.iter().map(|path| ("key", streams::of_path(Some(path)))).collect();
    streams::check_distinct(&uses)?;
    // First, so that a key that can't be read is known before a long look at everything.
    let keys: Vec<Key> = args.key_file.iter().map(|path| read_key(path, args.key_file_mode)).collect::<Result<_>>()?;
    let progress = Progress::counting("records verified");
    let found = otp_link::verify(&args.prefix, &keys, globals.store(), |_| {
        progress.step();
        ControlFlow::Continue(())
    })?;
    drop(progress);
    let expiring = within.map_or_else(|| Ok(Vec::new()), |within| expiring(&args.prefix, within, globals))?;
    let report = Report::new(&found, expiring);
    if args.json {
        json::print(&report)?;
    } else {
        terminal::write_stdout(report.text().as_bytes())?;
    }
    match found.faults.iter().map(|fault| fault.error.code()).min_by_key(|code| rank(*code)) {
        Some(code) => Err(Error::Found(code)),
        None if report.expiring.is_empty() => Ok(()),
        None => Err(Error::Found(Code::ExpiringSoon)),
    }
}

/// The keys that expire within so many seconds, and have not expired yet.
fn expiring(prefix: &str, within: u64, globals: &Globals) -> Result<Vec<Expiring>> {
    let now = UnixTime::now();
    let end = now.after(within);
    let found = otp_link::find_keys(prefix, globals.store(), |info| {
        info.header.terms.expires.is_some_and(|at| now < at && at <= end)
    })?;
    let entry = |(account, KeyInfo { header, .. }): &(AccountName, KeyInfo)| {
        Some(Expiring {
            account: account.to_string(),
            id: header.id.to_string(),
            holder: header.terms.holder.as_ref().map(Holder::to_string),
            expires: header.terms.expires?.to_string(),
        })
    };
    Ok(found.keys.iter().filter_map(entry).collect())
}

fn read_key(path: &Path, mode: Option<FileMode>) -> Result<Key> {
    let mut source = KeySource::default();
    (source.file, source.mode) = (Some(path), mode.map_or(KeyFileMode::Private, FileMode::accepted));
    Ok(source.read()?)
}

/// Damage first: it may be why a key does not open its record.
fn rank(code: Code) -> usize {
    let order = [Code::Damaged, Code::WrongKey, Code::NewerVersion];
    order.iter().position(|other| *other == code).unwrap_or(order.len())
}

impl Report {
    fn new(found: &Verification, expiring: Vec<Expiring>) -> Self {
        let faults = found.faults.iter().map(|fault| Fault {
            account: fault.account.to_string(),
            id: fault.key_id.to_string(),
            code: fault.error.code().name(),
            message: redact(&fault.error.message()),
        });
        Self { records: found.records, keys: found.keys, faults: faults.collect(), expiring }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for Fault { account, id, message, .. } in &self.faults {
            text.push_str(&format!("{account} {id}: {message}\n"));
        }
        for Expiring { account, id, holder, expires } in &self.expiring {
            let holder = holder.as_ref().map(|holder| format!(", held by {holder}")).unwrap_or_default();
            text.push_str(&format!("{account} {id}: expires {expires}{holder}\n"));
        }
        let summary = match self.faults.len() {
            0 if !self.expiring.is_empty() => format!("{} about to expire", self.expiring.len()),
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
