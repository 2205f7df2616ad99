//! The event log, where administrators of Windows look first.

use std::io;
use std::ptr;

use windows_sys::Win32::System::EventLog::{
    DeregisterEventSource, EVENTLOG_INFORMATION_TYPE, EVENTLOG_WARNING_TYPE, RegisterEventSourceW, ReportEventW,
};

use super::paths::wide;

/// The number of the events, of which there is one kind.
const EVENT: u32 = 1;

/// Writes an event with this text, as a warning or as an information, in the name of a source.
///
/// # Errors
///
/// The system's.
pub fn report_event(source: &str, text: &str, is_warning: bool) -> io::Result<()> {
    let (source, text) = (wide(source)?, wide(text)?);
    let kind = if is_warning { EVENTLOG_WARNING_TYPE } else { EVENTLOG_INFORMATION_TYPE };
    // SAFETY: the name ends with a NUL, and no server means this machine.
    let log = unsafe { RegisterEventSourceW(ptr::null(), source.as_ptr()) };
    if log.is_null() {
        return Err(io::Error::last_os_error());
    }
    let texts = [text.as_ptr()];
    // SAFETY: the handle is the one above; there is one text, which ends with a NUL, and no other data.
    let done = unsafe { ReportEventW(log, kind, 0, EVENT, ptr::null_mut(), 1, 0, texts.as_ptr(), ptr::null()) };
    let outcome = if done == 0 { Err(io::Error::last_os_error()) } else { Ok(()) };
    // SAFETY: the handle is the one above, and nobody uses it any more.
    unsafe { DeregisterEventSource(log) };
    outcome
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_taken_and_one_that_can_be_none_is_refused() {
        report_event("otp-test", "a test of otp-sys", false).unwrap();
        assert_eq!(report_event("otp-test", "a\0b", true).unwrap_err().kind(), io::ErrorKind::InvalidInput);
    }
}
