//! Taking bytes from a file so that nobody gets them again.
//!
//! A lock on the file itself keeps others out, by whichever name they know it. Nothing is handed out before it stands on
//! the disk that it is gone.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use super::{EntropyError, Used, used};
use crate::read::fill;
use crate::step::step;
use crate::sys::{self, FileKind, Status};

/// What others must not do with the file: anything.
const OTHERS: u32 = 0o077;
/// What others must not do with the record, and with the directory that it is in.
const OTHERS_WRITE: u32 = 0o022;
/// In a directory with this bit, others can't remove or replace what is not theirs.
const STICKY: u32 = 0o1000;

/// Takes `bytes.len()` bytes.
pub(super) fn take(path: &Path, used: Used, bytes: &mut [u8]) -> Result<(), EntropyError> {
    let mut file = lock(path, used)?;
    // All of what follows is about the file that is locked: its length, and the record beside its only name.
    let len = check(&file, path)?.len;
    let record = record_of(path);
    let spent = read_record(&record)?.unwrap_or(0);
    let left = len.checked_sub(spent).ok_or_else(|| EntropyError::BadRecord {
        path: record.clone(),
        reason: "it says that more is used than the file has",
    })?;
    let needed = bytes.len() as u64;
    if left < needed {
        return Err(EntropyError::TooShort { name: path.display().to_string(), left, needed });
    }
    if bytes.is_empty() {
        return Ok(());
    }
    let failed = |source| EntropyError::Read { name: path.display().to_string(), source };
    match used {
        Used::Record => {
            write_record(&record, spent + needed).map_err(|source| EntropyError::Write { path: record, source })?;
            read_at(&mut file, spent, bytes).map_err(failed)
        }
        Used::Destroy => {
            let start = len - needed;
            read_at(&mut file, start, bytes).map_err(failed)?;
            destroy(&mut file, start, needed).map_err(|source| EntropyError::Write { path: path.to_owned(), source })
        }
    }
}

/// Refuses a file that others can read or write, that has more than one name, or whose name others can give to another.
pub(super) fn check(file: &File, path: &Path) -> Result<Status, EntropyError> {
    let failed = |source| EntropyError::Read { name: path.display().to_string(), source };
    let status = sys::status_of(file).map_err(failed)?;
    check_owner(&status, path)?;
    if status.mode & OTHERS != 0 {
        return Err(EntropyError::OpenToOthers { path: path.to_owned(), mode: status.mode });
    }
    if sys::name_count(file).map_err(failed)? > 1 {
        return Err(EntropyError::ManyNames { path: path.to_owned() });
    }
    check_directory(path)?;
    Ok(status)
}

/// Opens the file, and waits until nobody else takes anything from it. The lock ends when the file is closed.
fn lock(path: &Path, used: Used) -> Result<File, EntropyError> {
    let failed = |source: io::Error| match (used, source.kind()) {
        (Used::Destroy, ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem) => {
            EntropyError::Write { path: path.to_owned(), source }
        }
        _ => EntropyError::Read { name: path.display().to_string(), source },
    };
    loop {
        let file = File::options().read(true).write(used == Used::Destroy).open(path).map_err(failed)?;
        step("lock");
        sys::lock(&file).map_err(failed)?;
        // Another file may have come to this name meanwhile, and it is that one that the record is about.
        let (named, status) = sys::open_any(path).map_err(failed)?;
        if status.kind == FileKind::File && status.place == sys::status_of(&file).map_err(failed)?.place {
            return Ok(file);
        }
        drop(named);
    }
}

/// Where the use of a file is recorded.
pub(super) fn record_of(path: &Path) -> PathBuf {
    with_ending(path, ".used")
}

fn with_ending(path: &Path, ending: &str) -> PathBuf {
    let mut name = OsString::from(path);
    name.push(ending);
    name.into()
}

/// How many bytes from the start are spent; `None` if that was never recorded.
fn read_record(record: &Path) -> Result<Option<u64>, EntropyError> {
    let bad = |reason| EntropyError::BadRecord { path: record.to_owned(), reason };
    match fs::symlink_metadata(record) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Ok(metadata) if metadata.is_file() => {}
        Ok(_) => return Err(bad("it is no regular file")),
        Err(source) => return Err(EntropyError::Read { name: record.display().to_string(), source }),
    }
    let failed = |source| EntropyError::Read { name: record.display().to_string(), source };
    let (mut file, status) = sys::open_any(record).map_err(failed)?;
    check_owner(&status, record)?;
    if status.mode & OTHERS_WRITE != 0 {
        return Err(EntropyError::RecordOpenToOthers { path: record.to_owned(), mode: status.mode });
    }
    let mut text = [0; used::MAX_LEN];
    let len = fill(&mut file, &mut text).map_err(failed)?;
    used::decode(&text[..len]).map(Some).ok_or_else(|| bad("it is damaged"))
}

/// Refuses a directory in which others could put another file, or take a record away.
fn check_directory(path: &Path) -> Result<(), EntropyError> {
    let dir = path.parent().unwrap_or(path);
    let failed = |source| EntropyError::Read { name: dir.display().to_string(), source };
    let status = sys::Dir::open(dir).and_then(|dir| dir.status_now()).map_err(failed)?;
    check_owner(&status, dir)?;
    if status.mode & OTHERS_WRITE != 0 && status.mode & STICKY == 0 {
        return Err(EntropyError::RecordOpenToOthers { path: dir.to_owned(), mode: status.mode });
    }
    Ok(())
}

fn check_owner(status: &Status, path: &Path) -> Result<(), EntropyError> {
    let user = sys::user();
    if status.owner == user || status.owner == 0 {
        return Ok(());
    }
    Err(EntropyError::OwnedByOther { path: path.to_owned(), owner: status.owner, user })
}

/// Puts a record in the place of the last one, durably. Only who has the file locked does that.
fn write_record(record: &Path, spent: u64) -> io::Result<()> {
    let new = with_ending(record, ".new");
    // A crash may have left one, which nobody reads.
    match fs::remove_file(&new) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    step("make temporary file");
    let mut file = sys::create_private(&new)?;
    step("write");
    file.write_all(used::encode(spent).as_bytes())?;
    step("sync file");
    file.sync_all()?;
    step("rename");
    fs::rename(&new, record)?;
    // Where directories can't be synced, flushing the file takes its name along.
    file.sync_all()?;
    sys::sync_parent(record)
}

/// Overwrites the last `len` bytes of a file, from `start` on, with zeros, and cuts them off, durably.
fn destroy(file: &mut File, start: u64, len: u64) -> io::Result<()> {
    step("overwrite");
    file.seek(SeekFrom::Start(start))?;
    io::copy(&mut io::repeat(0).take(len), file)?;
    // Before the cut: blocks that belong to no file any more need not be written at all.
    step("sync file");
    file.sync_all()?;
    step("cut");
    file.set_len(start)?;
    step("sync cut");
    file.sync_all()
}

fn read_at(file: &mut File, start: u64, bytes: &mut [u8]) -> io::Result<()> {
    step("read");
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(bytes)
}
