//! `otp`: keeps a credential as record and key, and hands it to a script that has both.
#![forbid(unsafe_code)]

mod apply;
mod bulk_report;
mod channel;
mod cli;
mod commands;
mod error;
mod format;
mod github;
mod handover;
#[cfg(unix)]
mod hidden;
mod hint;
mod json;
mod listing;
mod options;
mod prompt;
mod quick;
mod report;
mod start;
mod streams;
mod terminal;
mod time;
mod values;
mod version;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run()
}
