//! Prompts, warnings, and output that leaves no copy behind.

mod prompt;

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use otp_store_fs::sys;
use serde::Serialize;
use zeroize::Zeroizing;

use crate::Result;
use crate::error::Error;

/// Says on standard error what went wrong.
pub(crate) fn report(error: &Error) {
    let message = match error {
        // It has its own form; and nobody is told that he closed the output himself.
        Error::CommandLine(message) => message.clone(),
        Error::OutputClosed => return,
        error => {
            let mut message = format!("otp: {error}\n");
            let mut source = std::error::Error::source(error);
            while let Some(cause) = source {
                message.push_str(&format!("  because: {cause}\n"));
                source = cause.source();
            }
            message
        }
    };
    // There is nowhere left to tell that standard error is closed.
    let _ = io::stderr().write_all(printable(&message).as_bytes());
}

/// A message as a terminal may have it: what was given comes back in messages, so control characters are written out,
/// and what looks like a key, say a key in the place of a name, is cut.
fn printable(message: &str) -> String {
    let mut text = String::with_capacity(message.len());
    for c in message.chars() {
        match c {
            '\n' => text.push(c),
            c if c.is_control() => text.extend(c.escape_default()),
            c => text.push(c),
        }
    }
    let mut done = 0;
    while let Some(found) = text[done..].to_ascii_lowercase().find("otpk1_") {
        let secret = done + found + "otpk1_".len();
        let len = text[secret..].find(|c: char| !c.is_ascii_alphanumeric()).unwrap_or(text.len() - secret);
        if len > 0 {
            text.replace_range(secret..secret + len, "...");
        }
        done = secret;
    }
    text
}

/// Warns on standard error.
pub(crate) fn warn(message: &str) {
    let _ = writeln!(io::stderr(), "otp: warning: {message}");
}

/// Writes to standard output at once.
pub(crate) fn write_stdout(bytes: &[u8]) -> Result<()> {
    write_raw(bytes).map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Error::OutputClosed,
        _ => Error::Io { what: "standard output can't be written".into(), source: error },
    })
}

/// Writes to standard output past the library's buffer, which would keep a copy.
pub(crate) fn write_raw(bytes: &[u8]) -> io::Result<()> {
    stdout_file()?.write_all(bytes)
}

/// Writes one JSON value, for programs and people.
pub(crate) fn write_json(value: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_vec_pretty(value).expect("what is printed has only names and numbers");
    text.push(b'\n');
    write_stdout(&text)
}

#[cfg(unix)]
fn stdout_file() -> io::Result<File> {
    use std::os::fd::AsFd;
    Ok(File::from(io::stdout().as_fd().try_clone_to_owned()?))
}

#[cfg(windows)]
fn stdout_file() -> io::Result<File> {
    use std::os::windows::io::AsHandle;
    Ok(File::from(io::stdout().as_handle().try_clone_to_owned()?))
}

/// Appends one JSON value in one line.
pub(crate) fn push_json(out: &mut Vec<u8>, value: &impl Serialize) {
    serde_json::to_writer(out, value).expect("what is printed has only names and numbers");
}

/// Whether standard output was closed by whoever started this process.
///
/// The library has put `/dev/null` in its place then, open for reading and writing. Somebody who sends a key there on
/// purpose opens it for writing.
#[cfg(unix)]
pub(crate) fn output_is_lost() -> bool {
    use std::os::unix::fs::{FileTypeExt, MetadataExt};
    let device = |metadata: std::fs::Metadata| metadata.file_type().is_char_device().then(|| metadata.rdev());
    let output = stdout_file().and_then(|file| file.metadata()).ok().and_then(device);
    let null = output.is_some() && output == std::fs::metadata("/dev/null").ok().and_then(device);
    null && rustix::fs::fcntl_getfl(io::stdout()).is_ok_and(|flags| flags.contains(rustix::fs::OFlags::RDWR))
}

/// Whether standard output was closed, which this system does not tell.
#[cfg(windows)]
pub(crate) fn output_is_lost() -> bool {
    false
}

/// Whether there is somebody to ask.
pub(crate) fn may_ask(no_input: bool) -> bool {
    !no_input && io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks for a line, with echo, until there is one that is not empty.
pub(crate) fn ask(prompt: &str) -> Result<Zeroizing<Vec<u8>>> {
    let failed = || Error::io("the terminal can't be read");
    loop {
        io::stderr().write_all(prompt.as_bytes()).map_err(failed())?;
        let mut line = Zeroizing::new(Vec::with_capacity(prompt::MAX_LINE_LEN));
        // Byte by byte and without a buffer, which would take what the next prompt is to read.
        let mut input = sys::take_fd(0).map_err(failed())?;
        let mut byte = [0];
        loop {
            match input.read(&mut byte).map_err(failed())? {
                0 if line.is_empty() => return Err(Error::Usage("nothing was typed".into())),
                0 => break,
                _ if byte[0] == b'\n' => break,
                _ if line.len() < prompt::MAX_LINE_LEN => line.push(byte[0]),
                _ => {}
            }
        }
        if !line.is_empty() {
            return Ok(line);
        }
    }
}

/// Asks for a line without an echo.
pub(crate) fn ask_hidden(prompt: &str) -> Result<Zeroizing<Vec<u8>>> {
    prompt::hidden(prompt).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => Error::Usage("nothing was typed".into()),
        _ => Error::io("the terminal can't be read")(error),
    })
}

/// Asks for a password twice, without an echo, until both are the same and not empty.
pub(crate) fn ask_password(prompt: &str) -> Result<Zeroizing<Vec<u8>>> {
    loop {
        let first = ask_hidden(prompt)?;
        if first.is_empty() {
            warn("a password is not empty; try again");
            continue;
        }
        if otp_core::ct::equal(&first, &ask_hidden("Once more: ")?) {
            return Ok(first);
        }
        warn("the two are not the same; try again");
    }
}

/// Progress on a terminal's standard error, and nothing elsewhere. It is gone when it is dropped.
pub(crate) struct Progress(Option<ProgressBar>);

impl Progress {
    /// Shows how much of something has been done; each step is told.
    pub(crate) fn counting(what: &'static str) -> Self {
        Self::begin(what, "{spinner} {msg}: {pos} ({per_sec})")
    }

    /// Shows that something is being done.
    pub(crate) fn during(what: &'static str) -> Self {
        Self::begin(what, "{spinner} {msg} ({elapsed})")
    }

    fn begin(what: &'static str, template: &str) -> Self {
        if !io::stderr().is_terminal() {
            return Self(None);
        }
        let style = ProgressStyle::with_template(template).expect("the template is valid");
        let bar = ProgressBar::new_spinner().with_style(style).with_message(what);
        bar.tick();
        bar.enable_steady_tick(Duration::from_millis(100));
        Self(Some(bar))
    }

    /// One more is done.
    pub(crate) fn step(&self) {
        if let Some(bar) = &self.0 {
            bar.inc(1);
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_and_no_control_character_reaches_the_terminal() {
        for (message, shown) in [
            ("no such file otpk1_aebagba7\n", "no such file otpk1_...\n"),
            ("OTPK1_AEBA, otpk1_aeba", "OTPK1_..., otpk1_..."),
            ("it does not start with otpk1_", "it does not start with otpk1_"),
            ("otpk1_; otpk1_otpk1_a", "otpk1_; otpk1_..._a"),
            ("\u{1b}[2J\tä", "\\u{1b}[2J\\tä"),
        ] {
            assert_eq!(printable(message), shown);
        }
    }
}
