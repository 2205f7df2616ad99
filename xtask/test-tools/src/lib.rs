//! What tests and tools share: temporary folders, and which programs this machine lacks.
//!
//! `cargo xtask test` looks for the programs that tests start, tells the tests through the environment which are
//! missing, and counts what they did not run. Otherwise nothing counts as missing, so a missing program fails its test.
#![forbid(unsafe_code)]

use std::env;
use std::fs::File;
use std::io::Write;

pub mod turns;

pub use tempfile::TempDir;

/// The variable that lists the missing programs, separated by commas.
pub const WITHOUT: &str = "OTP_TEST_WITHOUT";

/// The variable that names a file for what was not run. A line for each test: the program, a tab and the test's name.
pub const NOT_RUN: &str = "OTP_TEST_NOT_RUN";

/// Whether this machine lacks a program. A test that needs it should return early; it counts as not run.
///
/// # Panics
///
/// If the file for what was not run can't be written: no test may be left out silently.
#[must_use]
pub fn lacks(program: &str) -> bool {
    let lacks = env::var(WITHOUT).is_ok_and(|list| list.split(',').any(|listed| listed == program));
    if let (true, Some(path)) = (lacks, env::var_os(NOT_RUN)) {
        let thread = std::thread::current();
        let line = format!("{program}\t{}\n", thread.name().unwrap_or("unnamed"));
        let file = File::options().append(true).create(true).open(path);
        file.and_then(|mut file| file.write_all(line.as_bytes())).expect("what was not run must be written down");
    }
    lacks
}

/// A new folder that only this user can use, whatever the umask. Dropping the value removes it.
///
/// # Panics
///
/// If nothing can be made in the system's folder for temporary files.
#[must_use]
pub fn folder() -> TempDir {
    let mut folder = tempfile::Builder::new();
    folder.prefix("otp-");
    #[cfg(unix)]
    folder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o700));
    folder.tempdir().expect("there is room for a temporary folder")
}

#[cfg(all(test, unix))]
mod tests {
    use std::fs;
    use std::os::unix::fs::PermissionsExt;
    use std::process::Command;

    use super::*;

    /// Runs a test of this file again, in its own process. Returns whether it passed.
    fn again(test: &str, umask: &str, variables: &[(&str, &str)]) -> bool {
        let this = env::current_exe().expect("a test knows where it is");
        let mut command = Command::new("sh");
        command.args(["-c", &format!("umask {umask}; exec \"$0\" --exact tests::{test}")]).arg(this);
        command.env_remove(WITHOUT).env("OTP_TEST_AGAIN", "").envs(variables.iter().copied());
        command.output().expect("sh starts").status.success()
    }

    #[test]
    fn what_is_missing_is_missed_and_counted() {
        let test = "what_is_missing_is_missed_and_counted";
        if env::var_os("OTP_TEST_AGAIN").is_some() {
            assert!(lacks("groff") && lacks("c++") && !lacks("c") && !lacks("dash"));
            return;
        }
        let folder = folder();
        let log = folder.path().join("not-run");
        assert!(again(test, "022", &[(WITHOUT, "c++,groff"), (NOT_RUN, log.to_str().unwrap())]));
        assert_eq!(fs::read_to_string(log).unwrap(), format!("groff\ttests::{test}\nc++\ttests::{test}\n"));
        assert!(!again(test, "022", &[]), "without a word nothing is missing");
    }

    #[test]
    fn a_folder_is_its_owners_alone_under_any_umask() {
        let test = "a_folder_is_its_owners_alone_under_any_umask";
        if env::var_os("OTP_TEST_AGAIN").is_some() {
            assert_eq!(fs::metadata(folder().path()).unwrap().permissions().mode() & 0o777, 0o700);
            return;
        }
        for umask in ["000", "002", "077"] {
            assert!(again(test, umask, &[]), "{umask}");
        }
    }
}
