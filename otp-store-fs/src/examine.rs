//! What is wrong with a store: modes, owners, links, foreign files, and what crashed writers left behind.
//!
//! This does not check whether the records themselves decode.

use std::io::ErrorKind;
use std::mem;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use otp_core::AccountName;
use otp_core::store::ObjectName;
use otp_sys::FileKind;

use crate::durable::Durable;
use crate::error::Error;
use crate::names::{self, LOCK, TEMPORARY};
use crate::platform::Dir;
use crate::prune::prune;
use crate::store::FsStore;
use crate::{check, strays, walk};

/// What an examination found.
#[derive(Debug)]
#[non_exhaustive]
pub enum Finding {
    /// Something does not work, or is not safe.
    Faulty(Error),
    /// Writers are refused; reading works, and may be all you want.
    ReadOnly(Error),
    /// Something that is not part of a store. Nothing reads it.
    Foreign {
        /// Where it is.
        path: PathBuf,
    },
    /// A temporary file or directory that a crashed writer left. Nothing reads it.
    Stray {
        /// Where it is, or was.
        path: PathBuf,
        /// Whether it was removed just now.
        removed: bool,
    },
    /// An account's directory without any objects.
    Empty {
        /// Where it is, or was.
        path: PathBuf,
        /// Whether it was removed just now.
        removed: bool,
    },
}

/// Looks at a whole store.
///
/// With `fix`, strays and empty directories are removed; nothing else is touched. A store that can't be opened is one
/// finding, and nothing is removed from one that this process may not write to.
#[must_use]
pub fn examine(root: &Path, fix: bool) -> Vec<Finding> {
    let store = match FsStore::open(root) {
        Ok(store) => store,
        Err(error) => return vec![Finding::Faulty(error)],
    };
    let mut examination = Examination { store: &store, fix, findings: Vec::new(), empty: Vec::new() };
    if let Err(error) = walk::modes_for_writing(&store) {
        examination.findings.push(Finding::ReadOnly(error));
        examination.fix = false;
    }
    examination.directory(&store.root, None);
    examination.empty_directories();
    examination.findings
}

struct Examination<'a> {
    store: &'a FsStore,
    fix: bool,
    findings: Vec<Finding>,
    /// Accounts whose directories are empty.
    empty: Vec<AccountName>,
}

impl Examination<'_> {
    fn directory(&mut self, dir: &Dir, account: Option<&AccountName>) {
        let here = account.map_or_else(|| self.store.path.clone(), |account| self.store.dir_of(account));
        let mut entries = Vec::new();
        let read = dir.entries(&mut |name, kind| {
            entries.push((name.to_owned(), kind));
            ControlFlow::Continue(())
        });
        if let Err(error) = read {
            self.faulty(Error::store("list", &here, error));
            return;
        }
        entries.sort_unstable_by(|a, b| a.0.cmp(&b.0));
        if let Some(account) = account.filter(|_| entries.iter().all(|(name, _)| name == LOCK)) {
            self.empty.push(account.clone());
        }
        for (name, kind) in entries {
            let path = here.join(&name);
            match name.to_str() {
                _ if kind == FileKind::Symlink => self.faulty(Error::Symlink { path }),
                Some(name) => self.entry(dir, account, name, kind, path),
                None => self.findings.push(Finding::Foreign { path }),
            }
        }
    }

    fn entry(&mut self, dir: &Dir, account: Option<&AccountName>, name: &str, kind: FileKind, path: PathBuf) {
        let is_object = account.is_some() && ObjectName::parse(name).is_some();
        let below = names::child(account, name);
        match (kind, below) {
            (FileKind::File, _) if name == LOCK => self.object(dir, name, &path),
            _ if name.starts_with(TEMPORARY) => self.temporary(dir, name, kind, path),
            (FileKind::File, _) if is_object => self.object(dir, name, &path),
            (FileKind::Other, _) if is_object => self.faulty(Error::NotAFile { path }),
            (FileKind::Directory, Some(below)) => match walk::open_dir(self.store, dir, name, || path.clone()) {
                Ok(Some(dir)) => self.directory(&dir, Some(&below)),
                Ok(None) => {}
                Err(error) => self.faulty(error),
            },
            _ => self.findings.push(Finding::Foreign { path }),
        }
    }

    fn object(&mut self, dir: &Dir, name: &str, path: &Path) {
        match dir.status_at(name) {
            Ok(status) => {
                if let Err(error) = check::part(&status, self.store.root.status(), || path) {
                    self.faulty(error);
                }
            }
            Err(error) if error.kind() == ErrorKind::NotFound => {}
            Err(error) => self.faulty(Error::store("read", path, error)),
        }
    }

    fn temporary(&mut self, dir: &Dir, name: &str, kind: FileKind, path: PathBuf) {
        // Somebody who is still at work has it locked.
        if !dir.is_stray(name).unwrap_or(false) {
            return;
        }
        let stray = (name.to_owned(), kind);
        let removed = self.fix && strays::remove(dir, &stray).and_then(|()| dir.sync()).is_ok();
        self.findings.push(Finding::Stray { path, removed });
    }

    fn empty_directories(&mut self) {
        for account in mem::take(&mut self.empty) {
            let path = self.store.dir_of(&account);
            let removed = self.fix && prune(self.store, &account).is_ok() && !path.exists();
            self.findings.push(Finding::Empty { path, removed });
        }
    }

    fn faulty(&mut self, error: Error) {
        self.findings.push(Finding::Faulty(error));
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_record_that_is_removed_while_it_is_looked_at_is_nothing_to_find() {
        let home = otp_test_tools::folder();
        let store = FsStore::open_or_create(home.path().join("store")).unwrap();
        let mut examination = Examination { store: &store, fix: false, findings: Vec::new(), empty: Vec::new() };
        examination.object(&store.root, "removed", Path::new("removed"));
        assert!(examination.findings.is_empty());
        std::fs::write(store.root().join("file"), "").unwrap();
        examination.object(&store.root, "file/below", Path::new("file/below"));
        assert!(matches!(examination.findings[..], [Finding::Faulty(Error::Store { .. })]));
    }
}
