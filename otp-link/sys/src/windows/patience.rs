//! Waiting for others who have a file open just now: a virus scanner, an indexer, another writer.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use windows_sys::Win32::Foundation::{
    ERROR_ACCESS_DENIED, ERROR_DELETE_PENDING, ERROR_LOCK_VIOLATION, ERROR_SHARING_VIOLATION, ERROR_USER_MAPPED_FILE,
};

/// How long to wait in all.
const PATIENCE: Duration = Duration::from_secs(2);
const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(40);

/// Tries something again and again while others have the file open, for two seconds at most.
///
/// A file that is about to be deleted answers "access denied" until the last program that has it open closes it, just
/// like one that permissions forbid.
///
/// # Errors
///
/// The last one's.
pub fn patiently<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    let mut pause = FIRST_PAUSE;
    let mut since = None;
    loop {
        match attempt() {
            Err(error) if may_pass(&error) && since.get_or_insert_with(Instant::now).elapsed() < PATIENCE => {
                thread::sleep(pause);
                pause = (pause * 2).min(LONGEST_PAUSE);
            }
            outcome => return outcome,
        }
    }
}

fn may_pass(error: &io::Error) -> bool {
    is_in_use(error) || matches!(code(error), Some(ERROR_ACCESS_DENIED | ERROR_DELETE_PENDING))
}

/// Whether something failed because another program has the file open.
#[must_use]
pub fn is_in_use(error: &io::Error) -> bool {
    matches!(code(error), Some(ERROR_SHARING_VIOLATION | ERROR_LOCK_VIOLATION | ERROR_USER_MAPPED_FILE))
}

fn code(error: &io::Error) -> Option<u32> {
    error.raw_os_error().map(i32::cast_unsigned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_passes_is_tried_again_and_what_does_not_is_not() {
        let mut script = vec![Ok(()), Err(io::Error::from_raw_os_error(5)), Err(io::Error::from_raw_os_error(32))];
        patiently(|| script.pop().unwrap()).unwrap();
        assert!(script.is_empty());
        let mut tries = 0;
        let outcome: io::Result<()> = patiently(|| {
            tries += 1;
            Err(io::Error::from_raw_os_error(2))
        });
        assert!(outcome.is_err() && tries == 1);
        assert!(is_in_use(&io::Error::from_raw_os_error(32)) && !is_in_use(&io::Error::from_raw_os_error(5)));
    }
}
