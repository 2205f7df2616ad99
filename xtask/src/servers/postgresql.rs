//! A `PostgreSQL` server of our own.

use std::ffi::OsString;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use otp_test_tools::TempDir;
use xtask::Result;
use xtask::sh::{output, program, run};

use super::database::{self, Database};

/// Where `initdb`, `pg_ctl` and `psql` are.
fn server_programs() -> Result<PathBuf> {
    let mut folders: Vec<PathBuf> =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    // Debian keeps a server's programs in folders by version.
    for entry in fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten() {
        folders.push(entry.path().join("bin"));
    }
    folders
        .into_iter()
        .find(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists() && folder.join("psql").exists())
        .ok_or("there is no PostgreSQL server to start; on Debian: apt-get install postgresql".into())
}

/// A server of our own in a temporary folder, stopped at the end.
pub(crate) struct Server {
    folder: TempDir,
    bin: PathBuf,
    /// The server refuses to run as root; for root, it runs as the user that its package creates.
    as_root: bool,
}

impl Server {
    pub(crate) fn start() -> Result<Self> {
        let bin = server_programs()?;
        let as_root = output(program("id").arg("-u"))?.trim() == "0";
        let server = Self { folder: otp_test_tools::folder(), bin, as_root };
        let password = database::fresh_password()?;
        server.write("admin", &password)?;
        server.write("pgpass", &format!("*:*:*:postgres:{password}\n"))?;
        if as_root {
            run(program("chown").arg("postgres").arg(server.folder.path()).arg(server.path("admin")))?;
        }
        let (data, admin) = (server.path("data"), server.path("admin"));
        let initdb = ["-U", "postgres", "--auth=scram-sha-256", "--no-sync", "--pwfile"];
        run(server.command("initdb").args(initdb).arg(admin).arg("-D").arg(&data).stdout(Stdio::null()))?;
        let options = format!("-c listen_addresses= -c unix_socket_directories={}", server.folder.path().display());
        let log = server.path("log");
        run(server
            .command("pg_ctl")
            .args(["-w", "-s", "-o", &options, "-l"])
            .arg(log)
            .arg("-D")
            .arg(data)
            .arg("start"))?;
        Ok(server)
    }

    /// Makes a user with any name and password.
    pub(crate) fn make_login(&self, user: &str, password: &str) -> Result<()> {
        let (user, password) = (user.replace('"', "\"\""), password.replace('\'', "''"));
        database::feed(&mut self.administrator(), &format!("create role \"{user}\" login password '{password}';\n"))
    }

    fn administrator(&self) -> Command {
        let mut client = Command::new(self.bin.join("psql"));
        super::clean(&mut client);
        client.args(["-X", "-q", "-d", "postgres", "-U", "postgres", "-v", "ON_ERROR_STOP=1"]);
        client.envs(self.variables()).env("PGPASSFILE", self.path("pgpass"));
        client
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file that only this user can read.
    fn write(&self, name: &str, text: &str) -> Result<()> {
        let path = self.path(name);
        let private = fs::Permissions::from_mode(0o600);
        fs::write(&path, text)
            .and_then(|()| fs::set_permissions(&path, private))
            .map_err(|error| format!("{}: {error}", path.display()))
    }

    /// One of the server's programs.
    fn command(&self, name: &str) -> Command {
        let path = self.bin.join(name);
        let mut command = if self.as_root { program("runuser") } else { Command::new(&path) };
        if self.as_root {
            command.args(["-u", "postgres", "--"]).arg(&path);
        }
        command.current_dir(self.folder.path());
        command
    }
}

impl Database for Server {
    fn name(&self) -> &'static str {
        "PostgreSQL"
    }

    fn variables(&self) -> Vec<(&'static str, OsString)> {
        vec![("PGHOST", self.folder.path().into())]
    }

    fn make_user(&self, password: &str) -> Result<()> {
        database::feed(
            &mut self.administrator(),
            &format!("create role {} login password '{password}';\n", self.user()),
        )
    }

    fn set_read_only(&self, on: bool) -> Result<()> {
        let statement = format!("alter role {} set default_transaction_read_only = {on};\n", self.user());
        database::feed(&mut self.administrator(), &statement)
    }

    fn password_variable(&self) -> &'static str {
        "PGPASSWORD"
    }

    fn client(&self) -> Vec<OsString> {
        let words = ["-X", "-q", "-t", "-A", "-w", "-d", "postgres", "-U", self.user(), "-c", "select current_user"];
        [self.bin.join("psql").into_os_string()].into_iter().chain(words.map(OsString::from)).collect()
    }

    fn wrong_password(&self) -> &'static str {
        "password authentication failed"
    }

    fn example(&self) -> &'static str {
        "examples/apply/postgresql.py"
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // A failure is shown, and leaves a server without its folder.
        let stop = ["-w", "-s", "-m", "fast", "stop", "-D"];
        let _ = run(self.command("pg_ctl").args(stop).arg(self.path("data")));
    }
}
