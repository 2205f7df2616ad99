//! This process and the one that it starts.

use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::os::windows::process::CommandExt;
use std::process::{Child, ChildStdin, Command, ExitStatus};
use std::ptr;

use windows_sys::Win32::System::Console::{CTRL_BREAK_EVENT, CTRL_C_EVENT, SetConsoleCtrlHandler};
use windows_sys::Win32::System::Diagnostics::Debug::{
    SEM_FAILCRITICALERRORS, SEM_NOGPFAULTERRORBOX, SEM_NOOPENFILEERRORBOX, SetErrorMode,
};
use windows_sys::Win32::System::ErrorReporting::{WER_FAULT_REPORTING_FLAG_NOHEAP, WerSetFlags};
use windows_sys::Win32::System::JobObjects::{
    AssignProcessToJobObject, CreateJobObjectW, JOB_OBJECT_LIMIT, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE,
    JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK, JOBOBJECT_EXTENDED_LIMIT_INFORMATION, JobObjectExtendedLimitInformation,
    SetInformationJobObject,
};
use windows_sys::Win32::System::Threading::{CREATE_DEFAULT_ERROR_MODE, CREATE_NO_WINDOW};
use windows_sys::core::BOOL;

use super::console::has_console;
use crate::Hardened;

/// Turns off the dialogs that a crash would show, which hold a process and its memory, and asks for reports without the heap.
///
/// What the machine's own settings dump is not ours to change. Other processes of the same user can read this one's memory.
#[allow(clippy::must_use_candidate, reason = "its effect is what is wanted")]
pub fn harden_process() -> Hardened {
    // SAFETY: both set numbers of this process.
    unsafe {
        SetErrorMode(SEM_FAILCRITICALERRORS | SEM_NOGPFAULTERRORBOX | SEM_NOOPENFILEERRORBOX);
        WerSetFlags(WER_FAULT_REPORTING_FLAG_NOHEAP);
    }
    // A debugger that the machine's settings name for crashes may still write a dump.
    Hardened { no_core_dumps: false, not_dumpable: false }
}

/// A command that is running, and dies with this process.
pub struct Running {
    child: Child,
    /// `None` where a process can't be put into a job.
    job: Option<OwnedHandle>,
}

/// Starts a command: with the system's own error mode, and without a console window if this process has no console.
///
/// From now on Ctrl-C and Ctrl-Break are the command's: the system sends them to both, and this process goes on
/// waiting. If this process is killed, so is the command. Anything that the command starts in the first moment, before
/// it is put into the job, is not; nor is the command itself if this process is killed in that moment.
///
/// # Errors
///
/// The system's.
pub fn start(command: &mut Command) -> io::Result<Running> {
    let window = if has_console() { 0 } else { CREATE_NO_WINDOW };
    command.creation_flags(CREATE_DEFAULT_ERROR_MODE | window);
    // SAFETY: the function lives as long as the process, and touches nothing.
    unsafe { SetConsoleCtrlHandler(Some(wait_on), 1) };
    let job = new_job();
    let child = command.spawn()?;
    // SAFETY: both handles are open.
    let job = job.filter(|job| unsafe { AssignProcessToJobObject(job.as_raw_handle(), child.as_raw_handle()) } != 0);
    Ok(Running { child, job })
}

/// Ctrl-C and Ctrl-Break do not end this process; losing its console does.
unsafe extern "system" fn wait_on(event: u32) -> BOOL {
    BOOL::from(matches!(event, CTRL_C_EVENT | CTRL_BREAK_EVENT))
}

/// A job whose processes are killed when its last handle is closed, as the system does for a process that is killed.
pub(super) fn new_job() -> Option<OwnedHandle> {
    // SAFETY: it takes no attributes and no name.
    let job = unsafe { CreateJobObjectW(ptr::null(), ptr::null()) };
    if job.is_null() {
        return None;
    }
    // SAFETY: the call has just made it, for us alone.
    let job = unsafe { OwnedHandle::from_raw_handle(job) };
    limit(&job, JOB_OBJECT_LIMIT_KILL_ON_JOB_CLOSE).then_some(job)
}

fn limit(job: &OwnedHandle, flags: JOB_OBJECT_LIMIT) -> bool {
    let mut limits = JOBOBJECT_EXTENDED_LIMIT_INFORMATION::default();
    limits.BasicLimitInformation.LimitFlags = flags;
    let len = u32::try_from(size_of_val(&limits)).unwrap_or(0);
    // SAFETY: the structure is the one that belongs to this number, and as long as is said.
    unsafe {
        SetInformationJobObject(job.as_raw_handle(), JobObjectExtendedLimitInformation, (&raw const limits).cast(), len)
            != 0
    }
}

impl Running {
    /// The command's standard input, if it is a pipe.
    pub fn take_stdin(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Waits until the command has ended. Anything that it has started goes on.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn wait(mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait()?;
        if let Some(job) = &self.job {
            limit(job, JOB_OBJECT_LIMIT_SILENT_BREAKAWAY_OK);
        }
        Ok(status)
    }
}

#[cfg(test)]
mod tests {
    use windows_sys::Win32::System::Console::{CTRL_CLOSE_EVENT, CTRL_SHUTDOWN_EVENT};

    use super::*;

    #[test]
    fn ctrl_c_and_ctrl_break_are_left_to_the_command_and_the_end_of_a_session_is_not() {
        let goes_on = [CTRL_C_EVENT, CTRL_BREAK_EVENT, CTRL_CLOSE_EVENT, CTRL_SHUTDOWN_EVENT].map(|event| {
            // SAFETY: the function touches nothing.
            unsafe { wait_on(event) }
        });
        assert_eq!(goes_on, [1, 1, 0, 0]);
    }

    #[test]
    fn a_command_ends_with_its_own_code() {
        for code in [0, 1, 42, 300, -1] {
            let running = start(Command::new("cmd").args(["/c", &format!("exit {code}")])).unwrap();
            assert_eq!(running.wait().unwrap().code(), Some(code));
        }
        assert!(start(&mut Command::new("no such command")).is_err());
    }

    #[test]
    fn dialogs_are_off() {
        // Wine 8 has no reports to switch off; the error mode is there.
        harden_process();
        // SAFETY: it sets and gives a number of this process.
        assert_ne!(unsafe { SetErrorMode(0) } & SEM_NOGPFAULTERRORBOX, 0);
        harden_process();
    }
}
