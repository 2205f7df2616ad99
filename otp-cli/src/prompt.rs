//! Prompts on the terminal at standard input, with and without echo.
//!
//! Without echo, the terminal hands over each byte as it is typed. The line goes straight into wiped memory, and Ctrl-C
//! arrives as a byte, so the echo is back on before it takes effect.

#[cfg(unix)]
use std::io::Read;
use std::io::{self, IsTerminal, Write};

use otp_core::{AccountName, UnixTime};
use otp_link::KeyInfo;
use otp_sys::LockedVec;

use crate::error::{Error, Result};
use crate::listing;
use crate::terminal::{MAX_LINE_LEN, warn};

/// Whether there is somebody to ask.
pub(crate) fn may_ask(no_input: bool) -> bool {
    !no_input && io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Fails if there is nobody to ask, and says what to give instead.
pub(crate) fn check_may_ask(no_input: bool, missing: &str) -> Result<()> {
    if may_ask(no_input) {
        return Ok(());
    }
    let why = if no_input { "--no-input forbids prompts" } else { "there is no terminal to ask on" };
    Err(Error::usage_with(why, format!("give {missing}")))
}

/// Asks for a line, with echo, until it is not empty.
pub(crate) fn ask(prompt: &str) -> Result<LockedVec> {
    loop {
        match ask_once(prompt)? {
            None => return Err(Error::usage("nothing was typed")),
            Some(line) if line.is_empty() => {}
            Some(line) => return Ok(line),
        }
    }
}

/// Asks for a line, with echo; `None` if the input ends before anything is typed.
fn ask_once(prompt: &str) -> Result<Option<LockedVec>> {
    let failed = || Error::io("the terminal can't be read");
    io::stderr().write_all(prompt.as_bytes()).map_err(failed())?;
    shown().map_err(failed())
}

/// Reads a line with echo.
#[cfg(unix)]
fn shown() -> io::Result<Option<LockedVec>> {
    let mut line = LockedVec::with_capacity(MAX_LINE_LEN + 1);
    // Byte by byte: a buffer would swallow the next prompt's input.
    let mut input = otp_sys::standard_input()?;
    loop {
        match input.read(&mut line.spare(1)[..1])? {
            0 if line.is_empty() => return Ok(None),
            0 => return Ok(Some(line)),
            _ if line.spare(1)[0] == b'\n' => return Ok(Some(line)),
            _ if line.len() < MAX_LINE_LEN => line.advance(1),
            _ => {}
        }
    }
}

/// Reads a line with echo.
#[cfg(windows)]
fn shown() -> io::Result<Option<LockedVec>> {
    otp_sys::read_console(MAX_LINE_LEN, true)
}

/// Shows, on a terminal, the keys that are about to be changed or ended.
pub(crate) fn show_keys<'k>(no_input: bool, keys: impl Iterator<Item = (&'k AccountName, &'k KeyInfo)>) -> Result<()> {
    check_may_ask(no_input, CONFIRMATION)?;
    let now = UnixTime::now();
    let text: String = keys.map(|(account, info)| listing::summary(account, info, now)).collect();
    io::stderr().write_all(text.as_bytes()).map_err(Error::io("the terminal can't be written"))
}

/// The option that confirms where nobody can be asked.
const CONFIRMATION: &str = "--yes to confirm it";

/// Asks the user to confirm what has just been shown.
pub(crate) fn confirm(no_input: bool, question: &str) -> Result<()> {
    check_may_ask(no_input, CONFIRMATION)?;
    let answer = ask_once(&format!("{question} [y/N] "))?.map(|line| line.to_ascii_lowercase());
    if matches!(answer.as_deref(), Some(b"y" | b"yes")) { Ok(()) } else { Err(Error::NotConfirmed) }
}

/// Asks for a line without echo.
pub(crate) fn ask_hidden(prompt: &str) -> Result<LockedVec> {
    hidden(prompt).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => Error::usage("nothing was typed"),
        io::ErrorKind::InvalidData => Error::usage_with(
            format!("what was typed is longer than {MAX_LINE_LEN} bytes"),
            "give it through a file or a pipe",
        ),
        _ => Error::io("the terminal can't be read")(error),
    })
}

/// Asks for a password twice, without echo, until both are the same and not empty.
pub(crate) fn ask_password(prompt: &str) -> Result<LockedVec> {
    loop {
        let first = ask_hidden(prompt)?;
        if first.is_empty() {
            warn("a password can't be empty; try again");
            continue;
        }
        if otp_core::ct::equal(&first, &ask_hidden("Once more: ")?) {
            return Ok(first);
        }
        warn("the two are not the same; try again");
    }
}

#[cfg(unix)]
use crate::hidden::hidden;

/// Asks for a line without echo.
#[cfg(windows)]
fn hidden(prompt: &str) -> io::Result<LockedVec> {
    io::stderr().write_all(prompt.as_bytes())?;
    otp_sys::read_console(MAX_LINE_LEN, false)?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}
