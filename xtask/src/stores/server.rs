//! [`Server`]: a process that listens, and is ended when its value is dropped.

use std::fs::File;
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use xtask::Result;

/// How long a server may take to start.
const START: Duration = Duration::from_secs(60);

/// A running server.
pub(crate) struct Server(Child);

impl Server {
    /// Starts a server in a folder, where it writes its log, and waits until it is ready.
    pub(crate) fn start(folder: &Path, command: &mut Command, is_ready: impl Fn() -> bool) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let failed = |error| format!("{name}: {error}");
        let log = folder.join("log");
        let output = File::create(&log).map_err(failed)?;
        let errors = output.try_clone().map_err(failed)?;
        command.current_dir(folder).stdin(Stdio::null()).stdout(output).stderr(errors);
        let process = command.spawn().map_err(failed)?;
        let mut server = Self(process);
        let begun = Instant::now();
        while !is_ready() {
            if server.0.try_wait().map_err(failed)?.is_some() || begun.elapsed() > START {
                let log = std::fs::read_to_string(&log).unwrap_or_default();
                return Err(format!("{name} did not start:\n{log}"));
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(server)
    }
}

impl Server {
    /// Its process.
    pub(super) fn id(&self) -> u32 {
        self.0.id()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Whether a server listens on a port.
pub(crate) fn listens(port: u16) -> bool {
    TcpStream::connect(("127.0.0.1", port)).is_ok()
}
