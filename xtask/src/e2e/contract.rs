//! The programs in `examples/apply` keep the contract of `docs/rotation.md`.

use std::fs;

use serde_json::json;
use xtask::Result;
use xtask::sh::root;

use super::Programs;
use crate::servers::clean;
use crate::servers::database::{Database, accepts, fresh_password};
use crate::venv::program_of;

/// The exit code of a program that guarantees that nothing was changed.
const UNCHANGED: i32 = 75;
const IN_DOUBT: i32 = 1;

/// Runs the example for a database under every condition in the contract. The user has `password`, and keeps it.
pub(super) fn check(programs: &Programs, database: &dyn Database, password: &str) -> Result<()> {
    let trial = Trial { programs, database };
    let (user, next, wrong) = (database.user(), fresh_password()?, fresh_password()?);
    trial.expect("a change", (user, password), (user, &next), 0)?;
    trial.expect("the same change again", (user, password), (user, &next), 0)?;
    trial.has(&next, &[password, &wrong])?;
    trial.expect("another user", (user, &next), ("somebody", &wrong), UNCHANGED)?;
    trial.expect("two wrong passwords", (user, password), (user, &wrong), IN_DOUBT)?;
    trial.has(&next, &[password, &wrong])?;
    database.set_read_only(true)?;
    trial.expect("a server that refuses", (user, &next), (user, &wrong), UNCHANGED)?;
    database.set_read_only(false)?;
    trial.has(&next, &[password, &wrong])?;
    trial.expect_elsewhere("a server that is not there", (user, &next), (user, &wrong))?;
    // As for an abort: the new password is the old one.
    trial.expect("a change back", (user, &next), (user, password), 0)?;
    trial.has(password, &[&next, &wrong])
}

struct Trial<'a> {
    programs: &'a Programs,
    database: &'a dyn Database,
}

/// A user and a password.
type Login<'a> = (&'a str, &'a str);

impl Trial<'_> {
    fn expect(&self, case: &str, old: Login<'_>, new: Login<'_>, code: i32) -> Result<()> {
        self.run(case, self.database.variables(), old, new, code)
    }

    fn expect_elsewhere(&self, case: &str, old: Login<'_>, new: Login<'_>) -> Result<()> {
        let empty = otp_test_tools::folder();
        let elsewhere = |(name, _)| (name, empty.path().join("nowhere").into_os_string());
        self.run(case, self.database.variables().into_iter().map(elsewhere).collect(), old, new, IN_DOUBT)
    }

    fn run(
        &self,
        case: &str,
        variables: Vec<(&'static str, std::ffi::OsString)>,
        old: Login<'_>,
        new: Login<'_>,
        code: i32,
    ) -> Result<()> {
        let fields = |(user, password): Login<'_>| json!({"username": user, "password": password});
        let change = json!({"account": "edms/reporting", "old": fields(old), "new": fields(new)});
        let folder = otp_test_tools::folder();
        let input = folder.path().join("change");
        let opened = fs::write(&input, change.to_string()).and_then(|()| fs::File::open(&input));
        let mut command = program_of(&self.programs.venv, "python");
        clean(&mut command);
        command.arg(root().join(self.database.example())).envs(variables);
        let outcome = command.stdin(opened.map_err(|error| error.to_string())?).output();
        let outcome = outcome.map_err(|error| format!("{}: {error}", self.database.example()))?;
        let said = [outcome.stdout, outcome.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).concat();
        if said.contains(old.1) || said.contains(new.1) {
            return Err(format!("{}: {case}: a password is in what it says", self.database.example()));
        }
        if outcome.status.code() != Some(code) {
            return Err(format!("{}: {case}: {} instead of {code}: {said}", self.database.example(), outcome.status));
        }
        println!("{}: {case}: ended with {code}", self.database.example());
        Ok(())
    }

    /// The database accepts this password, and refuses the others.
    fn has(&self, password: &str, others: &[&str]) -> Result<()> {
        if !accepts(self.database, password)? {
            return Err("the password that the database should have does not log in".into());
        }
        for other in others {
            if accepts(self.database, other)? {
                return Err("a password logs in that the database should not have".into());
            }
        }
        Ok(())
    }
}
