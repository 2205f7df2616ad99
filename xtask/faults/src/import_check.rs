//! What must hold after any disturbed import: reported keys open, and a repeated run ends like an undisturbed one.

use std::path::Path;

use xtask::Result;

use crate::check::{Check, Opened, damage, tidiness};
use crate::ending::How;
use crate::folder::{entries, tree, write_private};
use crate::operations::MADE;
use crate::scene::NEW;

/// The command, without its ring.
pub(crate) const IMPORT: [&str; 5] = ["import", "jsonl", MANIFEST, "--new-key-dir", MADE];
const MANIFEST: &str = "accounts.jsonl";
/// The accounts, and who gets keys: enough to be synced together.
const ACCOUNTS: [&str; 3] = ["work/new/account", "work/other", "third"];
const HOLDERS: [&str; 3] = ["x", "y", "z"];

/// Writes the manifest.
pub(crate) fn write(folder: &Path) -> Result<()> {
    let line = |account| {
        format!(
            "{{\"account\": \"{account}\", \"username\": \"alice\", \"password\": \"new\", \"for\": {HOLDERS:?}}}\n"
        )
    };
    write_private(&folder.join(MANIFEST), ACCOUNTS.map(line).concat().as_bytes())
}

/// Inspects a scene after an import.
pub(crate) struct ImportCheck<'a> {
    check: Check<'a>,
}

impl<'a> ImportCheck<'a> {
    pub(crate) fn of(check: Check<'a>) -> Self {
        Self { check }
    }

    /// Returns everything that is wrong.
    pub(crate) fn run(mut self) -> Result<Vec<String>> {
        let found = damage(self.check.otp, self.check.folder)?;
        self.check.findings.extend(found);
        let reported = added(&String::from_utf8_lossy(&self.check.ending.stdout));
        self.all_open(&reported, "was reported")?;
        if self.check.ending.how == How::Code(0) && reported.len() != ACCOUNTS.len() * HOLDERS.len() {
            self.check.find(format!("it ended with 0 and reported {} keys", reported.len()));
        }
        self.again("added")?;
        let files: Vec<String> = self.key_files()?;
        self.all_open(&files, "was imported")?;
        self.records(&files)?;
        self.again("exists")?;
        if self.check.operation.scene.has_ring() {
            self.ring()?;
        }
        let left = tidiness(self.check.otp, self.check.folder)?;
        self.check.findings.extend(left);
        Ok(self.check.findings)
    }

    /// Runs the command again, undisturbed. For each key, it must report `exists` or the given state.
    fn again(&mut self, state: &str) -> Result<()> {
        let again = self.check.otp.run(self.check.folder, &self.check.operation.arguments, "")?;
        let said = String::from_utf8_lossy(&again.stdout).into_owned();
        let right = said.lines().filter(|line| line.starts_with("exists\t") || line.starts_with(state)).count();
        if !again.status.success() || right != ACCOUNTS.len() * HOLDERS.len() {
            let why = String::from_utf8_lossy(&again.stderr);
            self.check.find(format!("the next import ended with {}: {said}{why}", again.status));
        }
        Ok(())
    }

    fn all_open(&mut self, files: &[String], how: &str) -> Result<()> {
        for file in files {
            match self.check.open(file)? {
                Opened::Secret(opened) if opened == NEW => {}
                other => self.check.find(format!("the key in {file} {how} and is lost: {other:?}")),
            }
        }
        Ok(())
    }

    /// Only the key files are there.
    fn key_files(&mut self) -> Result<Vec<String>> {
        let mut files = Vec::new();
        for path in entries(&self.check.folder.join(MADE))? {
            let file = path.strip_prefix(self.check.folder).unwrap_or(&path).to_string_lossy().into_owned();
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("key") => files.push(file),
                Some("lock") => {}
                _ => self.check.find(format!("the next import left {file}")),
            }
        }
        if files.len() != ACCOUNTS.len() * HOLDERS.len() {
            self.check.find(format!("there are {} key files", files.len()));
        }
        Ok(files)
    }

    /// Each record has its key file.
    fn records(&mut self, files: &[String]) -> Result<()> {
        let mut ids = Vec::new();
        for file in files {
            ids.push(self.check.otp.key_id(self.check.folder, file)?);
        }
        for path in tree(&self.check.folder.join("store"))? {
            let Some((account, name)) = path.rsplit_once('/') else { continue };
            let id = name.strip_suffix(".otp").filter(|id| !id.contains('.'));
            let is_imported = ACCOUNTS.iter().any(|imported| account.ends_with(imported));
            if id.is_some_and(|id| is_imported && !ids.iter().any(|known| known == id)) {
                self.check.find(format!("no key file opens {path}"));
            }
        }
        Ok(())
    }

    fn ring(&mut self) -> Result<()> {
        let verified = self.check.otp.run(self.check.folder, &["verify", "--ring", "ring", "work/new/"], "")?;
        if !verified.status.success() {
            self.check.find(format!("the ring does not verify: {}", String::from_utf8_lossy(&verified.stdout)));
        }
        Ok(())
    }
}

/// The key files that a report calls added.
fn added(report: &str) -> Vec<String> {
    let whole = report.split_inclusive('\n').filter(|line| line.ends_with('\n'));
    let files = whole.filter_map(|line| line.strip_prefix("added\t")?.trim_end().rsplit('\t').next());
    files.map(str::to_owned).collect()
}
