//! What is wrong with a store, a key file or the machine, and how to mend it.
//!
//! Findings are data; whoever asked shows them. Whether the records themselves decode is not looked at here.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use otp_core::name::AccountName;
use otp_core::{Code, Coded};

pub use crate::machine::examine_machine;
use crate::sys::{Dir, Durable, FileKind};
use crate::{Error, FsStore, check, key_file, lock, path, walk};

/// How bad it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing, and nothing to do.
    Notice,
    /// It works, but not as well as it could.
    Warning,
    /// Something does not work, or is not safe.
    Problem,
}

/// Something that the doctor noticed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// What it is about: a path, or a part of the machine.
    pub subject: String,
    /// What is the case, and what that means.
    pub meaning: String,
    /// What to do about it; empty if there is nothing to do.
    pub mend: String,
    /// Whether it was mended just now.
    pub fixed: bool,
    /// What whoever reports a problem ends with.
    pub code: Code,
}

impl Finding {
    pub(crate) fn new(
        severity: Severity,
        subject: impl fmt::Display,
        meaning: impl Into<String>,
        mend: impl Into<String>,
    ) -> Self {
        Self {
            severity,
            subject: subject.to_string(),
            meaning: meaning.into(),
            mend: mend.into(),
            fixed: false,
            code: Code::Other,
        }
    }

    /// An error of this crate says in one sentence what is the case and, behind a semicolon, what to do.
    fn from_error(subject: &Path, error: &Error) -> Self {
        let message = error.to_string();
        let (meaning, mend) = message.split_once("; ").unwrap_or((&message, ""));
        let mend = mend.strip_prefix("run: ").unwrap_or(mend);
        Self { code: error.code(), ..Self::new(Severity::Problem, subject.display(), meaning, mend) }
    }
}

/// Looks at a store: modes, owners, links, foreign files, and what crashed writers left behind.
///
/// With `fix`, strays and empty directories are removed; nothing else is touched. A store that can't be opened is one finding.
#[must_use]
pub fn examine_store(root: &Path, fix: bool) -> Vec<Finding> {
    let store = match FsStore::open(root) {
        Ok(store) => store,
        Err(error) => return vec![Finding::from_error(root, &error)],
    };
    let mut examination = Examination { store: &store, fix, findings: Vec::new(), empty: Vec::new() };
    if let Err(error) = walk::modes_for_writing(&store) {
        // Reading it may be all that is wanted.
        examination.findings.push(Finding { severity: Severity::Notice, ..Finding::from_error(root, &error) });
        examination.fix = false;
    }
    examination.directory(&store.root, None);
    examination.empty_directories();
    examination.findings
}

/// Looks at a key file: whether it is there, and its owner's alone.
#[must_use]
pub fn examine_key_file(path: &Path) -> Vec<Finding> {
    key_file::check_key_file(path).err().map(|error| Finding::from_error(path, &error)).into_iter().collect()
}

struct Examination<'a> {
    store: &'a FsStore,
    fix: bool,
    findings: Vec<Finding>,
    /// Accounts in whose directories nothing is.
    empty: Vec<AccountName>,
}

impl Examination<'_> {
    fn directory(&mut self, dir: &Arc<Dir>, account: Option<&AccountName>) {
        let here = account.map_or_else(|| self.store.path.clone(), |account| self.store.path.join(account.as_str()));
        let mut entries = Vec::new();
        if let Err(error) = dir.entries(&mut |name, kind| entries.push((name.to_owned(), kind))) {
            self.findings.push(Finding::from_error(&here, &Error::store("list", &here, error)));
            return;
        }
        entries.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        if let Some(account) = account.filter(|_| entries.iter().all(|(name, _)| name == path::LOCK)) {
            self.empty.push(account.clone());
        }
        for (name, kind) in entries {
            let path = here.join(&name);
            match name.to_str() {
                _ if kind == FileKind::Symlink => self.error(&path, &Error::Symlink { path: path.clone() }),
                Some(path::LOCK) if kind == FileKind::File => {}
                Some(name) if name.starts_with(path::TEMPORARY) => self.temporary(dir, name, kind, &path),
                Some(name) if kind == FileKind::File && account.is_some() && path::parse_file_name(name).is_some() => {
                    self.object(dir, name, &path);
                }
                Some(name) if kind == FileKind::Directory && path::child(account, name).is_some() => {
                    match walk::open_dir(dir, name, || path.clone()) {
                        Ok(Some(below)) => self.directory(&Arc::new(below), path::child(account, name).as_ref()),
                        Ok(None) => {}
                        Err(error) => self.error(&path, &error),
                    }
                }
                _ => self.findings.push(Finding::new(
                    Severity::Warning,
                    path.display(),
                    "it is no part of a store; nothing reads it",
                    "move it elsewhere",
                )),
            }
        }
    }

    fn object(&mut self, dir: &Dir, name: &str, path: &Path) {
        match dir.status_of(name) {
            Ok(status) => {
                if let Err(error) = check::not_writable_by_others(&status, || path) {
                    self.error(path, &error);
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => self.error(path, &Error::store("read", path, error)),
        }
    }

    fn temporary(&mut self, dir: &Dir, name: &str, kind: FileKind, path: &Path) {
        // Somebody who is still at work has it locked.
        if !dir.is_stray(name).unwrap_or(false) {
            return;
        }
        let stray = (name.to_owned(), kind);
        let fixed = self.fix && lock::remove_stray(dir, &stray).and_then(|()| dir.sync()).is_ok();
        let meaning = "a writer that crashed left it; nothing reads it";
        let finding = Finding::new(Severity::Warning, path.display(), meaning, "otp doctor --fix");
        self.findings.push(Finding { fixed, ..finding });
    }

    fn empty_directories(&mut self) {
        for account in std::mem::take(&mut self.empty) {
            let path = self.store.path.join(account.as_str());
            let fixed = self.fix && self.store.prune(&account).is_ok() && !path.exists();
            let finding =
                Finding::new(Severity::Notice, path.display(), "the directory has no records", "otp doctor --fix");
            self.findings.push(Finding { fixed, ..finding });
        }
    }

    fn error(&mut self, path: &Path, error: &Error) {
        self.findings.push(Finding::from_error(path, error));
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_is_removed_while_it_is_looked_at_is_nothing_to_find() {
        let home = tempfile::tempdir().unwrap();
        let store = FsStore::open_or_create(home.path().join("store")).unwrap();
        let mut examination = Examination { store: &store, fix: false, findings: Vec::new(), empty: Vec::new() };
        examination.object(&store.root, "removed", Path::new("removed"));
        assert_eq!(examination.findings, []);
        std::fs::write(store.root().join("file"), "").unwrap();
        examination.object(&store.root, "file/below", Path::new("file/below"));
        assert_eq!(examination.findings.len(), 1);
    }
}
