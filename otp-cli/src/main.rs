//! `otp`: keeps a credential as record and key, and hands it to a script that has both.
#![forbid(unsafe_code)]

mod args;
mod commands;
mod error;
mod format;
mod handover;
mod quick;
mod randomness;
mod session;
mod statistics;
mod terminal;
mod time;
mod values;

use std::process::ExitCode;

use crate::error::Error;

fn main() -> ExitCode {
    let result = args::parse().and_then(|(globals, command)| commands::run(&globals, command));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            terminal::report(&error);
            ExitCode::from(error.exit_code())
        }
    }
}

/// What a command gives.
type Result<T, E = Error> = std::result::Result<T, E>;
