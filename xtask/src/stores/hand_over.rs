//! The main job across machines: one home seals, another logs in to `PostgreSQL`; the bucket between comes and goes.

use std::ffi::OsStr;
use std::fs;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use otp_core::Code;
use otp_test_tools::{TempDir, folder};
use xtask::Result;
use xtask::sh::root;

use super::seaweedfs::{POLICED, SeaweedFs, log_in, url};
use super::{Programs, Tools};
use crate::servers::database::{Database, accepts};
use crate::servers::postgresql;

/// What `otp run` adds to its own exit codes, to tell them from those of the program that it starts.
const RUN: u8 = 100;
/// How long `otp run` may wait for a store that does not answer, plus what a busy machine adds.
const LIMIT: Duration = Duration::from_secs(15 + 10);

pub(super) fn hand_over(tools: &Tools) -> Result<()> {
    let mut server = SeaweedFs::start(tools)?;
    let database = postgresql::Server::start()?;
    let programs = Programs::build()?;
    let home = |who| Home {
        folder: folder(),
        programs: &programs,
        who,
        store: url(POLICED, &server.tls_endpoint()),
        certificate: server.certificate(),
        database: &database,
    };
    let (administrator, scheduler) = (home("writer"), home("reader"));

    seal(&administrator, &database)?;
    // Only the key goes from one home to the other.
    let key = "nightly.key";
    fs::rename(administrator.folder.path().join(key), scheduler.folder.path().join(key))
        .map_err(|error| format!("{key}: {error}"))?;
    scheduler.logs_in()?;

    let mut passwords = vec![administrator.password()?];
    administrator.writes_apply("apply", tools, None)?;
    administrator.otp("rotate edms/reporting --ring ring --generate --apply ./apply", 0)?;
    passwords.push(administrator.password()?);
    scheduler.logs_in()?;

    // The bucket disappears at the worst moment: the database has the new password, and no record has it yet.
    administrator.writes_apply("apply-and-kill", tools, server.id())?;
    let cut = "rotate edms/reporting --ring ring --generate --apply ./apply-and-kill";
    administrator.otp(cut, Code::InDoubt.number())?;
    server.kill();
    scheduler.is_refused(Code::StoreUnavailable, "127.0.0.1")?;
    server.start_again(tools)?;
    administrator.otp("rotate edms/reporting --ring ring --resume --apply ./apply", 0)?;
    passwords.push(administrator.password()?);
    scheduler.logs_in()?;
    let (current, old) = passwords.split_last().ok_or("no password")?;
    if !accepts(&database, current)? || old.iter().any(|old| accepts(&database, old) != Ok(false)) {
        return Err("the database has another password than the last one".into());
    }

    // A reader can't change anything.
    scheduler.otp("remove edms/reporting --yes", Code::Denied.number())?;
    scheduler.logs_in()?;

    stays_away(&mut server, &scheduler)?;
    server.start_again(tools)?;
    administrator.otp("remove edms/reporting --ring ring --yes", 0)?;
    scheduler.is_refused(Code::NotFound, "edms/reporting")
}

/// Makes store, ring, account and the database's user.
fn seal(administrator: &Home<'_>, database: &dyn Database) -> Result<()> {
    administrator.otp(&format!("store init {}", administrator.store), 0)?;
    administrator.otp("ring init ring", 0)?;
    let add =
        "add edms/reporting --ring ring --username reporting --generate --pages 8 --for nightly --key-file nightly.key";
    administrator.otp(add, 0)?;
    fs::copy(administrator.folder.path().join("nightly.key"), administrator.folder.path().join("own.key"))
        .map_err(|error| format!("own.key: {error}"))?;
    database.make_user(&administrator.password()?)
}

/// A missing server, and one that accepts connections but is silent: neither looks like a missing key, or takes long.
fn stays_away(server: &mut SeaweedFs, scheduler: &Home<'_>) -> Result<()> {
    server.kill();
    scheduler.is_refused(Code::StoreUnavailable, "127.0.0.1")?;
    let address = ("127.0.0.1", server.tls_port());
    let _silent = TcpListener::bind(address).map_err(|error| format!("{address:?}: {error}"))?;
    let begun = Instant::now();
    scheduler.is_refused(Code::StoreUnavailable, "waiting for 127.0.0.1 (try 1)")?;
    if begun.elapsed() > LIMIT {
        return Err(format!("otp run took {:?} to give up", begun.elapsed()));
    }
    Ok(())
}

/// A user on a machine of their own, with `otp` and credentials for the bucket.
struct Home<'a> {
    folder: TempDir,
    programs: &'a Programs,
    who: &'static str,
    store: String,
    certificate: PathBuf,
    database: &'a postgresql::Server,
}

impl Home<'_> {
    /// Runs a command, which must end with this exit code.
    fn otp(&self, line: &str, code: u8) -> Result<Output> {
        self.run(line.split(' '), code)
    }

    fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>, code: u8) -> Result<Output> {
        let mut command = Command::new(&self.programs.otp);
        command.args(arguments);
        let line = command.get_args().map(OsStr::to_string_lossy).collect::<Vec<_>>().join(" ");
        eprintln!("\n--> {}$ otp {line}", self.who);
        command.current_dir(self.folder.path()).env_clear().envs(self.database.variables());
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("OTP_STORE", &self.store).env("AWS_CA_BUNDLE", &self.certificate).env("HOME", self.folder.path());
        command.env("OTP_HELPERS", self.programs.helpers());
        log_in(&mut command, self.who);
        let output = command.output().map_err(|error| format!("otp: {error}"))?;
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        if output.status.code() == Some(code.into()) {
            Ok(output)
        } else {
            Err(format!("otp {line}: {}, not {code}", output.status))
        }
    }

    /// Starts the database's client with the credential; it must log in, or not be started.
    fn opens(&self, code: u8) -> Result<Output> {
        let variable = format!("{}=password", self.database.password_variable());
        let words = ["run", "--key-file", "nightly.key", "--env", &variable, "--"].map(Into::into);
        self.run(words.into_iter().chain(self.database.client()), code)
    }

    fn logs_in(&self) -> Result<()> {
        let said = self.opens(0)?.stdout;
        let said = String::from_utf8_lossy(&said);
        if said.trim() == self.database.user() { Ok(()) } else { Err(format!("the client says {said}")) }
    }

    /// Fails to open for this reason, with this text in the error.
    fn is_refused(&self, code: Code, text: &str) -> Result<()> {
        let said = self.opens(RUN + code.number())?.stderr;
        let said = String::from_utf8_lossy(&said);
        if said.contains(text) { Ok(()) } else { Err(format!("it says {said}, without {text}")) }
    }

    /// The password that the key opens.
    fn password(&self) -> Result<String> {
        let printed = self.otp("get --field password --key-file own.key", 0)?.stdout;
        Ok(String::from_utf8_lossy(&printed).trim_end_matches('\n').to_owned())
    }

    /// Writes a program that changes the database's password and then kills a process.
    fn writes_apply(&self, name: &str, tools: &Tools, kills: Option<u32>) -> Result<()> {
        let python = tools.venv.join("bin/python");
        let example = root().join(self.database.example());
        let then = kills.map_or_else(String::new, |id| format!("kill -9 {id} || exit 1\n"));
        let text = format!("#!/bin/sh -e\n\"{}\" \"{}\"\n{then}", python.display(), example.display());
        let path = self.folder.path().join(name);
        fs::write(&path, text)
            .and_then(|()| fs::set_permissions(&path, fs::Permissions::from_mode(0o700)))
            .map_err(|error| format!("{name}: {error}"))
    }
}
