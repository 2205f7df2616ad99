//! [`LockWait`]: waiting for a file's lock that another process holds.
//!
//! No system can wait for a file's lock for a limited time, so this tries again and again.

use std::fs::{File, TryLockError};
use std::io;
use std::thread;
use std::time::{Duration, Instant};

/// The first pause between two tries; each is twice as long as the one before.
const FIRST_PAUSE: Duration = Duration::from_micros(100);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_millis(10);
/// How long to wait before saying so.
const UNNOTICED: Duration = Duration::from_secs(1);

/// One wait for a lock, however often it starts over because the file was replaced.
#[derive(Debug)]
pub struct LockWait {
    timeout: Duration,
    /// When the lock was first found to be held.
    since: Option<Instant>,
    noticed: bool,
}

/// Why a file could not be locked.
#[derive(Debug)]
pub enum NotLocked {
    /// Another process has held the lock for this long, which is the timeout or more.
    Held(Duration),
    /// The system refused it.
    Failed(io::Error),
}

impl LockWait {
    /// A wait of at most `timeout`.
    #[must_use]
    pub const fn new(timeout: Duration) -> Self {
        Self { timeout, since: None, noticed: false }
    }

    /// Locks a file. `notice` is called once, after a second of waiting.
    ///
    /// # Errors
    ///
    /// [`NotLocked::Held`] once the timeout has passed; [`NotLocked::Failed`].
    pub fn lock(&mut self, file: &File, notice: impl Fn()) -> Result<(), NotLocked> {
        let mut pause = FIRST_PAUSE;
        loop {
            match file.try_lock() {
                Ok(()) => return Ok(()),
                Err(TryLockError::WouldBlock) => self.go_on(&notice)?,
                Err(TryLockError::Error(error)) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(TryLockError::Error(error)) => return Err(NotLocked::Failed(error)),
            }
            thread::sleep(pause);
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }

    fn go_on(&mut self, notice: impl Fn()) -> Result<(), NotLocked> {
        let waited = self.since.get_or_insert_with(Instant::now).elapsed();
        if waited >= self.timeout {
            return Err(NotLocked::Held(waited));
        }
        if waited >= UNNOTICED && !self.noticed {
            self.noticed = true;
            notice();
        }
        Ok(())
    }
}
