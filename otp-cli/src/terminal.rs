//! Warnings, progress, and output that leaves no copies behind.

use std::cell::Cell;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, Instant};

use otp_link::redact;

use crate::error::{Error, Result};

/// The longest line accepted, in bytes. Terminals have no longer ones.
pub(crate) const MAX_LINE_LEN: usize = 4096;

/// Like [`redact`], which takes one line, for several.
pub(crate) fn redact_lines(text: &str) -> String {
    text.lines().flat_map(|line| [redact(line), "\n".to_owned()]).collect()
}

/// Warns on standard error.
pub(crate) fn warn(message: &str) {
    let _ = writeln!(io::stderr(), "otp: warning: {message}");
}

/// Prints a note, which is not a warning, on standard error.
pub(crate) fn note(message: &str) {
    let _ = writeln!(io::stderr(), "otp: {message}");
}

/// Writes to standard output at once.
pub(crate) fn write_stdout(bytes: &[u8]) -> Result<()> {
    if output_is_lost() {
        return Err(Error::NoOutput);
    }
    // Directly: the standard library's buffer would keep a copy.
    otp_sys::write_output(bytes).map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Error::OutputClosed,
        _ => Error::Io { what: "standard output can't be written".into(), source: error },
    })
}

/// Whether this process was started with its standard output closed.
///
/// The standard library has then put `/dev/null` in its place, open for reading and writing. Users who deliberately
/// send a key there open it for writing only.
#[cfg(unix)]
pub(crate) fn output_is_lost() -> bool {
    use rustix::fs::{FileType, OFlags, Stat, fcntl_getfl, fstat, stat};
    let output = rustix::stdio::stdout();
    // The cheapest test first: the answer is mostly no.
    if !fcntl_getfl(output).is_ok_and(|flags| flags.contains(OFlags::RDWR)) {
        return false;
    }
    let device =
        |status: Stat| (FileType::from_raw_mode(status.st_mode) == FileType::CharacterDevice).then_some(status.st_rdev);
    let output = fstat(output).ok().and_then(device);
    output.is_some() && output == stat("/dev/null").ok().and_then(device)
}

/// Whether this process was started without a standard output, as a service may be.
#[cfg(windows)]
pub(crate) fn output_is_lost() -> bool {
    use std::os::windows::io::AsRawHandle;
    otp_sys::standard_output().map_or(true, |output| output.as_raw_handle().is_null())
}

/// How often progress is redrawn.
const REFRESH: Duration = Duration::from_millis(100);

/// Progress on standard error if it is a terminal. Dropping it clears the line.
pub(crate) struct Progress {
    what: &'static str,
    count: Cell<u64>,
    shown: Cell<Option<Instant>>,
}

impl Progress {
    /// Counts steps, or just shows that work is in progress.
    pub(crate) fn begin(what: &'static str) -> Self {
        let shown = io::stderr().is_terminal().then(Instant::now);
        let progress = Self { what, count: Cell::new(0), shown: Cell::new(shown) };
        progress.show(&format!("{what} ..."));
        progress
    }

    /// Counts one more step.
    pub(crate) fn step(&self) {
        self.count.set(self.count.get() + 1);
        if self.shown.get().is_some_and(|shown| shown.elapsed() >= REFRESH) {
            self.show(&format!("{}: {}", self.what, self.count.get()));
            self.shown.set(Some(Instant::now()));
        }
    }

    fn show(&self, line: &str) {
        if self.shown.get().is_some() {
            let _ = write!(io::stderr(), "\r{line}");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        // As long as any line before: the text, a colon, and the longest number.
        self.show(&format!("{:1$}\r", "", self.what.len() + 2 + 20));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_and_no_control_character_reaches_the_terminal() {
        let text = "a\totpk1_b\n\nOTPK1_C \u{1b}[2J";
        assert_eq!(redact_lines(text), "a\\u{9}otpk1_...\n\nOTPK1_... \\u{1b}[2J\n");
    }
}
