//! A pseudo-terminal for the program, with the test at its keyboard and screen. Nothing depends on timing.

use std::fs::File;
use std::io::{Read, Write};
use std::os::fd::OwnedFd;
use std::process::{Child, Stdio};

use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use crate::world::{OTP, World};

/// A new terminal: our end, and the path of the program's end.
pub(crate) fn open() -> (OwnedFd, String) {
    let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&keyboard).unwrap();
    unlockpt(&keyboard).unwrap();
    let name = ptsname(&keyboard, Vec::new()).unwrap().into_string().unwrap();
    (keyboard, name)
}

/// The program on its own terminal, with the test at its keyboard and screen.
pub(crate) struct Terminal {
    keyboard: File,
    /// The program's end, kept open so that the terminal's settings outlive the program.
    line: File,
    child: Child,
    seen: Vec<u8>,
    read_up_to: usize,
}

/// How the program ended.
pub(crate) struct End {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    /// Everything that appeared on the screen.
    pub(crate) seen: String,
    pub(crate) echo: bool,
}

impl Terminal {
    pub(crate) fn start(world: &World, arguments: &[&str]) -> Self {
        let (keyboard, name) = open();
        let line = File::options().read(true).write(true).open(name).unwrap();
        let end = || Stdio::from(line.try_clone().unwrap());
        // In a session of its own, so that Ctrl-C reaches it alone. The tests may run with signals ignored: shells
        // start background jobs that way.
        let setsid = ["--default-signal", "setsid", "--ctty", OTP];
        let mut call = world.command("env", &setsid).args(arguments).env("TERM", "xterm");
        let child = call.command.stdin(end()).stdout(Stdio::piped()).stderr(end()).spawn().unwrap();
        Self { keyboard: keyboard.into(), line, child, seen: Vec::new(), read_up_to: 0 }
    }

    /// Waits until the screen shows a text, after what earlier calls have waited for.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, text: &str) {
        loop {
            let new = &self.seen[self.read_up_to..];
            if let Some(at) = new.windows(text.len()).position(|part| part == text.as_bytes()) {
                self.read_up_to += at + text.len();
                return;
            }
            let mut bytes = [0; 1024];
            let len = self.keyboard.read(&mut bytes).unwrap();
            self.seen.extend_from_slice(&bytes[..len]);
        }
    }

    pub(crate) fn write(&mut self, text: impl AsRef<[u8]>) {
        self.keyboard.write_all(text.as_ref()).unwrap();
    }

    /// Waits for a prompt, and types an answer that must not be shown.
    #[track_caller]
    pub(crate) fn answer_unseen(&mut self, prompt: &str, text: impl AsRef<[u8]>) {
        self.wait_for(prompt);
        assert!(!self.echoes(), "the echo is off before the prompt is there");
        self.write(text);
    }

    pub(crate) fn echoes(&self) -> bool {
        tcgetattr(&self.line).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    pub(crate) fn kill(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    pub(crate) fn end(self) -> End {
        let Self { mut keyboard, line, child, mut seen, .. } = self;
        let output = child.wait_with_output().unwrap();
        let echo =
            tcgetattr(&line).unwrap().local_modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        drop(line);
        let mut bytes = [0; 1024];
        // Once the other end is closed and everything has been read, reading fails.
        while let Ok(len @ 1..) = keyboard.read(&mut bytes) {
            seen.extend_from_slice(&bytes[..len]);
        }
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        End { code: output.status.code(), stdout: text(&output.stdout), seen: text(&seen), echo }
    }
}

impl End {
    /// It was killed or ended with a failure, and left the terminal in order.
    #[track_caller]
    pub(crate) fn in_order(&self, code: Option<i32>) {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "{}", self.seen);
        assert!(self.echo, "the terminal is as it was");
    }
}
