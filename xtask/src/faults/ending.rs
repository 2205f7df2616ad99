//! How a run ended, and what may be left then.

use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Output};

/// How a run ended.
pub(super) struct Ending {
    pub(super) how: How,
    pub(super) stdout: Vec<u8>,
    pub(super) stderr: Vec<u8>,
}

impl Ending {
    pub(super) fn of(output: Output) -> Self {
        Self { how: How::of(output.status), stdout: output.stdout, stderr: output.stderr }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    /// By itself, with this code.
    Code(i32),
    /// It was killed, or the machine went down.
    Cut,
    /// By a signal that nobody sent.
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

/// What may be left although the run could have known better.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Leave {
    /// Records whose keys nobody has: the run was cut, or what failed kept it from taking them back.
    pub(super) orphans: bool,
    /// No message, since it could not be written.
    pub(super) silence: bool,
}
