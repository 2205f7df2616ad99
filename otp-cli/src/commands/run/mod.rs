//! `otp run`: opens an account and becomes the command that uses it; on Windows, starts the command and waits for it.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

mod plan;
#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod value_files;
#[cfg(windows)]
mod windows;

use std::ffi::OsString;

use clap::Args;
use clap::builder::PossibleValuesParser;
use otp_link::Preset;

use crate::error::{Error, Result};
use crate::options::{Globals, SourceArgs};
use crate::start;

use self::plan::Plan;
#[cfg(unix)]
use self::unix as platform;
#[cfg(windows)]
use self::windows as platform;

/// Open an account and run a command with its fields
#[derive(Args)]
#[command(after_help = "Example: otp run --key-file nightly.key -- python3 report.py\n\n\
    otp run --preset psql -- psql hands the login over as psql takes it best, and removes what psql would use instead.\n\n\
    Without --preset, --env, --stdin, --fd or --file the command has OTP_USERNAME and OTP_PASSWORD in its environment; with \
    them, it has what they say and no more. It never has OTP_KEY or OTP_KEY_FILE, unless --env names them, nor the stream that the \
    key came from. To give a command two accounts, nest two otp run with --env names of their own.\n\n\
    VALUE is the name of a field, or a template with fields in braces, each encoded for the client that reads it: \
    --env 'DATABASE_URL=postgresql://{username|url}:{password|url}@{host}/{database|url}'. The encoders are raw, url, \
    conninfo, pgpass, mycnf, odbc, adonet, netrc, json, sh, fish, powershell and base64; {{ and }} stand for a brace. A value \
    that its encoder can't carry is refused.\n\n\
    On Unix otp becomes the command: signals and exit code are the command's own. On Windows it waits for the command and \
    ends with its exit code; if otp is killed, so is the command. If anything fails before, nothing \
    is started; the exit code is 127 if there is no such command, 126 if it can't be executed, and else 100 more \
    than otp --help lists.\n\n\
    --stdin and --fd pass a pipe, so what was read is gone; a value that does not fit into one is a sealed file in \
    memory instead. --file passes a sealed file in memory, of mode 0600. On Windows, which has no such files and no --fd, it is \
    a file that only you can read, overwritten and deleted when the command has ended.")]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// Put VALUE into the environment variable VAR
    #[arg(long, value_name = "VAR=VALUE", help_heading = "How the command gets its fields")]
    pub(crate) env: Vec<String>,
    /// Pass VALUE on standard input
    #[arg(long, value_name = "VALUE", help_heading = "How the command gets its fields")]
    pub(crate) stdin: Option<String>,
    /// Pass VALUE on file descriptor N, from 3 on
    #[arg(long, value_name = "N=VALUE", help_heading = "How the command gets its fields")]
    pub(crate) fd: Vec<String>,
    /// Pass VALUE as an in-memory file and put its path in VAR
    #[arg(long, value_name = "VAR=VALUE", help_heading = "How the command gets its fields")]
    pub(crate) file: Vec<String>,
    /// Hand the login over as this client takes it; otp presets lists them
    #[arg(long, value_name = "NAME", value_parser = presets(), help_heading = "How the command gets its fields")]
    pub(crate) preset: Option<String>,
    /// Give the preset what the account lacks, such as a host
    #[arg(long, value_name = "KEY=TEXT", requires = "preset", help_heading = "How the command gets its fields")]
    pub(crate) set: Vec<String>,
    /// Run this command with its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
}

/// The names of the presets, for help and completions.
fn presets() -> PossibleValuesParser {
    Preset::all().iter().map(Preset::name).collect::<Vec<_>>().into()
}

pub(crate) fn run(globals: &Globals, args: &RunArgs) -> Result<()> {
    let plan = Plan::parse(args)?;
    let account = args.source.open(globals, None)?;

    let (name, arguments) = args.command.split_first().ok_or_else(|| Error::usage("there is no command"))?;
    let mut command = start::program(name);
    // The command gets the secret and needs no key, and an outer command's login is not this one's.
    for name in otp_link::KEY_VARIABLES.iter().chain(&otp_link::LOGIN_VARIABLES.map(|(name, _)| name)) {
        command.env_remove(name);
    }
    let values = plan.values(&account.fields())?;
    // Wipe it now: `exec` runs no destructors.
    drop(account);
    values.set_variables(&mut command)?;
    // After `exec`, this process would no longer know of its helpers.
    otp_link::end_helpers();
    match platform::start(name, command, arguments, values, &args.source.key)? {}
}
