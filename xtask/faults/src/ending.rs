//! How a run ended, and what it may leave behind.

use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Output};

use otp_core::Code;

/// How a run ended.
pub(crate) struct Ending {
    pub(crate) how: How,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
}

impl Ending {
    pub(crate) fn of(output: Output) -> Self {
        Self { how: How::of(output.status), stdout: output.stdout, stderr: output.stderr }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// It exited with this code.
    Code(i32),
    /// It was killed, or the machine went down.
    Cut,
    /// It died of a signal that no trial sent.
    Crashed(i32),
}

impl How {
    fn of(status: ExitStatus) -> Self {
        match (status.code(), status.signal()) {
            (Some(code), _) => Self::Code(code),
            (None, Some(9)) => Self::Cut,
            (None, signal) => Self::Crashed(signal.unwrap_or(0)),
        }
    }
}

/// The exit code of the program for a cause.
pub(crate) fn exit_code(code: Code) -> i32 {
    code.number().into()
}

/// What a run may leave behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Leave {
    /// Records whose keys are lost: the run was cut off, or could not take them back.
    pub(crate) orphans: bool,
    /// No message: it could not be written.
    pub(crate) silence: bool,
    /// An empty key file: it could not be removed.
    pub(crate) empty_file: bool,
}
