//! Reads a line from a terminal without showing it.
//!
//! The terminal's settings are restored as soon as the line is complete, and if a signal ends the process meanwhile.

use std::fs::File;
use std::io::{self, Read, Write};
use std::sync::{Mutex, Once};

use otp_sys::LockedVec;
use rustix::process::{Signal, getpid, kill_process};
use rustix::termios::{LocalModes, OptionalActions, SpecialCodeIndex, Termios, tcgetattr, tcsetattr};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

use crate::terminal::MAX_LINE_LEN;

/// Asks for a line without echo.
///
/// Lines are ended, interrupted, suspended and corrected by the keys that the terminal's settings name. Other control
/// characters, and the sequences of cursor keys, are not part of a line.
pub(crate) fn hidden(prompt: &str) -> io::Result<LockedVec> {
    let mut terminal = Hidden::begin(otp_sys::standard_input()?)?;
    // Prompt only now: a program that waits for the prompt may rely on the silence.
    show(prompt)?;
    // One byte of spare room shows that a line is too long.
    let mut line = LockedVec::with_capacity(MAX_LINE_LEN + 1);
    loop {
        let byte = terminal.read()?;
        match terminal.meaning(byte) {
            Meaning::Text if line.len() <= MAX_LINE_LEN => line.push(byte),
            Meaning::Enter => break,
            Meaning::End if line.is_empty() => {
                show("\n")?;
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "nothing was typed"));
            }
            // The end of an overlong line is not kept, so it can't be corrected.
            Meaning::Erase if line.len() <= MAX_LINE_LEN => while line.pop().is_some_and(|byte| byte & 0xc0 == 0x80) {},
            Meaning::Kill => line.truncate(0),
            Meaning::Signal(signal) => {
                terminal.suspended(signal)?;
                // Reached only after a pause. Earlier input is dropped, as the terminal's own line editing does.
                line.truncate(0);
                show(prompt)?;
            }
            Meaning::Escape => terminal.skip_sequence()?,
            Meaning::Text | Meaning::Erase | Meaning::End | Meaning::Nothing => {}
        }
    }
    show("\n")?;
    // Fail only now: otherwise the rest of a pasted line would go to the shell.
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

/// The terminal that is silent at the moment, and its settings before.
static SILENT: Mutex<Option<(File, Termios)>> = Mutex::new(None);

/// Restores the terminal if a signal ends this process. The process still ends as it would have.
fn restore_if_killed(input: &File, before: &Termios) -> io::Result<()> {
    static WATCHED: Once = Once::new();
    if let Ok(mut silent) = SILENT.lock() {
        *silent = Some((input.try_clone()?, before.clone()));
    }
    WATCHED.call_once(|| {
        // Without the handler, the terminal would stay silent, which the user can undo with `stty sane`.
        let Ok(mut signals) = Signals::new([SIGTERM, SIGHUP, SIGINT, SIGQUIT]) else { return };
        std::thread::spawn(move || {
            for signal in signals.forever() {
                if let Ok(mut silent) = SILENT.lock()
                    && let Some((input, before)) = silent.take()
                {
                    let _ = tcsetattr(&input, OptionalActions::Now, &before);
                }
                let _ = emulate_default_handler(signal);
            }
        });
    });
    Ok(())
}

/// A terminal that shows nothing of what is typed until this is dropped.
struct Hidden {
    input: File,
    before: Termios,
}

impl Hidden {
    fn begin(input: File) -> io::Result<Self> {
        let before = tcgetattr(&input)?;
        restore_if_killed(&input, &before)?;
        let hidden = Self { input, before };
        hidden.hide()?;
        Ok(hidden)
    }

    fn hide(&self) -> io::Result<()> {
        let mut silent = self.before.clone();
        silent.local_modes -= LocalModes::ECHO | LocalModes::ECHONL | LocalModes::ICANON | LocalModes::ISIG;
        silent.special_codes[SpecialCodeIndex::VMIN] = 1;
        silent.special_codes[SpecialCodeIndex::VTIME] = 0;
        // Don't drop what was typed or pasted ahead.
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
        // A disabled key has the code 0.
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

    /// Lets a signal take effect with the terminal's settings restored; returns if the process continues.
    fn suspended(&self, signal: Signal) -> io::Result<()> {
        self.show()?;
        show("\n")?;
        if signal != Signal::TSTP {
            // On this thread: the signal-watching thread would let this one run on for a moment.
            emulate_default_handler(signal.as_raw())?;
        }
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
        // If the terminal is gone, there is nothing to restore.
        let _ = self.show();
        if let Ok(mut silent) = SILENT.lock() {
            *silent = None;
        }
    }
}
