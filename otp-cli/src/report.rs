//! What went wrong, on standard error.

use std::io::{self, Write};

use crate::error::Error;
use crate::hint;
use crate::terminal::printable;

/// Says why a command failed, and what to do about it.
pub(crate) fn failure(error: &Error) {
    let message = match error {
        // It has a form of its own.
        Error::CommandLine(message) => message.clone(),
        // The reader who closed the output knows.
        Error::OutputClosed => return,
        error => {
            let mut message = format!("otp: {error}\n");
            let mut source = std::error::Error::source(error);
            while let Some(cause) = source {
                message.push_str(&format!("  because: {cause}\n"));
                source = cause.source();
            }
            if let Some(hint) = hint::for_error(error) {
                message.push_str(&format!("  hint: {hint}\n"));
            }
            message
        }
    };
    // If standard error is closed, there is nowhere left to say so.
    let _ = io::stderr().write_all(printable(&message).as_bytes());
}
