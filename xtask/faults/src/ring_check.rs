//! What must hold after any disturbed run of a command with a ring, and after the rotation is resumed.

use std::fs;

use otp_core::Code;
use otp_core::ring::EntryName;
use serde_json::Value;
use xtask::Result;

use crate::check::{Check, Opened, damage, tidiness};
use crate::ending::{How, exit_code};
use crate::folder::tree;
use crate::operations::{Effect, MADE};
use crate::ring_scene::{APPLY, DATABASE, LAST};
use crate::scene::{ACCOUNT, Held, NEW, OLD, run_with_input};

const RING: [&str; 2] = ["--ring", "ring"];
const LATER: &str = "alice\nlater\n";

/// Inspects a scene with a ring.
pub(crate) struct RingCheck<'a> {
    check: Check<'a>,
}

impl<'a> RingCheck<'a> {
    pub(crate) fn of(check: Check<'a>) -> Self {
        Self { check }
    }

    /// Returns everything that is wrong.
    pub(crate) fn run(mut self) -> Result<Vec<String>> {
        let found = damage(self.check.otp, self.check.folder)?;
        self.check.findings.extend(found);
        self.held_keys(&[OLD, NEW])?;
        let mut reported = self.check.reported()?;
        self.repeat()?;
        reported.extend(self.settle()?);
        let secret = self.secret()?;
        self.held_keys(&[&secret])?;
        self.complete(&secret);
        self.agreement()?;
        self.new_keys(&reported, &secret)?;
        self.exports(&secret)?;
        match self.check.operation.effect {
            Effect::Removes => self.add_again(ACCOUNT)?,
            Effect::Adds => self.add_again(self.check.operation.account())?,
            _ => self.rotate_again()?,
        }
        let left = tidiness(self.check.otp, self.check.folder)?;
        self.check.findings.extend(left);
        self.leftovers()?;
        Ok(self.check.findings)
    }

    fn otp(&self, arguments: &[&str], input: &str) -> Result<(Option<i32>, String, String)> {
        let output = self.check.otp.run(self.check.folder, arguments, input)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok((output.status.code(), text(&output.stdout), text(&output.stderr)))
    }

    fn changes_the_database(&self) -> bool {
        self.check.operation.arguments.contains(&APPLY)
    }

    /// Whether the operation may have ended a key.
    fn may_be_gone(&self, key: &Held) -> bool {
        key.account == ACCOUNT
            && match self.check.operation.effect {
                Effect::Ends(file) => key.file == file,
                Effect::Removes | Effect::Renews { new_keys: true, .. } => true,
                // A run that was cut off after its claim has used up a page.
                Effect::Renews { .. } | Effect::Settles { .. } => key.file == LAST,
                _ => false,
            }
    }

    /// Every key that was there opens one of these secrets now, unless the operation has ended it.
    fn held_keys(&mut self, secrets: &[&str]) -> Result<()> {
        for key in &self.check.scene.held {
            let opened = self.check.open(&key.file)?;
            let is_right = match (&opened, key.opens) {
                (Opened::Secret(secret), Some(_)) if key.account == ACCOUNT => secrets.contains(&secret.as_str()),
                (Opened::Secret(secret), Some(expected)) => secret == expected,
                (Opened::Gone, None) => true,
                (Opened::Gone, Some(_)) => self.may_be_gone(key),
                _ => false,
            };
            if !is_right {
                self.check.find(format!("the key in {} gave {opened:?} and not one of {secrets:?}", key.file));
            }
        }
        Ok(())
    }

    /// Repeats a command that did not finish, if it is one that people repeat.
    fn repeat(&mut self) -> Result<()> {
        let Check { operation, otp, scene, folder, ending, .. } = &self.check;
        if ending.how == How::Code(0) || !matches!(operation.effect, Effect::Ends(_) | Effect::Keeps) {
            return Ok(());
        }
        let output = run_with_input(&mut operation.command(otp, scene, folder), operation.input)?;
        // It may have been finished before.
        let finished = [Code::NotFound, Code::Exists].map(exit_code);
        if !output.status.success() && !output.status.code().is_some_and(|code| finished.contains(&code)) {
            let said = String::from_utf8_lossy(&output.stderr).into_owned();
            self.check.find(format!("when it was repeated, it ended with {}: {said}", output.status));
        }
        Ok(())
    }

    /// Continues what was interrupted. Returns the files of new keys.
    fn settle(&mut self) -> Result<Vec<String>> {
        if !matches!(self.check.operation.effect, Effect::Renews { .. } | Effect::Settles { .. }) {
            return Ok(Vec::new());
        }
        let mut resume = vec!["rotate", ACCOUNT, "--resume", "--new-key-dir", "resumed"];
        resume.extend(RING);
        if matches!(self.check.operation.effect, Effect::Renews { new_keys: true, .. }) {
            resume.push("--new-keys");
        }
        // An interrupted abort is aborted again; a forgotten rotation is not resumed.
        if let Effect::Settles { new: false } = self.check.operation.effect {
            resume.retain(|word| !["--resume", "--new-key-dir", "resumed"].contains(word));
            resume.extend(if self.changes_the_database() { &["--abort"][..] } else { &["--forget", "--yes"] });
        }
        if self.changes_the_database() {
            resume.extend(["--apply", "/bin/sh", "--", APPLY]);
        }
        let (code, stdout, stderr) = self.otp(&resume, "")?;
        if ![Some(0), Some(exit_code(Code::NotFound))].contains(&code) {
            self.check.find(format!("{}: {code:?}: {stderr}", resume.join(" ")));
        }
        Ok(stdout.lines().filter_map(|line| line.rsplit('\t').next()).map(str::to_owned).collect())
    }

    /// The secret that all keys should have now: the database's, if the operation changes that.
    fn secret(&mut self) -> Result<String> {
        let path = self.check.folder.join(DATABASE);
        let word = fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        if !["old", "new"].contains(&word.as_str()) {
            self.check.find(format!("the database has {word:?}"));
        }
        if self.changes_the_database() {
            return Ok(format!("alice\n{word}\n"));
        }
        // Somebody has changed the database by hand: the keys agree with one another.
        let Effect::Renews { .. } = self.check.operation.effect else { return Ok(OLD.into()) };
        Ok(match self.check.open("keys/caller-1.key")? {
            Opened::Secret(secret) => secret,
            other => format!("{other:?}"),
        })
    }

    /// A run that reports success has done what it should.
    fn complete(&mut self, secret: &str) {
        let expected = match self.check.operation.effect {
            Effect::Renews { .. } | Effect::Settles { new: true } => NEW,
            _ => OLD,
        };
        if self.check.ending.how == How::Code(0) && secret != expected {
            self.check.find(format!("it ended with 0, and the keys open {secret:?}"));
        }
    }

    /// Ring and store agree, except about keys whose record was never written, or was taken back.
    fn agreement(&mut self) -> Result<()> {
        let (code, stdout, stderr) = self.otp(&[&["verify", "--json"][..], &RING].concat(), "")?;
        let report: Value = serde_json::from_str(&stdout).map_err(|error| format!("otp verify: {error}: {stderr}"))?;
        let done = self.check.ending.how == How::Code(0);
        let is_excused = |fault: &Value| fault["code"] == Code::NotFound.name() && !done;
        let faults: Vec<&Value> = report["ring"].as_array().into_iter().flatten().collect();
        if faults.iter().any(|fault| !is_excused(fault)) || (faults.is_empty() && code != Some(0)) {
            self.check.find(format!("ring and store disagree ({code:?}): {stdout}"));
        }
        Ok(())
    }

    /// New keys that were handed over open the secret.
    fn new_keys(&mut self, reported: &[String], secret: &str) -> Result<()> {
        let secret = if self.check.operation.effect == Effect::Adds { NEW } else { secret };
        for file in reported {
            match self.check.open(file)? {
                Opened::Secret(opened) if opened == secret => {}
                // A resume has replaced this one once more.
                Opened::Gone if file.starts_with(MADE) && self.check.folder.join("resumed").exists() => {}
                other => self.check.find(format!("the new key in {file} was handed over, and gave {other:?}")),
            }
        }
        Ok(())
    }

    /// Every key of the ring that opens a record can be handed out again, and opens the secret.
    fn exports(&mut self, secret: &str) -> Result<()> {
        let (_, stdout, stderr) = self.otp(&[&["ring", "show", ACCOUNT, "--json"][..], &RING].concat(), "")?;
        let shown: Value =
            serde_json::from_str(&stdout).map_err(|error| format!("otp ring show: {error}: {stderr}"))?;
        let keys = shown.as_array().into_iter().flatten().filter_map(|account| account["keys"].as_array()).flatten();
        let ids: Vec<&str> = keys.filter(|key| key["opens"] == true).filter_map(|key| key["id"].as_str()).collect();
        for id in ids.iter().filter(|id| self.check.scene.held.iter().all(|key| key.id != **id)) {
            let file = format!("exported-{id}.key");
            let export = ["ring", "export", id, "--new-key-file", &file];
            let (code, _, stderr) = self.otp(&[&export[..], &RING].concat(), "")?;
            match self.check.open(&file)? {
                Opened::Secret(opened) if code == Some(0) && opened == secret => {}
                other => self.check.find(format!("key {id} of the ring gave {other:?}: {stderr}")),
            }
        }
        if ids.is_empty() && self.check.operation.effect != Effect::Removes {
            self.check.find("no key of the ring opens a record");
        }
        Ok(())
    }

    /// The next rotation works, and every live key keeps its text.
    fn rotate_again(&mut self) -> Result<()> {
        // If nobody applied the change, the database still has the old word, and the keys open another.
        let word = if self.changes_the_database() { None } else { Some("later") };
        let mut rotate = vec!["rotate", ACCOUNT, "--password-stdin", "--new-key-dir", "afterwards"];
        rotate.extend(RING);
        if word.is_none() {
            rotate.extend(["--apply", "/bin/sh", "--", APPLY]);
        }
        let before = self.living()?;
        let (mut code, mut stdout, mut stderr) = self.otp(&rotate, "later")?;
        // If a key's successor could not be handed over, the error names it, since its holder has no other: then all
        // get new keys.
        let all_new = code == Some(exit_code(Code::Usage)) && self.check.ending.how != How::Code(0);
        if all_new {
            rotate.insert(2, "--new-keys");
            (code, stdout, stderr) = self.otp(&rotate, "later")?;
        }
        if code != Some(0) {
            self.check.find(format!("the next rotation ended with {code:?}: {stderr}"));
        }
        let new = stdout.lines().filter_map(|line| line.rsplit('\t').next()).map(str::to_owned);
        let new: Vec<String> = new.collect();
        if all_new && new.len() < before.len() {
            self.check.find(format!("{} keys were replaced by {}", before.len(), new.len()));
        }
        for file in before.iter().chain(&new) {
            match self.check.open(file)? {
                Opened::Secret(secret) if secret == LATER => {}
                Opened::Gone if file == LAST || (all_new && before.contains(file)) => {}
                other => self.check.find(format!("after the next rotation, {file} gave {other:?}")),
            }
        }
        Ok(())
    }

    /// The account's keys that were there before and still open.
    fn living(&self) -> Result<Vec<String>> {
        let mut living = Vec::new();
        for key in self.check.scene.held.iter().filter(|key| key.account == ACCOUNT) {
            if let Opened::Secret(_) = self.check.open(&key.file)? {
                living.push(key.file.clone());
            }
        }
        Ok(living)
    }

    /// An account that was removed, or not (or only partly) added, can be added.
    fn add_again(&mut self, account: &str) -> Result<()> {
        let mut add =
            vec!["add", account, "--username", "alice", "--password-stdin", "--new-key-file", "afterwards.key"];
        add.extend(RING);
        let (mut code, _, mut stderr) = self.otp(&add, "later")?;
        if code == Some(exit_code(Code::Exists)) {
            let (removed, _, said) = self.otp(&[&["remove", "--yes", account][..], &RING].concat(), "")?;
            if removed != Some(0) {
                self.check.find(format!("the next remove ended with {removed:?}: {said}"));
            }
            (code, _, stderr) = self.otp(&add, "later")?;
        }
        if code != Some(0) || self.check.open("afterwards.key")? != Opened::Secret(LATER.into()) {
            self.check.find(format!("the next add ended with {code:?}: {stderr}"));
        }
        Ok(())
    }

    /// Nothing is left in store and ring of a rotation, or of an interrupted write.
    fn leftovers(&mut self) -> Result<()> {
        for path in tree(&self.check.folder.join("store"))? {
            if path.ends_with(".staged.otp") {
                self.check.find(format!("{path} is left in the store"));
            }
        }
        let ring = self.check.folder.join("ring");
        for path in tree(&ring)? {
            let name = path.rsplit('/').next().unwrap_or_default();
            let is_known = EntryName::parse(name).is_some() || name.starts_with(".otp-ring") || name == ".lock";
            let is_of_rotation = [".recovery", ".applying"].iter().any(|suffix| name.ends_with(suffix));
            if !ring.join(&path).is_dir() && (!is_known || is_of_rotation) {
                self.check.find(format!("{path} is left in the ring"));
            }
        }
        Ok(())
    }
}
