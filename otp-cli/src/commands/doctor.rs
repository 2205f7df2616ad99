//! `otp doctor`: checks store, key files and system, and says how to fix what is wrong.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

use std::path::{Path, PathBuf};

use clap::Args;
use otp_link::doctor::{Finding, Severity};
use serde::Serialize;

use crate::error::{Error, Result};
use crate::options::Globals;
use crate::{hint, json, terminal};

/// Check store, key files and system, and say how to fix what is wrong
#[derive(Args)]
#[command(after_help = "Example: otp doctor --key-file nightly.key --fix")]
pub(crate) struct DoctorArgs {
    /// Check the permissions of a key file too; as often as needed
    #[arg(long, value_name = "PATH")]
    pub(crate) key_file: Vec<PathBuf>,
    /// Remove stray temporary files
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
    fn new(finding: &Finding) -> Self {
        let severity = match finding.severity() {
            Severity::Notice => "notice",
            Severity::Warning => "warning",
            Severity::Problem => "problem",
        };
        let hint = finding.hint().map(|hint| hint::words(&hint));
        Self { severity, subject: finding.subject(), summary: finding.summary(), hint, fixed: finding.is_fixed() }
    }
}

pub(crate) fn run(globals: &Globals, args: &DoctorArgs) -> Result<()> {
    let key_files: Vec<&Path> = args.key_file.iter().map(PathBuf::as_path).collect();
    let findings = otp_link::doctor(globals.store(), &key_files, args.fix)?;
    let entries: Vec<Entry> = findings.iter().map(Entry::new).collect();
    if args.json {
        json::print(&entries)?;
    } else {
        print(&entries)?;
    }
    match findings.iter().find(|finding| finding.severity() == Severity::Problem && !finding.is_fixed()) {
        Some(problem) => Err(Error::Found(problem.code())),
        None => Ok(()),
    }
}

fn print(entries: &[Entry]) -> Result<()> {
    let mut text = String::new();
    for Entry { severity, subject, summary, hint, fixed } in entries {
        text.push_str(&format!("{severity:<8} {subject}\n         {summary}\n"));
        if *fixed {
            text.push_str("         (fixed)\n");
        } else if let Some(hint) = hint {
            text.push_str(&format!("         to fix it: {hint}\n"));
        }
    }
    let problems = entries.iter().filter(|entry| entry.severity == "problem" && !entry.fixed).count();
    text.push_str(&match problems {
        0 => "checked: store, key files, temporary files, clock, randomness, core dumps, swap, memory; no problem\n"
            .to_owned(),
        1 => "1 problem\n".to_owned(),
        more => format!("{more} problems\n"),
    });
    terminal::write_stdout(terminal::printable(&text).as_bytes())
}
