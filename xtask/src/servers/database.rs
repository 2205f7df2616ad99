//! What a trial needs from a database, whichever it is.

use std::ffi::OsString;
use std::fs::File;
use std::io::{Read, Write};
use std::process::{Command, Stdio};

use xtask::Result;

/// A server with one user, whose password changes.
pub(crate) trait Database: Sync {
    /// Its name.
    fn name(&self) -> &'static str;

    /// The user's name.
    fn user(&self) -> &'static str {
        "reporting"
    }

    /// The variables that lead its clients to it.
    fn variables(&self) -> Vec<(&'static str, OsString)>;

    /// Makes the user, with a password.
    fn make_user(&self, password: &str) -> Result<()>;

    /// Makes it refuse all changes by the user, or allow them again.
    fn set_read_only(&self, on: bool) -> Result<()>;

    /// The variable that passes a password to its client.
    fn password_variable(&self) -> &'static str;

    /// The client, which logs in as the user and prints the user's name.
    fn client(&self) -> Vec<OsString>;

    /// The client's message for a wrong password.
    fn wrong_password(&self) -> &'static str;

    /// The example that changes a password.
    fn example(&self) -> &'static str;
}

/// A password for the server's administrator.
pub(crate) fn fresh_password() -> Result<String> {
    let mut bytes = [0; 16];
    File::open("/dev/urandom")
        .and_then(|mut source| source.read_exact(&mut bytes))
        .map_err(|error| format!("/dev/urandom: {error}"))?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// Runs a client with statements on standard input, so that nobody sees them on a command line.
pub(crate) fn feed(command: &mut Command, statements: &str) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let failed = |error: std::io::Error| format!("{name}: {error}");
    let mut child = command.stdin(Stdio::piped()).spawn().map_err(failed)?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(statements.as_bytes()).map_err(failed)?;
    }
    let status = child.wait().map_err(failed)?;
    if status.success() { Ok(()) } else { Err(format!("{name}: {status}")) }
}

/// Whether the database accepts a password. It must either log in or call it wrong.
pub(crate) fn accepts(database: &dyn Database, password: &str) -> Result<bool> {
    let client = database.client();
    let mut command = Command::new(&client[0]);
    super::clean(&mut command);
    command.args(&client[1..]).envs(database.variables()).env(database.password_variable(), password);
    let outcome = command.output().map_err(|error| error.to_string())?;
    let said = String::from_utf8_lossy(&outcome.stderr);
    match outcome.status.success() {
        true => Ok(true),
        false if said.contains(database.wrong_password()) => Ok(false),
        false => Err(format!("the client failed: {said}")),
    }
}
