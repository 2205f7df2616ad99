//! From the store's root to an account's directory, one segment at a time, so that no link is followed.

use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use otp_core::name::AccountName;

use crate::check::{self, Modes};
use crate::sys::{self, Dir, Durable, FileKind};
use crate::{Error, FsStore};

/// How often a writer begins anew because others removed the directory under its feet. Each time, somebody else got on.
const TRIES: usize = 1000;

pub(crate) fn open_root(path: &Path) -> Result<FsStore, Error> {
    let root = Dir::open(path).map_err(|error| match error.kind() {
        ErrorKind::NotFound => Error::RootMissing { path: path.to_owned() },
        ErrorKind::NotADirectory => Error::NotADirectory { path: path.to_owned() },
        _ => Error::store("read", path, error),
    })?;
    check::not_writable_by_others(root.status(), || path)?;
    Ok(FsStore { path: path.to_owned(), root: Arc::new(root), last: Mutex::new(None) })
}

pub(crate) fn make_root(path: &Path) -> Result<FsStore, Error> {
    match open_root(path) {
        Err(Error::RootMissing { .. }) => {
            sys::make_private_dirs(path).map_err(|error| Error::store("make", path, error))?;
            open_root(path)
        }
        outcome => outcome,
    }
    .and_then(|store| {
        modes_for_writing(&store)?;
        Ok(store)
    })
}

/// Whether this process may write to the store as far as its root says, and with which modes.
pub(crate) fn modes_for_writing(store: &FsStore) -> Result<Modes, Error> {
    let root = store.root.status_now().map_err(|error| Error::store("read", &store.path, error))?;
    check::not_writable_by_others(&root, || &store.path)?;
    check::owned_by(&root, sys::user(), &store.path)?;
    Ok(Modes::of(&root))
}

/// The account's directory; `None` if there is none.
pub(crate) fn find(store: &FsStore, account: &AccountName) -> Result<Option<Arc<Dir>>, Error> {
    if let Some(dir) = remembered(store, account)? {
        return Ok(Some(dir));
    }
    let mut dir = Arc::clone(&store.root);
    for (segment, below) in segments(account) {
        match open_dir(&dir, segment, || store.path.join(below))? {
            Some(next) => dir = Arc::new(next),
            None => return Ok(None),
        }
    }
    remember(store, account, &dir);
    Ok(Some(dir))
}

/// The account's directory, made if it is missing. Directories in which one was made are added to `changed`.
///
/// If somebody removes one again meanwhile, it fails with `NotFound`, for [`retry`].
///
/// One that another writer has made, but perhaps not synced yet, needs no sync from us: file systems with a journal or a log
/// keep a new directory's own name with the first thing that is synced in it.
pub(crate) fn find_or_make(
    store: &FsStore,
    account: &AccountName,
    modes: &Modes,
    changed: &mut Vec<Arc<Dir>>,
) -> Result<Arc<Dir>, Error> {
    if let Some(dir) = remembered(store, account)? {
        return Ok(dir);
    }
    let mut dir = Arc::clone(&store.root);
    for (segment, below) in segments(account) {
        let path = || store.path.join(below);
        if let Some(next) = open_dir(&dir, segment, path)? {
            dir = Arc::new(next);
            continue;
        }
        dir.make_dir(segment, modes).map_err(|error| Error::store("make", path(), error))?;
        changed.push(Arc::clone(&dir));
        dir = Arc::new(open_dir(&dir, segment, path)?.ok_or_else(|| missing(&dir, segment, path()))?);
    }
    remember(store, account, &dir);
    Ok(dir)
}

/// Does something again as long as it finds that a directory was removed meanwhile.
pub(crate) fn retry<T>(path: &Path, mut attempt: impl FnMut() -> Result<T, Error>) -> Result<T, Error> {
    for _ in 0..TRIES {
        match attempt() {
            Err(Error::Store { source, .. }) if source.kind() == ErrorKind::NotFound => {}
            outcome => return outcome,
        }
    }
    // The root itself is gone, though this process still has it open.
    Err(Error::store("write", path, ErrorKind::NotFound.into()))
}

/// Opens a directory inside the store; `None` if there is none, or something else.
pub(crate) fn open_dir(parent: &Dir, name: &str, path: impl Fn() -> PathBuf) -> Result<Option<Dir>, Error> {
    match parent.open_dir(name) {
        Ok(dir) => {
            check::not_writable_by_others(dir.status(), path)?;
            Ok(Some(dir))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => match parent.status_of(name).map(|status| status.kind) {
            Ok(FileKind::Symlink) => Err(Error::Symlink { path: path() }),
            Ok(FileKind::File | FileKind::Other) => Ok(None),
            Ok(FileKind::Directory) | Err(_) => Err(Error::store("read", path(), error)),
        },
    }
}

/// Why a directory that was just made is not there: something else stands in its place, or it was removed again.
fn missing(parent: &Dir, name: &str, path: PathBuf) -> Error {
    match parent.status_of(name) {
        Ok(status) if status.kind != FileKind::Directory => Error::NotADirectory { path },
        _ => Error::store("make", path, ErrorKind::NotFound.into()),
    }
}

/// The segments of a name, each with the name up to its end.
fn segments(account: &AccountName) -> impl Iterator<Item = (&str, &str)> {
    let name = account.as_str();
    let mut start = 0;
    name.split('/').map(move |segment| {
        let end = start + segment.len();
        start = end + 1;
        (segment, &name[..end])
    })
}

/// The directory used last, if it is this account's and still where it was.
fn remembered(store: &FsStore, account: &AccountName) -> Result<Option<Arc<Dir>>, Error> {
    let last = store.last.lock().unwrap_or_else(PoisonError::into_inner);
    let Some((name, dir)) = last.as_ref().filter(|(name, _)| name == account) else {
        return Ok(None);
    };
    // Others may have removed it, and made another one of that name; or let others write to it, or moved it behind a link.
    let mut place = None;
    for (_, below) in segments(name) {
        match store.root.status_of(below) {
            Ok(now) if now.kind == FileKind::Directory => {
                check::not_writable_by_others(&now, || store.path.join(below))?;
                place = Some(now.place);
            }
            _ => return Ok(None),
        }
    }
    if place != Some(dir.status().place) {
        return Ok(None);
    }
    Ok(Some(Arc::clone(dir)))
}

fn remember(store: &FsStore, account: &AccountName, dir: &Arc<Dir>) {
    *store.last.lock().unwrap_or_else(PoisonError::into_inner) = Some((account.clone(), Arc::clone(dir)));
}

/// Makes directories durable that something was made in or removed from, each once.
pub(crate) fn sync(dirs: &[Arc<Dir>], path: &Path) -> Result<(), Error> {
    sync_together(dirs).map_err(|error| Error::store("write", path, error))
}

/// From how many files or directories on, syncing the whole file system costs less than syncing each.
const TOGETHER_FROM: usize = 32;

/// Makes files or directories durable, many of them together.
pub(crate) fn sync_together(items: &[impl Durable]) -> io::Result<()> {
    let mut together: Vec<u64> = Vec::new();
    for item in items {
        if together.contains(&item.file_system()) {
            continue;
        }
        let many = items.len() >= TOGETHER_FROM;
        if many && item.sync_file_system()? {
            together.push(item.file_system());
        } else {
            item.sync()?;
        }
    }
    Ok(())
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_the_place_of_a_directory_is_told_from_one_that_went() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("dir")).unwrap();
        std::fs::write(home.path().join("file"), "").unwrap();
        let parent = Dir::open(home.path()).unwrap();
        let why = |name: &str| missing(&parent, name, name.into());
        assert!(matches!(why("file"), Error::NotADirectory { .. }));
        assert!(matches!(why("dir"), Error::Store { .. }), "it is there again: to be tried again");
        assert!(matches!(why("none"), Error::Store { .. }));
    }
}
