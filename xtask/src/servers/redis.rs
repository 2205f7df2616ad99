//! A Redis server of our own.

use std::net::{Ipv4Addr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use otp_test_tools::TempDir;
use xtask::Result;
use xtask::sh::{answers, program, run};

use super::database::{self, fresh_password};
use crate::ports::free_port;

/// How long it may take to start.
const START: Duration = Duration::from_secs(30);

/// A server on a loopback port, stopped at the end.
pub(crate) struct Server {
    // Held until the server has ended.
    _folder: TempDir,
    process: Child,
    port: u16,
    password: String,
}

impl Server {
    pub(crate) fn start() -> Result<Self> {
        if !answers(program("redis-server").arg("--version")) || !answers(program("redis-cli").arg("--version")) {
            return Err("there is no redis-server; on Debian: apt-get install redis-server".into());
        }
        let failed = |error: std::io::Error| format!("redis-server: {error}");
        let port = free_port()?;
        let (folder, password) = (otp_test_tools::folder(), fresh_password()?);
        let config = folder.path().join("redis.conf");
        let text = format!(
            "port {port}\nbind 127.0.0.1\nsave \"\"\ndir {}\nrequirepass {password}\n",
            folder.path().display()
        );
        std::fs::write(&config, text).map_err(failed)?;
        let process = Command::new("redis-server").arg(&config).stdout(Stdio::null()).spawn().map_err(failed)?;
        let mut server = Self { _folder: folder, process, port, password };
        let begun = Instant::now();
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            if server.process.try_wait().map_err(failed)?.is_some() || begun.elapsed() > START {
                return Err("redis-server did not start".into());
            }
            thread::sleep(Duration::from_millis(50));
        }
        Ok(server)
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Makes a user with any name and password.
    pub(crate) fn make_login(&self, user: &str, password: &str) -> Result<()> {
        let word = |text: &str| text.bytes().map(|byte| format!("\\x{byte:02x}")).collect::<Vec<_>>().concat();
        let mut client = Command::new("redis-cli");
        client.args(["-e", "-p", &self.port.to_string()]).env("REDISCLI_AUTH", &self.password);
        let line = format!("acl setuser \"{}\" on \">{}\" +@all\n", word(user), word(password));
        database::feed(client.stdout(Stdio::null()), &line)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A failure is shown, and leaves a server without its folder.
        let _ = run(program("kill").arg(self.process.id().to_string()));
        let _ = self.process.wait();
    }
}
