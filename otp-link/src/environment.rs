//! The variables of the environment that lead to a key or a store.

use std::ffi::OsString;

/// Looks up a variable of the environment.
pub(crate) type Environment<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// The variables that lead to a key. A program that gets the secret has no use for them.
pub const KEY_VARIABLES: &[&str] = &["OTP_KEY", "OTP_KEY_FILE"];

/// A variable of this process's own environment.
pub(crate) fn process(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

/// A variable that is set to something: an empty one counts as unset.
pub(crate) fn variable(environment: Environment<'_>, name: &str) -> Option<OsString> {
    environment(name).filter(|value| !value.is_empty())
}
