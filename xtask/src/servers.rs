//! Real database servers, each in a temporary folder of its own.

pub(crate) mod database;
pub(crate) mod mariadb;
pub(crate) mod postgresql;
pub(crate) mod redis;

use std::process::Command;

/// Hides from a command what it might find in this environment instead of the trial's.
pub(crate) fn clean(command: &mut Command) {
    for name in
        ["OTP_KEY", "OTP_KEY_FILE", "OTP_RING", "CREDENTIALS_DIRECTORY", "PGPASSWORD", "PGPASSFILE", "MYSQL_PWD"]
    {
        command.env_remove(name);
    }
}
