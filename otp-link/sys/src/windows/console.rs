//! The console, which speaks UTF-16: whatever its code page, text arrives as it was meant.

use std::io::{self, ErrorKind, Write};
use std::os::windows::io::{AsRawHandle, RawHandle};
use std::ptr;

use windows_sys::Win32::System::Console::{
    ENABLE_ECHO_INPUT, ENABLE_LINE_INPUT, ENABLE_PROCESSED_INPUT, GetConsoleCP, GetConsoleMode, ReadConsoleW,
    SetConsoleMode, WriteConsoleW,
};
use zeroize::Zeroizing;

use super::streams::standard_output;
use crate::locked::LockedVec;

/// How many characters are written at once: older systems take 64 KiB for all consoles together.
const CHUNK_LEN: usize = 8 * 1024;
/// How many bytes of UTF-8 a unit of UTF-16 becomes at most.
const MAX_UTF8_LEN: usize = 3;

/// Whether this process has a console.
#[must_use]
pub fn has_console() -> bool {
    // SAFETY: it asks for a number, which is 0 without a console.
    unsafe { GetConsoleCP() != 0 }
}

/// Writes to standard output without the library's buffer, which would keep a copy: as UTF-16 to a console, unchanged
/// to anything else.
///
/// # Errors
///
/// `NotConnected` if this process has no standard output; and the system's.
pub fn write_output(bytes: &[u8]) -> io::Result<()> {
    let mut output = standard_output()?;
    let handle = output.as_raw_handle();
    if handle.is_null() {
        return Err(ErrorKind::NotConnected.into());
    }
    match str::from_utf8(bytes) {
        Ok(text) if mode(handle).is_some() => write_console(handle, text),
        _ => output.write_all(bytes),
    }
}

fn write_console(handle: RawHandle, text: &str) -> io::Result<()> {
    let units = Zeroizing::new(text.encode_utf16().collect::<Vec<u16>>());
    let mut left = &units[..];
    while !left.is_empty() {
        let mut written = 0;
        let len = u32::try_from(left.len().min(CHUNK_LEN)).unwrap_or(0);
        // SAFETY: the units are there, as many as is said, and the handle is one of a console that is open.
        if unsafe { WriteConsoleW(handle, left.as_ptr(), len, &raw mut written, ptr::null()) } == 0 {
            return Err(io::Error::last_os_error());
        }
        left = &left[usize::try_from(written).unwrap_or(0).min(left.len())..];
    }
    Ok(())
}

/// Reads a line from the console at standard input, with or without an echo, in UTF-8 and without its end.
///
/// `None` if the input ends before anything is typed.
///
/// # Errors
///
/// `InvalidData`: the line is longer than `max_len` bytes, or is not Unicode; and the system's.
pub fn read_console(max_len: usize, echo: bool) -> io::Result<Option<LockedVec>> {
    let input = io::stdin();
    let handle = input.as_raw_handle();
    let before = mode(handle).ok_or(ErrorKind::NotConnected)?;
    let lines = ENABLE_LINE_INPUT | ENABLE_PROCESSED_INPUT | if echo { ENABLE_ECHO_INPUT } else { 0 };
    let _restored = Restored { handle, mode: before };
    // SAFETY: the handle is this process's standard input, which is a console, as `mode` has seen.
    if unsafe { SetConsoleMode(handle, before & !ENABLE_ECHO_INPUT | lines) } == 0 {
        return Err(io::Error::last_os_error());
    }
    let line = read_line(handle, max_len);
    if !echo {
        // The user's own Enter was not shown either.
        let _ = io::stderr().write_all(b"\n");
    }
    line
}

fn read_line(handle: RawHandle, max_len: usize) -> io::Result<Option<LockedVec>> {
    // The line's end, and one unit more to see that it is too long.
    let room = max_len + 3;
    let mut units = Zeroizing::new(vec![0_u16; room]);
    let mut len = 0;
    while !units[..len].contains(&u16::from(b'\n')) {
        let mut read = 0;
        let left = &mut units[len..];
        if left.is_empty() {
            return Err(ErrorKind::InvalidData.into());
        }
        let left_len = u32::try_from(left.len()).unwrap_or(0);
        // SAFETY: there is room for so many units, and the handle is one of a console that is open.
        if unsafe { ReadConsoleW(handle, left.as_mut_ptr().cast(), left_len, &raw mut read, ptr::null()) } == 0 {
            return Err(io::Error::last_os_error());
        }
        if read == 0 {
            return Ok(None);
        }
        len += usize::try_from(read).unwrap_or(0);
    }
    // Ctrl-Z at the beginning of a line ends the input.
    if units[0] == 0x1a {
        return Ok(None);
    }
    line_of(&units[..len], max_len).map(Some)
}

/// A line as UTF-8, without its end.
fn line_of(units: &[u16], max_len: usize) -> io::Result<LockedVec> {
    let end = units.iter().position(|unit| [u16::from(b'\r'), u16::from(b'\n')].contains(unit)).unwrap_or(units.len());
    // Memory that grows leaves copies behind.
    let mut line = LockedVec::with_capacity(end * MAX_UTF8_LEN);
    for character in char::decode_utf16(units[..end].iter().copied()) {
        let character = character.map_err(|_| ErrorKind::InvalidData)?;
        line.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
    if line.len() > max_len { Err(ErrorKind::InvalidData.into()) } else { Ok(line) }
}

/// The mode of a console; `None` if the handle is not a console's.
fn mode(handle: RawHandle) -> Option<u32> {
    let mut mode = 0;
    // SAFETY: it fails for whatever is no console, and the mode has a place.
    (unsafe { GetConsoleMode(handle, &raw mut mode) } != 0).then_some(mode)
}

/// Puts a console's mode back.
struct Restored {
    handle: RawHandle,
    mode: u32,
}

impl Drop for Restored {
    fn drop(&mut self) {
        // SAFETY: standard input stays open as long as the process lives; if not, this fails.
        unsafe { SetConsoleMode(self.handle, self.mode) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(text: &str, max_len: usize) -> io::Result<Vec<u8>> {
        line_of(&text.encode_utf16().collect::<Vec<u16>>(), max_len).map(|line| line.to_vec())
    }

    #[test]
    fn a_line_is_utf8_without_its_end_and_not_too_long() {
        assert_eq!(line("p\u{e4}ss\u{1f511}\r\n", 100).unwrap(), "p\u{e4}ss\u{1f511}".as_bytes());
        assert_eq!(line("\n", 100).unwrap(), b"");
        assert_eq!(line("abc\r\n", 3).unwrap(), b"abc");
        assert_eq!(line("\u{e4}b\r\n", 2).unwrap_err().kind(), ErrorKind::InvalidData);
        assert!(line_of(&[0xd800, 0x0a], 100).is_err(), "half a character is none");
    }
}
