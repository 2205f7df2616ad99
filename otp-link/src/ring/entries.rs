//! The entries of a ring as files.

use std::fs::{self, File};
use std::io::{self, ErrorKind, Seek, SeekFrom, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};

use otp_core::AccountName;
use otp_core::ring::{Entry, EntryName, Ring, put_one_by_one};

use super::dir::{FsRing, RingGuard};
use crate::error::{Error, Result};
use crate::key_file::{TOGETHER_FROM, create_durably};
use crate::key_source;

impl FsRing {
    fn account_dir(&self, account: &AccountName) -> PathBuf {
        account.as_str().split('/').fold(self.path.clone(), |dir, segment| dir.join(segment))
    }

    fn entry_path(&self, account: &AccountName, entry: Entry) -> PathBuf {
        self.account_dir(account).join(EntryName(entry).to_string())
    }

    /// Every account that has an entry, sorted by name as bytes.
    pub(super) fn account_names(&self) -> Result<Vec<AccountName>> {
        let mut found = Vec::new();
        find_accounts(&self.path, "", &mut found).map_err(self.failed())?;
        found.sort();
        Ok(found)
    }

    /// Puts entries with two syncs in all; `None` if that does not pay off, or if the file system can't do it.
    fn put_together(&self, entries: &[(&AccountName, Entry, &[u8])]) -> io::Result<Option<usize>> {
        if entries.len() < TOGETHER_FROM || !cfg!(target_os = "linux") {
            return Ok(None);
        }
        let mut files = Vec::with_capacity(entries.len());
        for (account, entry, bytes) in entries {
            otp_sys::make_private_dirs_unsynced(&self.account_dir(account))?;
            let path = self.entry_path(account, *entry);
            let Ok(mut file) = otp_sys::unnamed_private(&path) else { return Ok(None) };
            file.write_all(bytes)?;
            files.push((file, path));
        }
        let ring = File::open(&self.path)?;
        otp_sys::sync_file_system(&ring)?;
        let mut count = 0;
        for (file, path) in &files {
            match otp_sys::give_name(file, path) {
                Ok(()) => count += 1,
                Err(error) if error.kind() == ErrorKind::AlreadyExists => break,
                // There may be no /proc.
                Err(error)
                    if count == 0 && matches!(error.kind(), ErrorKind::NotFound | ErrorKind::PermissionDenied) =>
                {
                    return Ok(None);
                }
                Err(error) => return Err(error),
            }
        }
        otp_sys::sync_file_system(&ring)?;
        Ok(Some(count))
    }

    fn failed(&self) -> impl Fn(io::Error) -> Error {
        |source| Error::Ring { path: self.path.clone(), source }
    }
}

impl Ring for FsRing {
    type Error = Error;
    type Guard<'r> = RingGuard;

    fn lock(&self) -> Result<RingGuard> {
        self.wait()
    }

    fn put(&self, account: &AccountName, entry: Entry, bytes: &[u8]) -> Result<bool> {
        check_account(account)?;
        let path = self.entry_path(account, entry);
        let put = || otp_sys::patiently(|| create_durably(&path, &[bytes]));
        let made = match put() {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                otp_sys::make_private_dirs(&self.account_dir(account)).and_then(|()| put())
            }
            outcome => outcome,
        };
        match made {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(self.failed()(error)),
        }
    }

    fn put_many(&self, entries: &[(&AccountName, Entry, &[u8])]) -> Result<usize> {
        entries.iter().try_for_each(|(account, ..)| check_account(account))?;
        match self.put_together(entries).map_err(self.failed())? {
            Some(count) => Ok(count),
            None => put_one_by_one(self, entries),
        }
    }

    fn get(&self, account: &AccountName, entry: Entry, buffer: &mut [u8]) -> Result<Option<usize>> {
        let path = self.entry_path(account, entry);
        let mut file = match otp_sys::patiently(|| File::open(&path)) {
            Ok(file) => file,
            Err(error) if is_missing(&error) => return Ok(None),
            Err(error) => return Err(self.failed()(error)),
        };
        let len = file.metadata().map_err(self.failed())?.len();
        let filled = otp_sys::fill(&mut file, buffer).map_err(self.failed())?;
        if matches!(entry, Entry::Key(_) | Entry::Recovery(_)) {
            key_source::key_input(&mut buffer[..filled], |text| text.len());
        }
        let whole = if filled < buffer.len() { filled } else { filled.max(usize::try_from(len).unwrap_or(usize::MAX)) };
        Ok(Some(whole))
    }

    fn remove(&self, account: &AccountName, entry: Entry) -> Result<()> {
        let path = self.entry_path(account, entry);
        let removed = wipe(&path).and_then(|()| otp_sys::patiently(|| fs::remove_file(&path)));
        match removed.and_then(|()| otp_sys::sync_parent(&path)) {
            Err(error) if is_missing(&error) => Ok(()),
            outcome => outcome.map_err(self.failed()),
        }
    }

    fn list(&self, account: &AccountName, each: &mut dyn FnMut(Entry) -> ControlFlow<()>) -> Result<()> {
        let mut entries = Vec::new();
        each_name(&self.account_dir(account), |name, is_dir| {
            if !is_dir {
                entries.extend(EntryName::parse(name));
            }
        })
        .map_err(self.failed())?;
        let _ = entries.into_iter().try_for_each(each);
        Ok(())
    }

    fn accounts(&self, each: &mut dyn FnMut(&AccountName) -> ControlFlow<()>) -> Result<()> {
        let _ = self.account_names()?.iter().try_for_each(each);
        Ok(())
    }
}

/// Refuses an account whose directory would be where another account's mark belongs, and pass for it.
fn check_account(account: &AccountName) -> Result<()> {
    if account.as_str().split('/').any(|segment| EntryName::parse(segment).is_some()) {
        return Err(Error::NotForRing { account: account.clone().into() });
    }
    Ok(())
}

/// Whether there is nothing: an account's directory may be missing, or have the name of another account's mark, which
/// is a file. Wine calls anything below a file an invalid name.
fn is_missing(error: &io::Error) -> bool {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => true,
        kind => cfg!(windows) && kind == ErrorKind::InvalidFilename,
    }
}

/// Overwrites a file's bytes: a journal or a solid-state disk may still keep a copy.
fn wipe(path: &Path) -> io::Result<()> {
    let mut file = otp_sys::patiently(|| File::options().write(true).open(path))?;
    let len = usize::try_from(file.metadata()?.len()).unwrap_or(0);
    if len == 0 {
        return Ok(());
    }
    file.seek(SeekFrom::Start(0))?;
    file.write_all(&vec![0; len])?;
    file.sync_data()
}

/// Calls `each` with every name in a directory, and whether it is a directory. A missing directory counts as empty.
fn each_name(dir: &Path, mut each: impl FnMut(&str, bool)) -> io::Result<()> {
    let named = otp_sys::each_entry(dir, |name, is_dir| {
        if let Some(name) = name.to_str() {
            each(name, is_dir);
        }
    });
    match named {
        Err(error) if is_missing(&error) => Ok(()),
        outcome => outcome,
    }
}

fn find_accounts(dir: &Path, name: &str, found: &mut Vec<AccountName>) -> io::Result<()> {
    let (mut below, mut has_entry) = (Vec::new(), false);
    each_name(dir, |entry, is_dir| {
        if is_dir {
            below.push(entry.to_owned());
        } else {
            has_entry |= EntryName::parse(entry).is_some();
        }
    })?;
    if has_entry && let Ok(account) = AccountName::parse(name) {
        found.push(account);
    }
    for segment in below {
        let name = if name.is_empty() { segment.clone() } else { format!("{name}/{segment}") };
        find_accounts(&dir.join(&segment), &name, found)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use otp_core::KeyId;

    use super::*;

    #[test]
    fn entries_put_together_are_those_put_one_by_one() {
        let home = otp_test_tools::folder();
        let ring = FsRing::init(&home.path().join("ring")).unwrap();
        let account: AccountName = "a/b".parse().unwrap();
        let entry = |id: usize| Entry::Key(KeyId::from_bytes([u8::try_from(id).unwrap(); KeyId::LEN]));
        let entries =
            |ids: std::ops::Range<usize>| ids.map(|id| (&account, entry(id), &b"text"[..])).collect::<Vec<_>>();

        for (ids, put) in [(0..2, 2), (2..2 + TOGETHER_FROM, TOGETHER_FROM)] {
            assert_eq!(ring.put_many(&entries(ids.clone())).unwrap(), put);
            for id in ids {
                let mut buffer = [0; 9];
                assert_eq!(ring.get(&account, entry(id), &mut buffer).unwrap(), Some(4));
                assert_eq!(&buffer[..4], b"text");
            }
        }
        // Up to the one that is there.
        let last = 2 + TOGETHER_FROM;
        let there = [entries(last..last + 5), entries(0..1), entries(last + 5..last + 9)].concat();
        assert_eq!(ring.put_many(&there).unwrap(), 5);
        assert_eq!(ring.get(&account, entry(last + 5), &mut []).unwrap(), None);
        let taken: AccountName = "a/1.spent".parse().unwrap();
        let refused = vec![(&taken, entry(0), &b"text"[..]); TOGETHER_FROM];
        assert!(matches!(ring.put_many(&refused), Err(Error::NotForRing { .. })));
        #[cfg(unix)]
        {
            use std::os::unix::fs::MetadataExt;
            let modes = [(ring.account_dir(&account), 0o700), (ring.entry_path(&account, entry(3)), 0o600)];
            assert!(modes.iter().all(|(path, mode)| path.metadata().unwrap().mode() & 0o7777 == *mode));
        }
    }

    #[test]
    fn an_account_that_is_called_like_a_mark_of_another_has_nothing() {
        let home = otp_test_tools::folder();
        let ring = FsRing::init(&home.path().join("ring")).unwrap();
        let entry = Entry::Spent(1);
        assert!(ring.put(&"a".parse().unwrap(), entry, b"").unwrap());
        let account = "a/1.spent".parse().unwrap();
        assert_eq!(ring.get(&account, entry, &mut []).unwrap(), None);
        ring.remove(&account, entry).unwrap();
        ring.list(&account, &mut |entry| panic!("{entry:?}")).unwrap();
    }
}
