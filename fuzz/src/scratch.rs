//! A temporary directory, of which nothing is left behind.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use tempfile::TempDir;

/// What is at a path: its kind, and its mode where that matters.
#[derive(Debug, PartialEq)]
pub(crate) enum Entry {
    File { mode: u32, bytes: Vec<u8> },
    Directory { mode: u32 },
    Other,
}

/// A new directory, in memory if the system offers that.
pub(crate) fn scratch() -> TempDir {
    let memory = Path::new("/dev/shm");
    let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
    tempfile::Builder::new().prefix("otp-fuzz-").tempdir_in(place).unwrap()
}

/// Everything below a directory, by relative path.
pub(crate) fn snapshot(root: &Path) -> BTreeMap<PathBuf, Entry> {
    let mut entries = BTreeMap::new();
    let mut waiting = vec![root.to_owned()];
    while let Some(directory) = waiting.pop() {
        for entry in fs::read_dir(&directory).unwrap() {
            let path = entry.unwrap().path();
            let metadata = fs::symlink_metadata(&path).unwrap();
            let mode = metadata.mode() & 0o7777;
            let found = if metadata.is_dir() {
                waiting.push(path.clone());
                Entry::Directory { mode }
            } else if metadata.is_file() {
                Entry::File { mode, bytes: fs::read(&path).unwrap() }
            } else {
                Entry::Other
            };
            entries.insert(path.strip_prefix(root).unwrap().to_owned(), found);
        }
    }
    entries
}

pub(crate) fn is_lock(path: &Path) -> bool {
    path.file_name() == Some(OsStr::new(".lock"))
}

/// Whether it is something that a crashed writer left behind, or is inside of that.
pub(crate) fn is_stray(path: &Path) -> bool {
    path.iter().any(|part| part.as_encoded_bytes().starts_with(b".tmp-"))
}

/// Makes a directory and its parents, as private as a store's.
pub(crate) fn make_directories(path: &Path) {
    fs::DirBuilder::new().recursive(true).mode(0o700).create(path).unwrap();
}

pub(crate) fn change_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

/// Moves a directory aside, puts a copy in its place, and removes the original.
pub(crate) fn restore(root: &Path, name: &str, aside: &Path) {
    let place = root.join(name);
    if fs::rename(&place, aside).is_err() {
        return;
    }
    make_directories(&place);
    // Directories come before their contents.
    for (path, entry) in snapshot(aside) {
        let path = place.join(path);
        match entry {
            Entry::Directory { .. } => make_directories(&path),
            Entry::File { mode, bytes } => {
                fs::write(&path, bytes).unwrap();
                change_mode(&path, mode);
            }
            Entry::Other => {}
        }
    }
    fs::remove_dir_all(aside).unwrap();
}
