//! `cargo xtask e2e`: a script logs in to a real database server, with a password that exists only in record and key.

use std::fs::{self, File};
use std::io::Read;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use otp_test_tools::TempDir;
use xtask::Result;
use xtask::cargo::{build, cargo};
use xtask::sh::{output, program, run};

use crate::python::install;
use crate::venv::{fresh, pip_install, program_of};

/// What the server says of a wrong password.
const WRONG_PASSWORD: &str = "password authentication failed";
/// The exit code of a script that passes on what `otp_link` says of a key that is gone.
const NOT_FOUND: i32 = 3;

pub(crate) fn e2e() -> Result<()> {
    let bin = server_programs()?;
    let venv = fresh("e2e-venv")?;
    run(pip_install(&venv).arg("psycopg[binary]"))?;
    run(&mut install(&venv))?;
    let otp_program = build(&mut cargo(&["build", "--locked", "-q", "-p", "otp-cli"]))?.program("otp")?;
    let server = Server::start(&bin)?;
    let folder = server.path("work");
    fs::create_dir(&folder).map_err(|error| error.to_string())?;
    for (name, script) in
        [("report.py", include_str!("e2e/report.py")), ("set_password.py", include_str!("e2e/set_password.py"))]
    {
        fs::write(folder.join(name), script).map_err(|error| format!("{name}: {error}"))?;
    }
    let here = |mut command: Command| {
        for name in ["OTP_KEY", "OTP_KEY_FILE", "CREDENTIALS_DIRECTORY", "PGPASSWORD"] {
            command.env_remove(name);
        }
        command.current_dir(&folder).env("OTP_STORE", folder.join("store")).env("PGHOST", server.folder.path());
        command.env("PGPASSFILE", server.path("pgpass"));
        command
    };
    let otp = |line: &str| {
        let mut command = here(Command::new(&otp_program));
        command.args(line.split(' '));
        command
    };
    let python = |line: &str| {
        let mut command = here(program_of(&venv, "python"));
        command.args(line.split(' '));
        command
    };

    run(&mut otp("add edms/reporting --username reporting --generate --for nightly --key-file nightly.key"))?;
    run(&mut python("set_password.py nightly.key"))?;
    expect(output(&mut python("report.py --key-file nightly.key"))?.trim(), "reporting logged in")?;

    // Another password does not log in: the server really asks.
    run(&mut otp("add other --username reporting --generate --key-file other.key"))?;
    refused(python("report.py --key-file other.key"), None, WRONG_PASSWORD)?;

    run(&mut otp("rotate --yes edms/reporting --key-file nightly.key --generate --new-key-dir new"))?;
    let new = fs::read_dir(folder.join("new")).map_err(|error| error.to_string())?;
    let new: Vec<PathBuf> = new.filter_map(|entry| Some(entry.ok()?.path())).collect();
    let [new] = new.as_slice() else { return Err("a rotation of one key gave more or less than one".into()) };
    let new = new.display();
    // Until the database has the new password, the new key opens but does not log in.
    refused(python(&format!("report.py --key-file {new}")), None, WRONG_PASSWORD)?;
    run(&mut python(&format!("set_password.py {new}")))?;
    expect(output(&mut python(&format!("report.py --key-file {new}")))?.trim(), "reporting logged in")?;
    refused(python("report.py --key-file nightly.key"), Some(NOT_FOUND), "")?;
    println!("\ne2e: logged in before and after a rotation; the old key is refused");
    Ok(())
}

fn expect(found: &str, expected: &str) -> Result<()> {
    println!("{found}");
    if found == expected { Ok(()) } else { Err(format!("expected {expected:?}, not {found:?}")) }
}

/// Runs what must fail, with this exit code if there is one, and these words on its standard error.
fn refused(mut command: Command, code: Option<i32>, words: &str) -> Result<()> {
    let outcome = command.output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&outcome.stderr).into_owned();
    let last = said.trim_end().lines().last().unwrap_or_default();
    println!("refused: {last}");
    let is_expected = code.is_none_or(|code| outcome.status.code() == Some(code)) && said.contains(words);
    if !outcome.status.success() && outcome.stdout.is_empty() && is_expected {
        Ok(())
    } else {
        Err(format!("expected a failure with {code:?} {words:?}, not {}: {said}", outcome.status))
    }
}

/// Where `initdb` and `pg_ctl` are.
fn server_programs() -> Result<PathBuf> {
    let mut folders: Vec<PathBuf> =
        std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect()).unwrap_or_default();
    // Debian keeps a server's programs apart, by version.
    for entry in fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten() {
        folders.push(entry.path().join("bin"));
    }
    folders
        .into_iter()
        .find(|folder| folder.join("initdb").exists() && folder.join("pg_ctl").exists())
        .ok_or("there is no PostgreSQL server to start; on Debian: apt-get install postgresql".into())
}

/// A server of our own in a temporary folder, stopped at the end.
struct Server {
    folder: TempDir,
    bin: PathBuf,
    /// The server refuses to run as root; it then runs as the user that its package makes.
    as_root: bool,
}

impl Server {
    fn start(bin: &Path) -> Result<Self> {
        let as_root = output(program("id").arg("-u"))?.trim() == "0";
        let server = Self { folder: otp_test_tools::folder(), bin: bin.to_owned(), as_root };
        let password = fresh_password()?;
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

    fn path(&self, name: &str) -> PathBuf {
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

    /// A program of the server.
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

impl Drop for Server {
    fn drop(&mut self) {
        // A failure here is shown, and leaves a server without a folder.
        let stop = ["-w", "-s", "-m", "fast", "stop", "-D"];
        let _ = run(self.command("pg_ctl").args(stop).arg(self.path("data")));
    }
}

/// A password for the server's administrator.
fn fresh_password() -> Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .map_err(|error| format!("/dev/urandom: {error}"))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}
