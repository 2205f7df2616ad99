//! Reading objects: one open and one read each, beside a look at each directory on the way.

use std::fs::File;
use std::io::{self, ErrorKind, Read};

use otp_core::store::Slot;
use otp_core::{AccountName, KeyId};
use otp_sys::Status;

use crate::error::Error;
use crate::platform::Dir;
use crate::store::FsStore;
use crate::{check, walk};

/// Reads an object to the front of a buffer, and returns its whole length.
pub(crate) fn get(store: &FsStore, slot: &Slot, buffer: &mut [u8]) -> Result<Option<usize>, Error> {
    match walk::find(store, &slot.account)? {
        Some(dir) => read(store, &dir, slot, buffer),
        None => Ok(None),
    }
}

/// Reads a record and then the note beside it, from one directory.
pub(crate) fn get_with_note(
    store: &FsStore,
    account: &AccountName,
    id: KeyId,
    record: &mut [u8],
    note: &mut [u8],
) -> Result<(Option<usize>, Option<usize>), Error> {
    let Some(dir) = walk::find(store, account)? else {
        return Ok((None, None));
    };
    let record = read(store, &dir, &Slot::record(account, id), record)?;
    Ok((record, read(store, &dir, &Slot::note(account, id), note)?))
}

fn read(store: &FsStore, dir: &Dir, slot: &Slot, buffer: &mut [u8]) -> Result<Option<usize>, Error> {
    let Some((mut file, status)) = open(store, dir, slot)? else {
        return Ok(None);
    };
    let len = usize::try_from(status.len).unwrap_or(usize::MAX);
    let fits = len.min(buffer.len());
    let read =
        fill(&mut file, &mut buffer[..fits]).map_err(|error| Error::store("read", store.path_of(slot), error))?;
    // Nobody shortens an object; if a file system lost its end, the record's own checks will find that.
    Ok(Some(if read < fits { read } else { len }))
}

/// Opens an object in its account's directory; `None` if it does not exist.
pub(crate) fn open(store: &FsStore, dir: &Dir, slot: &Slot) -> Result<Option<(File, Status)>, Error> {
    let name = slot.name().to_string();
    let path = || store.path_of(slot);
    let (file, status) = match dir.open_file(&name) {
        Ok(opened) => opened,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => {
            // Perhaps something else stands in the object's place.
            if let Ok(status) = dir.status_at(&name) {
                check::regular_file(&status, path)?;
            }
            return Err(Error::store("read", path(), error));
        }
    };
    check::regular_file(&status, path)?;
    check::part(&status, store.root.status(), path)?;
    Ok(Some((file, status)))
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
