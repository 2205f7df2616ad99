//! Records outside any store, such as one that is shipped with a script.

use std::fs::File;
use std::path::Path;

use otp_core::Record;

use crate::error::{Error, Result};

/// Reads a record file. Pipes are read as well.
///
/// Anything longer than a record can be is refused before memory is taken for it. The permissions don't matter: the key
/// decides whether it opens.
pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    let failed = |source| Error::RecordNotRead { path: path.to_owned(), source };
    let mut file = File::open(path).map_err(failed)?;
    let metadata = file.metadata().map_err(failed)?;
    let not_a_record = || Error::NotARecord { path: path.to_owned() };
    if metadata.is_dir() {
        return Err(not_a_record());
    }
    let len = usize::try_from(metadata.len()).unwrap_or(usize::MAX);
    if len > Record::MAX_LEN {
        return Err(not_a_record());
    }
    let mut bytes = vec![0; if metadata.is_file() && len > 0 { len } else { Record::MAX_LEN + 1 }];
    let read = otp_sys::fill(&mut file, &mut bytes).map_err(failed)?;
    if read > Record::MAX_LEN {
        return Err(not_a_record());
    }
    bytes.truncate(read);
    Ok(bytes)
}
