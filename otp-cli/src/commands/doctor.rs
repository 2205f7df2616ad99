//! `otp doctor`: looks at store, key files and system, and says how to mend what is wrong.

pub(crate) mod rng;

use otp_core::Code;
use otp_core::random::{self, STARTUP_LEN};
use otp_store_fs::FsStore;
use otp_store_fs::doctor::{self, Finding, Severity};
use rand_core::TryRng;
use serde::Serialize;

use crate::Result;
use crate::args::DoctorArgs;
use crate::error::Error;
use crate::session::Session;
use crate::terminal;

/// A finding as `doctor --json` prints it.
#[derive(Serialize)]
struct Entry<'a> {
    severity: &'static str,
    subject: &'a str,
    meaning: &'a str,
    mend: &'a str,
    fixed: bool,
}

impl<'a> From<&'a Finding> for Entry<'a> {
    fn from(finding: &'a Finding) -> Self {
        let severity = match finding.severity {
            Severity::Notice => "notice",
            Severity::Warning => "warning",
            Severity::Problem => "problem",
        };
        let Finding { subject, meaning, mend, fixed, .. } = finding;
        Self { severity, subject, meaning, mend, fixed: *fixed }
    }
}

pub(crate) fn run(session: &Session<'_>, args: &DoctorArgs) -> Result<()> {
    if let Some(len) = args.rng {
        return rng::run(len, args.json);
    }
    let root = session.store_path()?;
    let mut findings = Vec::new();
    if root.exists() {
        findings.extend(doctor::examine_store(&root, args.fix));
    } else {
        findings.push(finding(
            Severity::Notice,
            format!("{} is not there", root.display()),
            "there is no store yet",
            "otp add makes one",
        ));
    }
    for path in &args.key_file {
        findings.extend(doctor::examine_key_file(path));
    }
    findings.extend(doctor::examine_machine(FsStore::open(&root).ok().as_ref()));
    findings.extend(randomness());

    let entries: Vec<Entry<'_>> = findings.iter().map(Entry::from).collect();
    if args.json {
        terminal::write_json(&entries)?;
    } else {
        print(&entries)?;
    }
    match findings.iter().find(|finding| finding.severity == Severity::Problem && !finding.fixed) {
        Some(problem) => Err(Error::Found(problem.code)),
        None => Ok(()),
    }
}

/// Puts the system's randomness through the health tests.
fn randomness() -> Option<Finding> {
    let error = random::system().try_fill_bytes(&mut [0; STARTUP_LEN]).err()?;
    let mend = "don't seal anything on this machine until its randomness is mended";
    let finding = finding(Severity::Problem, "randomness".to_owned(), &error.to_string(), mend);
    Some(Finding { code: Code::RandomnessFailed, ..finding })
}

fn finding(severity: Severity, subject: String, meaning: &str, mend: &str) -> Finding {
    Finding { severity, subject, meaning: meaning.into(), mend: mend.into(), fixed: false, code: Code::Other }
}

fn print(entries: &[Entry<'_>]) -> Result<()> {
    let mut text = String::new();
    for Entry { severity, subject, meaning, mend, fixed } in entries {
        text.push_str(&format!("{severity:<8} {subject}\n         {meaning}\n"));
        if *fixed {
            text.push_str("         (mended)\n");
        } else if !mend.is_empty() {
            text.push_str(&format!("         to mend it: {mend}\n"));
        }
    }
    let problems = entries.iter().filter(|entry| entry.severity == "problem" && !entry.fixed).count();
    text.push_str(&match problems {
        0 => "looked at: store, key files, temporary files, clock, randomness, core dumps, swap, memory; no problem\n"
            .to_owned(),
        1 => "1 problem\n".to_owned(),
        more => format!("{more} problems\n"),
    });
    terminal::write_stdout(text.as_bytes())
}
