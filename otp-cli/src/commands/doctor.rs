//! `otp doctor`: checks store, key files and system, and says how to fix what is wrong.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

use std::path::{Path, PathBuf};

use clap::Args;
use otp_link::doctor::{Finding, Severity};
use otp_link::redact;
use serde::Serialize;

use crate::error::{Error, Result};
use crate::hint::Named;
use crate::options::{Globals, RingArgs};
use crate::{hint, json, terminal};

/// Check store, key files and system, and say how to fix what is wrong
#[derive(Args)]
#[command(after_help = "Example: otp doctor --key-file nightly.key --fix")]
pub(crate) struct DoctorArgs {
    /// Check that only you can read this key file; repeat for more files
    #[arg(long, value_name = "PATH")]
    pub(crate) key_file: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) ring: RingArgs,
    /// Remove stray temporary files and empty directories from the store
    #[arg(long)]
    pub(crate) fix: bool,
    /// Print an array of JSON objects
    #[arg(long)]
    pub(crate) json: bool,
}

/// A finding as `doctor --json` prints it.
#[derive(Serialize)]
struct Entry {
    severity: &'static str,
    subject: String,
    summary: String,
    hint: Option<String>,
    fixed: bool,
}

impl Entry {
    fn new(finding: &Finding, named: Named<'_>) -> Self {
        let severity = match finding.severity() {
            Severity::Notice => "notice",
            Severity::Warning => "warning",
            Severity::Problem => "problem",
        };
        Self {
            severity,
            subject: redact(&finding.subject()),
            summary: redact(&finding.summary()),
            hint: finding.hint().map(|hint| redact(&hint::words(&hint, named))),
            fixed: finding.is_fixed(),
        }
    }
}

pub(crate) fn run(globals: &Globals, args: &DoctorArgs) -> Result<()> {
    let key_files: Vec<&Path> = args.key_file.iter().map(PathBuf::as_path).collect();
    let mut findings = otp_link::doctor(globals.store(), &key_files, args.fix)?;
    findings.extend(otp_link::doctor::examine_ring(args.ring.path(), globals.store()));
    let named = Named { store: globals.store(), ring: args.ring.path() };
    let entries: Vec<Entry> = findings.iter().map(|finding| Entry::new(finding, named)).collect();
    let is_left = |finding: &&Finding| finding.severity() == Severity::Problem && !finding.is_fixed();
    let problems: Vec<&Finding> = findings.iter().filter(is_left).collect();
    if args.json {
        json::print(&entries)?;
    } else {
        terminal::write_stdout(text(&entries, problems.len()).as_bytes())?;
    }
    match problems.first() {
        Some(problem) => Err(Error::Found(problem.code())),
        None => Ok(()),
    }
}

fn text(entries: &[Entry], problems: usize) -> String {
    let mut text = String::new();
    let mut last = None;
    for Entry { severity, subject, summary, hint, fixed } in entries {
        // Findings about the same thing share a heading.
        if last.replace((severity, subject)) != Some((severity, subject)) {
            text.push_str(&format!("{severity:<8} {subject}\n"));
        }
        text.push_str(&format!("         {summary}\n"));
        if *fixed {
            text.push_str("         fixed\n");
        } else if let Some(hint) = hint {
            text.push_str(&format!("         hint: {hint}\n"));
        }
    }
    text.push_str(&match problems {
        0 if cfg!(windows) => {
            "no problem; checked: store, the key files that were named, who can read and write them, clock, \
                               randomness, lockable memory (otp verify checks records)\n"
                .to_owned()
        }
        0 => {
            "no problem; checked: store, the key files and the ring that were named, clock, randomness, core dumps, swap, lockable \
              memory (otp verify checks records)\n"
                .to_owned()
        }
        1 => "1 problem\n".to_owned(),
        more => format!("{more} problems\n"),
    });
    text
}
