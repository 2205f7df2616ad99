//! `otp verify`: checks that every record decodes and its checksum matches; for given keys, also the tags.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use clap::Args;
use otp_core::keeper::ringed::RingFinding;
use otp_core::{AccountName, Code, Coded, Holder, UnixTime};
use otp_link::{Key, KeyFileMode, KeyInfo, KeySource, Verification, redact, ring};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::hint::Named;
use crate::options::{FileMode, Globals, RingArgs};
use crate::terminal::{self, Progress};
use crate::{hint, json, streams, time};

/// Check every record of the store, and whether given keys open theirs
#[derive(Args)]
#[command(after_help = "Example: otp verify --key-file nightly.key\n\n\
    Ends with 0 if all is well, 7 if a record is damaged, 5 if a key does not open its record, 18 if a key is about to \
    expire or on its last page. With a ring also with 5 if the ring does not know a record, 15 if a rotation is unfinished, 16 \
    if ring and store do not belong together.")]
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
    #[command(flatten)]
    pub(crate) ring: RingArgs,
    /// Name the keys that expire within this time too (14d, 48h), and those on their last page
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
    /// What the comparison with the ring finds, if a ring is given.
    #[serde(skip_serializing_if = "Option::is_none")]
    ring: Option<Vec<RingFault>>,
    expiring: Vec<Expiring>,
}

/// A disagreement with the ring.
#[derive(Serialize)]
struct RingFault {
    account: String,
    id: Option<String>,
    code: &'static str,
    message: String,
    #[serde(skip)]
    hint: Option<String>,
}

/// A key that expires within the time that was asked about.
#[derive(Serialize)]
struct Expiring {
    account: String,
    id: String,
    holder: Option<String>,
    expires: Option<String>,
    last_page: bool,
}

/// A record that is damaged, or a key that does not open its record.
#[derive(Serialize)]
struct Fault {
    account: String,
    id: String,
    code: &'static str,
    message: String,
    #[serde(skip)]
    hint: Option<String>,
}

pub(crate) fn run(globals: &Globals, args: &VerifyArgs) -> Result<()> {
    let within = args.warn_within.as_deref().map(time::parse_duration).transpose()?;
    let uses: Vec<_> = args.key_file.iter().map(|path| ("key", streams::of_path(Some(path)))).collect();
    streams::check_distinct(&uses)?;
    // Keys first: a key that can't be read should fail before the long check begins.
    let keys: Vec<Key> = args.key_file.iter().map(|path| read_key(path, args.key_file_mode)).collect::<Result<_>>()?;
    let progress = Progress::begin("records verified");
    let found = otp_link::verify(&args.prefix, &keys, globals.store(), |_| {
        progress.step();
        ControlFlow::Continue(())
    })?;
    drop(progress);
    let expiring = within.map_or_else(|| Ok(Vec::new()), |within| expiring(&args.prefix, within, globals))?;
    let ring = args.ring.is_given().then(|| ring::verify_ring(&args.prefix, args.ring.path(), globals.store()));
    let ring = ring.transpose()?;
    let named = Named { ring: args.ring.path(), ..globals.named() };
    let report = Report::new(&found, ring.as_deref(), expiring, named);
    if args.json {
        json::print(&report)?;
    } else {
        terminal::write_stdout(report.text().as_bytes())?;
    }
    let codes = found.faults.iter().map(|fault| fault.error.code());
    let codes = codes.chain(ring.iter().flatten().map(|finding| finding.fault.code()));
    match codes.min_by_key(|code| rank(*code)) {
        Some(code) => Err(Error::Found(code)),
        None if report.expiring.is_empty() => Ok(()),
        None => Err(Error::Found(Code::ExpiringSoon)),
    }
}

/// Keys that expire within so many seconds and have not expired yet, and keys whose next secret needs a new key.
fn expiring(prefix: &str, within: u64, globals: &Globals) -> Result<Vec<Expiring>> {
    let now = UnixTime::now();
    let end = now.after(within);
    let found = otp_link::find_keys(prefix, globals.store(), |info| {
        let is_live = info.header.terms.expires.is_none_or(|at| now < at);
        is_live && (info.header.terms.expires.is_some_and(|at| at <= end) || is_on_last_page(info))
    })?;
    let entry = |(account, info): &(AccountName, KeyInfo)| {
        let header = &info.header;
        let last_page = is_on_last_page(info);
        Expiring {
            account: account.to_string(),
            id: header.id.to_string(),
            holder: header.terms.holder.as_ref().map(Holder::to_string),
            expires: header.terms.expires.filter(|at| *at <= end).map(|at| at.to_string()),
            last_page,
        }
    };
    Ok(found.keys.iter().map(entry).collect())
}

/// Whether a key with several pages has used them all. A key with one page never had another.
fn is_on_last_page(info: &KeyInfo) -> bool {
    info.header.pages > 1 && info.header.page + 1 == info.header.pages
}

/// Reads the key in a file.
pub(crate) fn read_key(path: &Path, mode: Option<FileMode>) -> Result<Key> {
    let mut source = KeySource::default();
    (source.file, source.mode) = (Some(path), mode.map_or(KeyFileMode::Private, FileMode::accepted));
    Ok(source.read()?)
}

/// Damage first: it may be why a key does not open its record.
fn rank(code: Code) -> usize {
    let order = [Code::Damaged, Code::WrongKey, Code::InDoubt, Code::StaleRing, Code::NewerVersion];
    order.iter().position(|other| *other == code).unwrap_or(order.len())
}

impl Report {
    fn new(found: &Verification, ring: Option<&[RingFinding]>, expiring: Vec<Expiring>, named: Named<'_>) -> Self {
        let faults = found.faults.iter().map(|fault| Fault {
            account: fault.account.to_string(),
            id: fault.key_id.to_string(),
            code: fault.error.code().name(),
            message: redact(&fault.error.message()),
            hint: fault.error.hint().map(|hint| redact(&hint::words(&hint, named))),
        });
        let ring = ring.map(|findings| findings.iter().map(|finding| RingFault::new(finding, named)).collect());
        Self { records: found.records, keys: found.keys, faults: faults.collect(), ring, expiring }
    }

    fn text(&self) -> String {
        let mut text = String::new();
        for Fault { account, id, message, hint, .. } in &self.faults {
            text.push_str(&format!("{account} {id}: {message}\n"));
            text.extend(hint.iter().map(|hint| format!("  hint: {hint}\n")));
        }
        for Expiring { account, id, holder, expires, last_page } in &self.expiring {
            let holder = holder.as_ref().map(|holder| format!(", held by {holder}")).unwrap_or_default();
            let expires = expires.as_ref().map(|at| format!("expires {at}"));
            let page = last_page.then(|| "is on its last page".to_owned());
            let what: Vec<String> = expires.into_iter().chain(page).collect();
            text.push_str(&format!("{account} {id}: {}{holder}\n", what.join(" and ")));
        }
        for RingFault { account, id, message, hint, .. } in self.ring.iter().flatten() {
            let id = id.as_ref().map(|id| format!(" {id}")).unwrap_or_default();
            text.push_str(&format!("{account}{id}: {message}\n"));
            text.extend(hint.iter().map(|hint| format!("  hint: {hint}\n")));
        }
        let summary = match self.faults.len() + self.ring.as_ref().map_or(0, Vec::len) {
            0 if !self.expiring.is_empty() => format!("{} about to end", self.expiring.len()),
            0 => "all well".to_owned(),
            faults => format!("{faults} faulty"),
        };
        text.push_str(&count(self.records, "record"));
        if self.keys > 0 {
            text.push_str(&format!(", {}", count(self.keys, "key")));
        }
        text.push_str(&format!(": {summary}\n"));
        text
    }
}

impl RingFault {
    fn new(finding: &RingFinding, named: Named<'_>) -> Self {
        Self {
            account: finding.account.to_string(),
            id: finding.id.map(|id| id.to_string()),
            code: finding.fault.code().name(),
            message: finding.fault.to_string(),
            hint: ring::hint_for(finding).map(|hint| hint::words(&hint, named)),
        }
    }
}

fn count(number: u64, what: &str) -> String {
    format!("{number} {what}{}", if number == 1 { "" } else { "s" })
}
