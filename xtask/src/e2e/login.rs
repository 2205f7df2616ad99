//! A script logs in before and after a rotation, with a password that exists only in a record and a key.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use xtask::Result;
use xtask::sh::{output, run};

use super::Programs;
use crate::python::install;
use crate::servers::clean;
use crate::servers::postgresql::Server;
use crate::venv::program_of;

/// The server's message for a wrong password.
const WRONG_PASSWORD: &str = "password authentication failed";
/// The exit code of a script that passes on `otp_link`'s error for a key that is gone.
const NOT_FOUND: i32 = 3;

pub(super) fn log_in(programs: &Programs) -> Result<()> {
    run(&mut install(&programs.venv))?;
    let server = Server::start()?;
    let folder = server.path("work");
    fs::create_dir(&folder).map_err(|error| error.to_string())?;
    for (name, script) in
        [("report.py", include_str!("report.py")), ("set_password.py", include_str!("set_password.py"))]
    {
        fs::write(folder.join(name), script).map_err(|error| format!("{name}: {error}"))?;
    }
    let here = |mut command: Command| {
        clean(&mut command);
        command.current_dir(&folder).env("OTP_STORE", folder.join("store")).env("PGHOST", server.path(""));
        command.env("PGPASSFILE", server.path("pgpass"));
        command
    };
    let otp = |line: &str| {
        let mut command = here(Command::new(&programs.otp));
        command.args(line.split(' '));
        command
    };
    let python = |line: &str| {
        let mut command = here(program_of(&programs.venv, "python"));
        command.args(line.split(' '));
        command
    };

    run(&mut otp("add edms/reporting --username reporting --generate --for nightly --key-file nightly.key"))?;
    run(&mut python("set_password.py nightly.key"))?;
    expect(output(&mut python("report.py --key-file nightly.key"))?.trim(), "reporting logged in")?;

    // Another password is refused, so the server does check.
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

/// Runs a command that must fail, with this exit code if one is given, and with these words on its standard error.
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
