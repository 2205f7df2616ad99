//! A `MariaDB` server of our own.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use otp_test_tools::TempDir;
use xtask::Result;
use xtask::sh::{answers, output, program, run};

use super::database::{self, Database};

const PROGRAMS: [&str; 3] = ["mariadbd", "mariadb-install-db", "mariadb"];
/// How long it may take to start.
const START: Duration = Duration::from_secs(60);

/// A server in a temporary folder, stopped at the end.
pub(crate) struct Server {
    folder: TempDir,
    process: Child,
}

impl Server {
    pub(crate) fn start() -> Result<Self> {
        for name in PROGRAMS {
            if !answers(Command::new(found(name)).arg("--version")) {
                return Err(format!("there is no {name}; on Debian: apt-get install mariadb-server"));
            }
        }
        let folder = otp_test_tools::folder();
        let path = |name: &str| folder.path().join(name);
        // Its administrator has no password: nobody else can reach a socket in this folder.
        let user = format!("--user={}", output(program("id").arg("-un"))?.trim());
        let data = format!("--datadir={}", path("data").display());
        let install = ["--no-defaults", "--auth-root-authentication-method=normal", "--skip-test-db", &user, &data];
        run(Command::new(found("mariadb-install-db")).args(install).stdout(Stdio::null()))?;
        let socket = format!("--socket={}", path("socket").display());
        let log = format!("--log-error={}", path("log").display());
        let pid = format!("--pid-file={}", path("pid").display());
        let mut server = Command::new(found("mariadbd"));
        server.args(["--no-defaults", "--skip-networking", &user, &data, &socket, &log, &pid]);
        let process = server.stderr(Stdio::null()).spawn().map_err(|error| format!("mariadbd: {error}"))?;
        let mut server = Self { folder, process };
        let begun = Instant::now();
        while !answers(server.administrator().args(["-e", "select 1"])) {
            let ended = server.process.try_wait().map_err(|error| format!("mariadbd: {error}"))?;
            if ended.is_some() || begun.elapsed() > START {
                return Err(format!(
                    "mariadbd did not start; its log is {}",
                    server.folder.path().join("log").display()
                ));
            }
            thread::sleep(Duration::from_millis(100));
        }
        Ok(server)
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    /// Makes a user with any name and password.
    pub(crate) fn make_login(&self, user: &str, password: &str) -> Result<()> {
        let quoted = |text: &str| format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'"));
        let statement = format!("create user {}@localhost identified by {};\n", quoted(user), quoted(password));
        database::feed(self.administrator().arg("--default-character-set=utf8mb4"), &statement)
    }

    fn administrator(&self) -> Command {
        let mut command = Command::new(found("mariadb"));
        super::clean(&mut command);
        command.args(["--no-defaults", "--user=root", "--socket"]).arg(self.socket());
        command
    }
}

impl Database for Server {
    fn name(&self) -> &'static str {
        "MariaDB"
    }

    fn variables(&self) -> Vec<(&'static str, OsString)> {
        vec![("MARIADB_SOCKET", self.socket().into())]
    }

    fn make_user(&self, password: &str) -> Result<()> {
        let user = self.user();
        database::feed(
            &mut self.administrator(),
            &format!("create user {user}@localhost identified by '{password}';\n"),
        )
    }

    fn set_read_only(&self, on: bool) -> Result<()> {
        database::feed(&mut self.administrator(), &format!("set global read_only = {on};\n"))
    }

    fn password_variable(&self) -> &'static str {
        "MYSQL_PWD"
    }

    fn client(&self) -> Vec<OsString> {
        let user = format!("--user={}", self.user());
        let words = ["--no-defaults", "-N", "-B", "-e", "select substring_index(user(), '@', 1)", &user, "--socket"];
        let words = words.into_iter().map(OsString::from);
        [found("mariadb").into_os_string()].into_iter().chain(words).chain([self.socket().into()]).collect()
    }

    fn wrong_password(&self) -> &'static str {
        "Access denied"
    }

    fn example(&self) -> &'static str {
        "examples/apply/mariadb.py"
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A failure is shown, and leaves a server without its folder.
        let _ = run(program("kill").arg(self.process.id().to_string()));
        let _ = self.process.wait();
    }
}

/// One of the server's programs, which Debian keeps where only root looks.
fn found(name: &str) -> PathBuf {
    let apart = Path::new("/usr/sbin").join(name);
    if apart.exists() { apart } else { name.into() }
}
