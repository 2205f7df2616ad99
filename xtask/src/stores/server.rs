//! [`Server`]: a process that listens, in a folder of its own, and ends with its value.

use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use otp_test_tools::{TempDir, folder};
use xtask::Result;

/// How long a server may take to start.
const START: Duration = Duration::from_secs(60);
/// Some servers take a second port, so much above the first.
const SECOND: u16 = 10_000;

/// A running server.
pub(super) struct Server {
    folder: TempDir,
    process: Child,
}

impl Server {
    /// Starts a server, and waits until it is ready. Its log is in the folder.
    pub(super) fn start(folder: TempDir, command: &mut Command, is_ready: impl Fn() -> bool) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let failed = |error| format!("{name}: {error}");
        let log = folder.path().join("log");
        let output = File::create(&log).map_err(failed)?;
        let errors = output.try_clone().map_err(failed)?;
        command.current_dir(folder.path()).stdin(Stdio::null()).stdout(output).stderr(errors);
        let process = command.spawn().map_err(failed)?;
        let mut server = Self { folder, process };
        let begun = Instant::now();
        while !is_ready() {
            if server.process.try_wait().map_err(failed)?.is_some() || begun.elapsed() > START {
                let log = std::fs::read_to_string(&log).unwrap_or_default();
                return Err(format!("{name} did not start:\n{log}"));
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(server)
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A folder for a server.
pub(super) fn home() -> TempDir {
    folder()
}

/// A port that nobody listens on, nor on the one above it that some servers take too.
pub(super) fn free_port() -> Result<u16> {
    loop {
        let listener = TcpListener::bind("127.0.0.1:0").map_err(|error| format!("no free port: {error}"))?;
        let port = listener.local_addr().map_err(|error| format!("no free port: {error}"))?.port();
        if port.checked_add(SECOND).is_some_and(|second| TcpListener::bind(("127.0.0.1", second)).is_ok()) {
            return Ok(port);
        }
    }
}

/// Whether somebody listens.
pub(super) fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}
