//! Reading an object, inside a store and outside of any.

use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::Path;

use otp_core::store::Slot;

use crate::sys::Dir;
use crate::{Error, FsStore, check, path, walk};

/// Reads an object: one open and one read, beside a look at each directory on the way.
pub(crate) fn get(store: &FsStore, slot: &Slot, buffer: &mut [u8]) -> Result<Option<usize>, Error> {
    let Some(dir) = walk::find(store, &slot.account)? else {
        return Ok(None);
    };
    let name = path::file_name(slot);
    let path = || store.path_of(slot);
    let (mut file, status) = match dir.open_file(&name) {
        Ok(opened) => opened,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(why_not(&dir, &name, &path(), error)),
    };
    check::regular_file(&status, path)?;
    check::not_writable_by_others(&status, path)?;
    let len = usize::try_from(status.len).unwrap_or(usize::MAX);
    let fits = len.min(buffer.len());
    let read = fill(&mut file, &mut buffer[..fits]).map_err(|error| Error::store("read", path(), error))?;
    // Nobody shortens an object; if a file system lost its end, the record's own checks will find that.
    Ok(Some(if read < fits { read } else { len }))
}

/// What stands where an object belongs and can't be opened.
fn why_not(dir: &Dir, name: &str, path: &Path, error: io::Error) -> Error {
    match dir.status_of(name) {
        Ok(status) => check::regular_file(&status, || path).err().unwrap_or_else(|| Error::store("read", path, error)),
        Err(_) => Error::store("read", path, error),
    }
}

/// Reads until the buffer is full or the file ends, and returns how much that was: one read for a regular file.
pub(crate) fn fill(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// Reads a record that lies outside any store, such as one shipped with a script. Pipes are read as well.
///
/// `limit` is the most that a record takes, in bytes: what is longer is refused before memory is taken for it.
/// Who else can write to it is not asked: what it is worth is for the key to say.
///
/// # Errors
///
/// [`Error::TooLarge`], [`Error::NotAFile`] for a directory, [`Error::Store`].
pub fn read_record_file(path: impl AsRef<Path>, limit: usize) -> Result<Vec<u8>, Error> {
    let path = path.as_ref();
    let failed = |error| Error::store("read", path, error);
    let mut file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    if metadata.is_dir() {
        return Err(Error::NotAFile { path: path.to_owned() });
    }
    let len = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
    if len > limit {
        return Err(Error::TooLarge { path: path.to_owned(), limit });
    }
    let mut bytes = vec![0; if metadata.is_file() && len > 0 { len } else { limit.saturating_add(1) }];
    let read = fill(&mut file, &mut bytes).map_err(failed)?;
    if read > limit {
        return Err(Error::TooLarge { path: path.to_owned(), limit });
    }
    bytes.truncate(read);
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a source does, read by read.
    struct Script(Vec<io::Result<usize>>);

    impl Read for Script {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            assert!(!buffer.is_empty(), "it was asked for nothing");
            let count = self.0.remove(0)?;
            buffer[..count].fill(7);
            Ok(count)
        }
    }

    #[test]
    fn a_buffer_is_filled_in_as_many_reads_as_it_takes() {
        let interrupted = || Err(ErrorKind::Interrupted.into());
        let mut buffer = [0; 6];
        assert_eq!(fill(&mut Script(vec![interrupted(), Ok(2), interrupted(), Ok(4)]), &mut buffer).unwrap(), 6);
        assert_eq!(buffer, [7; 6]);
        let mut buffer = [0; 6];
        assert_eq!(fill(&mut Script(vec![Ok(2), Ok(0)]), &mut buffer).unwrap(), 2);
        assert_eq!(buffer, [7, 7, 0, 0, 0, 0]);
        let error = fill(&mut Script(vec![Ok(2), Err(ErrorKind::BrokenPipe.into())]), &mut buffer).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
    }
}
