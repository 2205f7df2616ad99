//! What went wrong, or might, on standard error.

use std::io::{self, Write};

use otp_link::{Fault, Warning, redact};

use crate::error::Error;
use crate::hint::{self, Named};
use crate::terminal::{self, redact_lines};

/// Reports why a command failed, and what to do about it.
pub(crate) fn failure(error: &Error, named: Named<'_>) {
    let message = match error {
        // clap prints its errors in a form of its own.
        Error::CommandLine(message) => redact_lines(message),
        // The reader closed the output, and knows.
        Error::OutputClosed => return,
        error => in_lines(error, named),
    };
    // If standard error is closed, there is nowhere left to say so.
    let _ = io::stderr().write_all(message.as_bytes());
}

/// Warns about something that works all the same.
pub(crate) fn warning(warning: &Warning<'_>) {
    terminal::warn(&redact(&warning.to_string()));
}

/// Warns about a key whose record is damaged, and says what to do about it.
pub(crate) fn fault(fault: &Fault, named: Named<'_>) {
    terminal::warn(&redact(&fault.error.message()));
    if let Some(hint) = fault.error.hint() {
        let _ = writeln!(io::stderr(), "  hint: {}", redact(&hint::words(&hint, named)));
    }
}

/// The error, its causes and the hint, one a line.
fn in_lines(error: &Error, named: Named<'_>) -> String {
    let mut message = format!("otp: {}\n", redact(&error.to_string()));
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        message.push_str(&format!("  because: {}\n", redact(&cause.to_string())));
        source = cause.source();
    }
    if let Some(hint) = hint::for_error(error, named) {
        message.push_str(&format!("  hint: {}\n", redact(&hint)));
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_its_cause_and_its_hint_are_a_line_each_whatever_is_in_them() {
        let source = io::Error::other("a\nb");
        let error = Error::Link(otp_link::Error::KeyFileExists { path: "c\nd otpk1_secret".into() });
        assert_eq!(
            in_lines(&error, Named::default()),
            "otp: c\\u{a}d otpk1_... already exists and stays as it is\n  hint: choose another path\n"
        );
        let error = Error::Io { what: "e\u{1b}f".into(), source };
        assert_eq!(in_lines(&error, Named::default()), "otp: e\\u{1b}f\n  because: a\\u{a}b\n");
    }
}
