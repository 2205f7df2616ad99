//! What must hold after any disturbed run.

use std::path::Path;

use otp_core::Code;
use serde_json::Value;

use crate::ending::{Ending, How, Leave, exit_code};
use crate::entropy;
use crate::folder::{entries, tree, write_private};
use crate::import_check::ImportCheck;
use crate::operations::{Effect, MADE, Operation};
use crate::ring_check::RingCheck;
use crate::scene::{Held, NEW, OLD, Otp, Scene};
use xtask::Result;

/// Inspects a scene after a run.
pub(crate) struct Check<'a> {
    pub(crate) otp: &'a Otp,
    pub(crate) scene: &'a Scene,
    pub(crate) operation: &'a Operation,
    pub(crate) folder: &'a Path,
    pub(crate) ending: &'a Ending,
    pub(crate) leave: Leave,
    pub(crate) findings: Vec<String>,
}

/// If there are at most this many keys, each one is opened.
const FEW: usize = 12;
const ISSUED_AFTERWARDS: &str = "afterwards.key";

impl Check<'_> {
    /// Returns everything that is wrong.
    pub(crate) fn run(mut self) -> Result<Vec<String>> {
        self.ending();
        if self.operation.effect == Effect::Imports {
            return ImportCheck::of(self).run();
        }
        if self.operation.scene.has_ring() {
            return RingCheck::of(self).run();
        }
        if self.folder.join("store").exists() {
            self.findings.extend(damage(self.otp, self.folder)?);
        }
        let reported = self.reported()?;
        self.new_keys(&reported)?;
        self.entropy(&reported)?;
        self.old_keys(reported.len())?;
        self.complete(reported.len());
        self.orphans(reported.len())?;
        self.next_writer(&reported)?;
        Ok(self.findings)
    }

    pub(crate) fn find(&mut self, finding: impl Into<String>) {
        self.findings.push(finding.into());
    }

    fn ending(&mut self) {
        let said = String::from_utf8_lossy(&self.ending.stderr).into_owned();
        match self.ending.how {
            How::Code(0) | How::Cut => {}
            How::Code(code) if Code::ALL.iter().any(|known| exit_code(*known) == code) => {
                if said.is_empty() && !self.leave.silence {
                    self.find(format!("it ended with {code} and no message"));
                }
            }
            // A panic has an exit code of its own.
            other => self.find(format!("it ended with {other:?}: {said}")),
        }
    }

    /// Bytes taken from a source of entropy are gone from it for good.
    fn entropy(&mut self, reported: &[String]) -> Result<()> {
        if self.operation.uses_entropy() {
            let left = entropy::read(self.folder)?;
            self.findings.extend(entropy::faults(&left, !reported.is_empty()));
        }
        Ok(())
    }

    /// The files of all keys that were handed over, whether printed as whole lines or written as whole files.
    pub(crate) fn reported(&mut self) -> Result<Vec<String>> {
        let mut files = Vec::new();
        let printed = String::from_utf8_lossy(&self.ending.stdout);
        for (number, line) in printed.split_inclusive('\n').filter(|line| line.ends_with('\n')).enumerate() {
            if let Some(start) = line.find("otpk1_") {
                let file = format!("printed-{number}.key");
                write_private(&self.folder.join(&file), &line.as_bytes()[start..])?;
                files.push(file);
            }
        }
        let made = self.folder.join(MADE);
        let made = if made.is_dir() { entries(&made)? } else { vec![made] };
        for path in made.iter().filter(|path| path.is_file()) {
            let file = path.strip_prefix(self.folder).unwrap_or(path).to_string_lossy().into_owned();
            if self.otp.run(self.folder, &["key", "inspect", "--key-file", &file], "")?.status.success() {
                files.push(file);
            } else if !(self.leave.empty_file && path.metadata().is_ok_and(|metadata| metadata.len() == 0)) {
                self.find(format!("a part of a key is in {file}"));
            }
        }
        Ok(files)
    }

    fn new_keys(&mut self, reported: &[String]) -> Result<()> {
        let secret = if self.operation.effect == Effect::Issues { OLD } else { NEW };
        let verified = self.verify_together(reported)?;
        for file in
            reported.iter().enumerate().filter(|(number, _)| !verified || is_sample(*number)).map(|(_, file)| file)
        {
            match self.open(file)? {
                Opened::Secret(opened) if opened == secret => {}
                other => self.find(format!("the new key in {file} was reported and is lost: {other:?}")),
            }
        }
        Ok(())
    }

    fn old_keys(&mut self, reported: usize) -> Result<()> {
        let all_replaced = reported == self.scene.current().count();
        let lives = |key: &&Held| key.opens.is_some() && self.fate(key, all_replaced) == Fate::Lives;
        let living: Vec<String> = self.scene.held.iter().filter(lives).map(|key| key.file.clone()).collect();
        let verified = self.verify_together(&living)?;
        for (number, key) in self.scene.held.iter().enumerate() {
            let fate = self.fate(key, all_replaced);
            if verified && living.contains(&key.file) && !is_sample(number) {
                continue;
            }
            let opened = self.open(&key.file)?;
            let is_right = match (&opened, key.opens) {
                (Opened::Secret(opened), Some(secret)) => opened == secret && fate != Fate::Ended,
                (Opened::Gone, None) => true,
                (Opened::Gone, Some(_)) => fate != Fate::Lives,
                _ => false,
            };
            if !is_right {
                self.find(format!("the key in {} ({fate:?}) gave {opened:?}", key.file));
            }
        }
        Ok(())
    }

    /// What the operation may have done to a key that used to open.
    fn fate(&self, key: &Held, all_replaced: bool) -> Fate {
        let done = self.ending.how == How::Code(0);
        let concerned = key.account == self.operation.account()
            && match self.operation.effect {
                // The last three, and imports, are checked by `RingCheck`.
                Effect::Adds
                | Effect::Issues
                | Effect::Imports
                | Effect::Replaces { grace: true }
                | Effect::Renews { .. }
                | Effect::Settles { .. }
                | Effect::Keeps => false,
                Effect::Replaces { grace: false } => all_replaced,
                Effect::Ends(file) => key.file == file,
                Effect::Removes => true,
            };
        match (concerned, done) {
            (false, _) => Fate::Lives,
            (true, false) => Fate::Either,
            (true, true) => Fate::Ended,
        }
    }

    /// A run that reports success has done everything it should.
    fn complete(&mut self, reported: usize) {
        let expected = match self.operation.effect {
            Effect::Adds | Effect::Issues => 1,
            Effect::Replaces { .. } => self.scene.current().count(),
            Effect::Imports
            | Effect::Ends(_)
            | Effect::Removes
            | Effect::Renews { .. }
            | Effect::Settles { .. }
            | Effect::Keeps => 0,
        };
        if self.ending.how == How::Code(0) && reported != expected {
            self.find(format!("it ended with 0 and reported {reported} keys instead of {expected}"));
        }
    }

    /// A run that fails and hands nothing over leaves no record behind whose key is lost.
    fn orphans(&mut self, reported: usize) -> Result<()> {
        if self.leave.orphans
            || !matches!(self.operation.effect, Effect::Adds | Effect::Issues | Effect::Replaces { .. })
        {
            return Ok(());
        }
        let held = |id: &str| self.scene.held.iter().any(|key| key.id == id);
        let records = tree(&self.folder.join("store"))?;
        let ids = records.iter().filter_map(|path| path.rsplit('/').next()?.strip_suffix(".otp"));
        let orphans = ids.filter(|id| !id.contains('.') && !held(id)).count();
        if orphans != reported {
            self.find(format!("{orphans} new records are there, and {reported} new keys"));
        }
        Ok(())
    }

    /// The next command that writes to the account works, and cleans up.
    fn next_writer(&mut self, reported: &[String]) -> Result<()> {
        let account = self.operation.account();
        // New keys first: an old key in its grace period opens, but can't issue another.
        let held = self.scene.held.iter().filter(|key| key.account == account && !key.in_grace).map(|key| &key.file);
        let mut working = None;
        for file in reported.iter().chain(held) {
            if matches!(self.open(file)?, Opened::Secret(_)) {
                working = Some(file);
                break;
            }
        }
        let mut cleared = false;
        if let Some(file) = working {
            let arguments = ["issue", account, "--key-file", file, "--new-key-file", ISSUED_AFTERWARDS];
            let issued = self.otp.run(self.folder, &arguments, "")?;
            if !issued.status.success() {
                self.find(format!("the next issue failed: {}", String::from_utf8_lossy(&issued.stderr)));
            }
        } else {
            let add = ["add", account, "--username", "alice", "--password-stdin", "--new-key-file", ISSUED_AFTERWARDS];
            let mut added = self.otp.run(self.folder, &add, "after")?;
            // A key was lost, or a removal was interrupted and must be repeated.
            let may_exist = self.leave.orphans || self.operation.effect == Effect::Removes;
            if added.status.code() == Some(exit_code(Code::Exists)) && may_exist {
                self.otp.must(self.folder, &["remove", "--yes", account], "")?;
                cleared = true;
                added = self.otp.run(self.folder, &add, "after")?;
            }
            if !added.status.success() {
                self.find(format!("the next add failed: {}", String::from_utf8_lossy(&added.stderr)));
            }
        }
        self.findings.extend(tidiness(self.otp, self.folder)?);
        if !cleared {
            self.new_keys(reported)?;
        }
        Ok(())
    }

    /// Whether there are many keys and each verifies. The tag binds each record to its key, so opening a sample is
    /// enough to show that all open the right secret.
    fn verify_together(&self, files: &[String]) -> Result<bool> {
        let mut arguments = vec!["verify"];
        arguments.extend(files.iter().flat_map(|file| ["--key-file", file.as_str()]));
        Ok(files.len() > FEW && self.otp.run(self.folder, &arguments, "")?.status.success())
    }

    pub(crate) fn open(&self, file: &str) -> Result<Opened> {
        let output = self.otp.run(self.folder, &["get", "--key-file", file], "")?;
        Ok(match output.status.code() {
            Some(0) => Opened::Secret(String::from_utf8_lossy(&output.stdout).into_owned()),
            Some(code) if code == exit_code(Code::NotFound) => Opened::Gone,
            _ => Opened::Failed(String::from_utf8_lossy(&output.stderr).into_owned()),
        })
    }
}

/// Whether one of many keys is opened, and not just verified.
fn is_sample(number: usize) -> bool {
    number.is_multiple_of(8)
}

#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Opened {
    Secret(String),
    Gone,
    Failed(String),
}

/// What may have happened to a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Lives,
    Either,
    Ended,
}

/// Why the store does not verify; `None` if it does.
pub(crate) fn damage(otp: &Otp, folder: &Path) -> Result<Option<String>> {
    let verified = otp.run(folder, &["verify"], "")?;
    let said = String::from_utf8_lossy(&verified.stdout);
    Ok((!verified.status.success()).then(|| format!("the store does not verify ({}): {said}", verified.status)))
}

/// Damage and leftovers in a store after the next writers have run.
pub(crate) fn tidiness(otp: &Otp, folder: &Path) -> Result<Vec<String>> {
    let mut findings = Vec::from_iter(damage(otp, folder)?);
    for path in tree(&folder.join("store"))? {
        if path.contains(".tmp-") || path.ends_with(".rotation.otp") {
            findings.push(format!("the next writer left {path}"));
        }
    }
    let doctor = otp.run(folder, &["doctor", "--json"], "")?;
    let entries: Vec<Value> = serde_json::from_slice(&doctor.stdout).map_err(|error| format!("otp doctor: {error}"))?;
    // The doctor's findings about this machine don't matter here.
    let is_about_the_store = |entry: &&Value| entry["subject"].as_str().is_some_and(|path| path.starts_with("store"));
    for entry in entries.iter().filter(is_about_the_store) {
        findings.push(format!("the doctor found {}: {}", entry["subject"], entry["summary"]));
    }
    Ok(findings)
}
