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
    write_raw(bytes).map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Error::OutputClosed,
        _ => Error::Io { what: "standard output can't be written".into(), source: error },
    })
}

/// Writes to standard output directly: the standard library's buffer would keep a copy.
pub(crate) fn write_raw(bytes: &[u8]) -> io::Result<()> {
    #[cfg(unix)]
    return otp_sys::standard_output()?.write_all(bytes);
    #[cfg(windows)]
    return otp_sys::write_output(bytes);
}

/// Whether this process was started with its standard output closed.
///
/// The standard library has then put `/dev/null` in its place, open for reading and writing. Users who deliberately
/// send a key there open it for writing only.
#[cfg(unix)]
pub(crate) fn output_is_lost() -> bool {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    // The cheapest test first: the answer is mostly no.
    if !rustix::fs::fcntl_getfl(rustix::stdio::stdout()).is_ok_and(|flags| flags.contains(rustix::fs::OFlags::RDWR)) {
        return false;
    }
    let device = |metadata: std::fs::Metadata| metadata.file_type().is_char_device().then(|| metadata.rdev());
    let output = otp_sys::standard_output().and_then(|file| file.metadata()).ok().and_then(device);
    output.is_some() && output == std::fs::metadata("/dev/null").ok().and_then(device)
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
