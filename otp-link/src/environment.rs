//! The variables of the environment that lead to a key or a store.

use std::ffi::OsString;
#[cfg(unix)]
use std::path::PathBuf;

/// Looks up a variable of the environment.
pub(crate) type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The variables that lead to a key. A program that gets the secret does not need them.
pub const KEY_VARIABLES: &[&str] = &["OTP_KEY", "OTP_KEY_FILE"];

/// Every variable that otp itself reads. A field that became one of them would change what the next command does.
pub const OWN_VARIABLES: &[&str] = &["OTP_AUDIT", "OTP_KEY", "OTP_KEY_FILE", "OTP_RING", "OTP_STORE"];

/// The variables in which a command gets username and password. Those of an earlier command must not be taken for them.
pub const LOGIN_VARIABLES: [(&str, &str); 2] = [("OTP_USERNAME", "username"), ("OTP_PASSWORD", "password")];

/// What a helper of stores must not see.
pub(crate) const PRIVATE_VARIABLES: &[&str] = &["OTP_KEY", "OTP_KEY_FILE", "OTP_USERNAME", "OTP_PASSWORD", "OTP_RING"];

/// A variable of this process's own environment.
pub(crate) fn process(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// A variable that is set to something: an empty one counts as unset.
pub(crate) fn variable(environment: Environment<'_>, name: &str) -> Option<OsString> {
    environment(name).filter(|value| !value.is_empty())
}

/// The home directory in the user database, if `HOME` is not set for this process.
#[cfg(unix)]
pub(crate) fn home_of_user(environment: Environment<'_>) -> Option<PathBuf> {
    // A test's environment is not that of the process.
    if environment("HOME").is_none() && std::env::var_os("HOME").is_none() { std::env::home_dir() } else { None }
}
