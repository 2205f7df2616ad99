//! Prompts, warnings, and output that leaves no copy behind.

use std::fs::File;
use std::io::{self, IsTerminal, Read, Write};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
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
    let _ = io::stderr().write_all(message.as_bytes());
}

/// Warns on standard error.
pub(crate) fn warn(message: &str) {
    let _ = writeln!(io::stderr(), "otp: warning: {message}");
}

/// Writes to standard output at once. Standard output of the library would keep a copy.
pub(crate) fn write_stdout(bytes: &[u8]) -> Result<()> {
    let written = stdout_file().and_then(|mut file| file.write_all(bytes));
    written.map_err(|error| match error.kind() {
        io::ErrorKind::BrokenPipe => Error::OutputClosed,
        _ => Error::Io { what: "standard output can't be written".into(), source: error },
    })
}

/// Writes one JSON value, for programs and people.
pub(crate) fn write_json(value: &impl Serialize) -> Result<()> {
    let mut text = serde_json::to_vec_pretty(value).expect("what is printed has only names and numbers");
    text.push(b'\n');
    write_stdout(&text)
}

/// Many lines of public text, written in large pieces.
pub(crate) struct Lines(Vec<u8>);

impl Lines {
    const PIECE_LEN: usize = 64 * 1024;

    pub(crate) fn new() -> Self {
        Self(Vec::with_capacity(Self::PIECE_LEN))
    }

    pub(crate) fn push(&mut self, text: &[u8]) -> Result<()> {
        self.0.extend_from_slice(text);
        if self.0.len() >= Self::PIECE_LEN { self.flush() } else { Ok(()) }
    }

    pub(crate) fn push_json(&mut self, value: &impl Serialize) -> Result<()> {
        self.push(&serde_json::to_vec(value).expect("what is printed has only names and numbers"))
    }

    pub(crate) fn flush(&mut self) -> Result<()> {
        write_stdout(&self.0)?;
        self.0.clear();
        Ok(())
    }
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

/// Whether there is somebody to ask.
pub(crate) fn may_ask(no_input: bool) -> bool {
    !no_input && io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Asks for a line, with echo.
pub(crate) fn ask(prompt: &str) -> Result<Zeroizing<Vec<u8>>> {
    let failed = || Error::io("the terminal can't be read");
    io::stderr().write_all(prompt.as_bytes()).map_err(failed())?;
    let mut line = Zeroizing::new(Vec::with_capacity(4096));
    // Byte by byte: a buffer would keep a copy, and take what the next prompt is to read.
    let mut byte = Zeroizing::new([0]);
    let mut input = io::stdin().lock();
    loop {
        match input.read(byte.as_mut()).map_err(failed())? {
            0 if line.is_empty() => return Err(Error::Usage("nothing was typed".into())),
            0 => break,
            _ if byte[0] == b'\n' => break,
            _ => line.push(byte[0]),
        }
    }
    Ok(line)
}

/// Asks for a password twice, without an echo, until both are the same.
pub(crate) fn ask_password(prompt: &str) -> Result<Zeroizing<Vec<u8>>> {
    let read = |prompt: &str| -> Result<Zeroizing<Vec<u8>>> {
        let typed = rpassword::prompt_password(prompt).map_err(Error::io("the terminal can't be read"))?;
        Ok(Zeroizing::new(typed.into_bytes()))
    };
    loop {
        let (first, second) = (read(prompt)?, read("Once more: ")?);
        if otp_core::ct::equal(&first, &second) {
            return Ok(first);
        }
        warn("the two are not the same; try again");
    }
}

/// Progress on a terminal's standard error, and nothing elsewhere.
pub(crate) fn progress(what: &'static str) -> ProgressBar {
    let target = if io::stderr().is_terminal() { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() };
    let style = ProgressStyle::with_template("{spinner} {msg} {pos} ({per_sec})").expect("the template is valid");
    ProgressBar::with_draw_target(None, target).with_style(style).with_message(what)
}
