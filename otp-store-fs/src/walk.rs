//! From the store's root to an account's directory, one segment at a time, so that no link is followed.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use otp_core::AccountName;
use otp_sys::FileKind;

use crate::error::Error;
use crate::modes::Modes;
use crate::platform::Dir;
use crate::store::FsStore;
use crate::{check, names};

/// How often a writer starts over because others removed the directory. Each time, one of them made progress.
const TRIES: usize = 1000;

/// The modes for what this process makes in the store, unless the root says that it may not write.
pub(crate) fn modes_for_writing(store: &FsStore) -> Result<Modes, Error> {
    let root = store.root.status_now().map_err(|error| Error::store("read", &store.path, error))?;
    check::not_writable_by_others(&root, || &store.path)?;
    check::owned_by(&root, otp_sys::user(), &store.path)?;
    Ok(Modes::of(&root))
}

/// The account's directory; `None` if it does not exist.
pub(crate) fn find(store: &FsStore, account: &AccountName) -> Result<Option<Dir>, Error> {
    let mut found: Option<Dir> = None;
    for (segment, below) in segments(account) {
        let parent = found.as_ref().unwrap_or(&store.root);
        found = open_dir(store, parent, segment, || store.path.join(below))?;
        if found.is_none() {
            break;
        }
    }
    Ok(found)
}

/// The directory that the account's lies in; `None` if it does not exist.
pub(crate) fn find_parent(store: &FsStore, account: &AccountName) -> Result<Option<Arc<Dir>>, Error> {
    match names::parent(account).0 {
        Some(parent) => Ok(find(store, &parent)?.map(Arc::new)),
        None => Ok(Some(Arc::clone(&store.root))),
    }
}

/// The account's directory, made if it is missing. Directories in which one was made are added to `changed`.
///
/// If one of them is removed again meanwhile, it fails with `NotFound`, for [`retry`].
///
/// A directory that another writer has made, but perhaps not synced yet, needs no sync from us: file systems with a journal
/// or a log keep a new directory's own name with the first thing that is synced in it.
pub(crate) fn find_or_make(
    store: &FsStore,
    account: &AccountName,
    modes: &Modes,
    changed: &mut Vec<Arc<Dir>>,
) -> Result<Arc<Dir>, Error> {
    let mut dir = Arc::clone(&store.root);
    for (segment, below) in segments(account) {
        let path = || store.path.join(below);
        if let Some(next) = open_dir(store, &dir, segment, path)? {
            dir = Arc::new(next);
            continue;
        }
        dir.make_dir(segment, modes).map_err(|error| Error::store("make", path(), error))?;
        changed.push(Arc::clone(&dir));
        dir = Arc::new(open_dir(store, &dir, segment, path)?.ok_or_else(|| missing(&dir, segment, path()))?);
    }
    Ok(dir)
}

/// Repeats something as long as it finds that a directory was removed meanwhile.
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

/// Opens a directory inside the store; `None` if it does not exist, or is something else.
pub(crate) fn open_dir(
    store: &FsStore,
    parent: &Dir,
    name: &str,
    path: impl Fn() -> PathBuf,
) -> Result<Option<Dir>, Error> {
    match parent.open_dir(name) {
        Ok(dir) => {
            check::part(dir.status(), store.root.status(), path)?;
            Ok(Some(dir))
        }
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => match parent.status_at(name).map(|status| status.kind) {
            Ok(FileKind::Symlink) => Err(Error::Symlink { path: path() }),
            Ok(FileKind::File | FileKind::Other) => Ok(None),
            Ok(FileKind::Directory) | Err(_) => Err(Error::store("read", path(), error)),
        },
    }
}

/// Why a directory that was just made is missing: something else stands in its place, or it was removed again.
fn missing(parent: &Dir, name: &str, path: PathBuf) -> Error {
    match parent.status_at(name) {
        Ok(status) if status.kind != FileKind::Directory => Error::NotADirectory { path, root: false },
        _ => Error::store("make", path, ErrorKind::NotFound.into()),
    }
}

/// The segments of a name, each with the name up to its end.
pub(crate) fn segments(account: &AccountName) -> impl Iterator<Item = (&str, &str)> {
    let name = account.as_str();
    let mut start = 0;
    name.split('/').map(move |segment| {
        let end = start + segment.len();
        start = end + 1;
        (segment, &name[..end])
    })
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn something_in_the_place_of_a_directory_is_told_from_one_that_was_removed() {
        let home = otp_test_tools::folder();
        std::fs::create_dir(home.path().join("dir")).unwrap();
        std::fs::write(home.path().join("file"), "").unwrap();
        let parent = Dir::open(home.path()).unwrap();
        let why = |name: &str| missing(&parent, name, name.into());
        assert!(matches!(why("file"), Error::NotADirectory { root: false, .. }));
        assert!(matches!(why("dir"), Error::Store { .. }), "it is there again: to be tried again");
        assert!(matches!(why("none"), Error::Store { .. }));
    }
}
