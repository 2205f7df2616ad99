//! Prompts on the terminal at standard input: with an echo, and without.
//!
//! Without an echo, the terminal hands over each byte as it is typed, so that the line can be taken straight into memory that
//! is wiped, and Ctrl-C comes as a byte: the echo is on again before it takes effect.

use std::io::{self, IsTerminal, Read, Write};

use otp_core::{AccountName, UnixTime};
use otp_link::KeyInfo;
use zeroize::Zeroizing;

use crate::error::{Error, Result};
use crate::listing;
use crate::terminal::warn;

/// The longest line that is taken, in bytes. Terminals have no longer ones.
const MAX_LINE_LEN: usize = 4096;

/// Whether there is somebody to ask.
pub(crate) fn may_ask(no_input: bool) -> bool {
    !no_input && io::stdin().is_terminal() && io::stderr().is_terminal()
}

/// Refuses if there is nobody to ask, and says what should have been given instead.
pub(crate) fn check_may_ask(no_input: bool, missing: &str) -> Result<()> {
    if may_ask(no_input) {
        return Ok(());
    }
    let why = if no_input { "--no-input forbids prompts" } else { "there is no terminal to ask on" };
    Err(Error::usage_with(why, format!("give {missing}")))
}

/// Asks for a line, with echo, until there is one that is not empty.
pub(crate) fn ask(prompt: &str) -> Result<Zeroizing<Vec<u8>>> {
    let failed = || Error::io("the terminal can't be read");
    loop {
        io::stderr().write_all(prompt.as_bytes()).map_err(failed())?;
        let mut line = Zeroizing::new(Vec::with_capacity(MAX_LINE_LEN));
        // Byte by byte and without a buffer, which would take what the next prompt is to read.
        let mut input = otp_sys::standard_input().map_err(failed())?;
        let mut byte = [0];
        loop {
            match input.read(&mut byte).map_err(failed())? {
                0 if line.is_empty() => return Err(Error::usage("nothing was typed")),
                0 => break,
                _ if byte[0] == b'\n' => break,
                _ if line.len() < MAX_LINE_LEN => line.push(byte[0]),
                _ => {}
            }
        }
        if !line.is_empty() {
            return Ok(line);
        }
    }
}

/// Shows, on a terminal, the keys that something is about to happen to.
pub(crate) fn show_keys<'k>(no_input: bool, keys: impl Iterator<Item = (&'k AccountName, &'k KeyInfo)>) -> Result<()> {
    check_may_ask(no_input, CONFIRMATION)?;
    let now = UnixTime::now();
    let text: String = keys.map(|(account, info)| listing::summary(account, info, now)).collect();
    io::stderr().write_all(text.as_bytes()).map_err(Error::io("the terminal can't be written"))
}

/// What confirms where nobody can be asked.
const CONFIRMATION: &str = "--yes to confirm it";

/// Has somebody confirm what has just been shown.
pub(crate) fn confirm(no_input: bool, question: &str) -> Result<()> {
    check_may_ask(no_input, CONFIRMATION)?;
    match ask(&format!("{question} [y/N] "))?.to_ascii_lowercase().as_slice() {
        b"y" | b"yes" => Ok(()),
        _ => Err(Error::NotConfirmed),
    }
}

/// Asks for a line without an echo.
pub(crate) fn ask_hidden(prompt: &str) -> Result<Zeroizing<Vec<u8>>> {
    hidden(prompt).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => Error::usage("nothing was typed"),
        io::ErrorKind::InvalidData => Error::usage_with(
            format!("what was typed is longer than {MAX_LINE_LEN} bytes"),
            "give it through a file or a pipe",
        ),
        _ => Error::io("the terminal can't be read")(error),
    })
}

/// Asks for a password twice, without an echo, until both are the same and not empty.
pub(crate) fn ask_password(prompt: &str) -> Result<Zeroizing<Vec<u8>>> {
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
use unix::hidden;

/// Asks for a line without an echo.
#[cfg(windows)]
fn hidden(prompt: &str) -> io::Result<Zeroizing<Vec<u8>>> {
    rpassword::prompt_password(prompt).map(|typed| Zeroizing::new(typed.into_bytes()))
}

#[cfg(unix)]
mod unix {
    use std::fs::File;
    use std::io::{self, Read, Write};

    use rustix::process::{Signal, getpid, kill_process};
    use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
    use zeroize::Zeroizing;

    use super::MAX_LINE_LEN;

    /// Asks for a line without an echo.
    ///
    /// The keys that end, interrupt, suspend or correct a line are those of the terminal's settings. Other control
    /// characters, and the sequences of cursor keys, are not part of a line.
    pub(crate) fn hidden(prompt: &str) -> io::Result<Zeroizing<Vec<u8>>> {
        let mut terminal = Hidden::begin(otp_sys::standard_input()?)?;
        // Only now: a program that waits for the prompt may rely on the silence.
        show(prompt)?;
        // With room for one byte more, which shows that the line is too long.
        let mut line = Zeroizing::new(Vec::with_capacity(MAX_LINE_LEN + 1));
        loop {
            let byte = terminal.read()?;
            match terminal.meaning(byte) {
                Meaning::Text if line.len() <= MAX_LINE_LEN => line.push(byte),
                Meaning::Enter => break,
                Meaning::End if line.is_empty() => {
                    show("\n")?;
                    return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "nothing was typed"));
                }
                // Of a line that is too long, the end is lost.
                Meaning::Erase if line.len() <= MAX_LINE_LEN => {
                    while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {}
                }
                Meaning::Kill => line.clear(),
                Meaning::Signal(signal) => {
                    terminal.suspended(signal)?;
                    // Reached only after a pause. What was typed before it is gone, as with the terminal's own line editing.
                    line.clear();
                    show(prompt)?;
                }
                Meaning::Escape => terminal.skip_sequence()?,
                Meaning::Text | Meaning::Erase | Meaning::End | Meaning::Nothing => {}
            }
        }
        show("\n")?;
        // Only now: what is left of a line that was pasted would go to the shell.
        if line.len() > MAX_LINE_LEN {
            return Err(io::ErrorKind::InvalidData.into());
        }
        Ok(line)
    }

    fn show(text: &str) -> io::Result<()> {
        io::stderr().write_all(text.as_bytes())
    }

    /// What a byte means in a line that is being typed.
    enum Meaning {
        Text,
        Enter,
        End,
        Erase,
        Kill,
        Signal(Signal),
        Escape,
        Nothing,
    }

    /// A terminal that shows nothing of what is typed, until this is dropped.
    struct Hidden {
        input: File,
        before: Termios,
    }

    impl Hidden {
        fn begin(input: File) -> io::Result<Self> {
            let before = tcgetattr(&input)?;
            let hidden = Self { input, before };
            hidden.hide()?;
            Ok(hidden)
        }

        fn hide(&self) -> io::Result<()> {
            let mut silent = self.before.clone();
            silent.local_modes -= LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG;
            silent.special_codes[SpecialCodeIndex::VMIN] = 1;
            silent.special_codes[SpecialCodeIndex::VTIME] = 0;
            // Without dropping what was typed or pasted ahead.
            Ok(tcsetattr(&self.input, OptionalActions::Now, &silent)?)
        }

        fn show(&self) -> io::Result<()> {
            Ok(tcsetattr(&self.input, OptionalActions::Now, &self.before)?)
        }

        fn read(&mut self) -> io::Result<u8> {
            let mut byte = [0];
            self.input.read_exact(&mut byte)?;
            Ok(byte[0])
        }

        fn meaning(&self, byte: u8) -> Meaning {
            let codes = &self.before.special_codes;
            // A key that is switched off has the code 0.
            let is = |index| byte != 0 && codes[index] == byte;
            match byte {
                b'\n' | b'\r' => Meaning::Enter,
                _ if is(SpecialCodeIndex::VINTR) => Meaning::Signal(Signal::INT),
                _ if is(SpecialCodeIndex::VQUIT) => Meaning::Signal(Signal::QUIT),
                _ if is(SpecialCodeIndex::VSUSP) => Meaning::Signal(Signal::TSTP),
                _ if is(SpecialCodeIndex::VEOF) => Meaning::End,
                _ if is(SpecialCodeIndex::VKILL) => Meaning::Kill,
                8 | 127 => Meaning::Erase,
                _ if is(SpecialCodeIndex::VERASE) => Meaning::Erase,
                27 => Meaning::Escape,
                b'\t' => Meaning::Text,
                0..=31 => Meaning::Nothing,
                _ => Meaning::Text,
            }
        }

        /// Lets a signal take its effect with the terminal as it was; comes back if the process does.
        fn suspended(&self, signal: Signal) -> io::Result<()> {
            self.show()?;
            show("\n")?;
            kill_process(getpid(), signal)?;
            self.hide()
        }

        /// Skips the rest of what a cursor key sends: `[` or `O`, then up to a byte from `@` to `~`.
        fn skip_sequence(&mut self) -> io::Result<()> {
            if matches!(self.read()?, b'[' | b'O') {
                while !(0x40..=0x7e).contains(&self.read()?) {}
            }
            Ok(())
        }
    }

    impl Drop for Hidden {
        fn drop(&mut self) {
            // A terminal that is gone needs no echo.
            let _ = self.show();
        }
    }
}
