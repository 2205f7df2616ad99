//! `otp run`: opens an account and becomes a command that has it; on Windows, starts the command and waits for it.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod value_files;
#[cfg(windows)]
mod windows;

use std::ffi::OsString;
use std::process::Command;

use clap::Args;
use otp_core::Fields;
use otp_core::account::Field;

use crate::channel::ENVIRONMENT;
use crate::error::{Error, Result};
use crate::options::{Globals, SourceArgs};
use crate::{format, start, values};

#[cfg(unix)]
use self::unix as platform;
#[cfg(windows)]
use self::windows as platform;

/// Open an account and run a command with its fields
#[derive(Args)]
#[command(after_help = "Example: otp run --key-file nightly.key -- python3 report.py\n\n\
    Without --env, --stdin, --fd or --file the command has OTP_USERNAME and OTP_PASSWORD in its environment; with \
    them, it has what they say and no more. It never has OTP_KEY or OTP_KEY_FILE, unless --env names them, nor the stream that the \
    key came from. To give a command two accounts, nest two otp run with --env names of their own.\n\n\
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
    /// Put FIELD into the environment variable VAR
    #[arg(long, value_name = "VAR=FIELD", help_heading = "How the command gets its fields")]
    pub(crate) env: Vec<String>,
    /// Pass FIELD on standard input
    #[arg(long, value_name = "FIELD", help_heading = "How the command gets its fields")]
    pub(crate) stdin: Option<String>,
    /// Pass FIELD on file descriptor N, from 3 on
    #[arg(long, value_name = "N=FIELD", help_heading = "How the command gets its fields")]
    pub(crate) fd: Vec<String>,
    /// Pass FIELD as an in-memory file and put its path in VAR
    #[arg(long, value_name = "VAR=FIELD", help_heading = "How the command gets its fields")]
    pub(crate) file: Vec<String>,
    /// Run this command with its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
}

pub(crate) fn run(globals: &Globals, args: &RunArgs) -> Result<()> {
    let plan = Plan::parse(args)?;
    let account = args.source.open(globals, None)?;

    let (name, arguments) = args.command.split_first().ok_or_else(|| Error::usage("there is no command"))?;
    let mut command = start::program(name);
    command.args(arguments);
    // The command has the secret, and needs no key; and what an earlier command had is not this one's login.
    for name in otp_link::KEY_VARIABLES.iter().chain(&otp_link::LOGIN_VARIABLES.map(|(name, _)| name)) {
        command.env_remove(name);
    }
    plan.set_variables(&account.fields(), &mut command)?;
    match platform::start(name, command, &plan, account, &args.source.key)? {}
}

/// Which field goes which way.
struct Plan<'a> {
    variables: Vec<(&'a str, &'a str)>,
    /// Number 0 is standard input.
    descriptors: Vec<(i32, &'a str)>,
    files: Vec<(&'a str, &'a str)>,
}

impl<'a> Plan<'a> {
    /// Reads `VAR=FIELD` and `N=FIELD`, before anything is opened.
    fn parse(args: &'a RunArgs) -> Result<Self> {
        let mut plan = Self {
            variables: args.env.iter().map(|pair| split(pair, "--env", "VAR=FIELD")).collect::<Result<_>>()?,
            descriptors: args.stdin.iter().map(|field| (0, field.as_str())).collect(),
            files: args.file.iter().map(|pair| split(pair, "--file", "VAR=FIELD")).collect::<Result<_>>()?,
        };
        if cfg!(windows) && !args.fd.is_empty() {
            return Err(Error::usage_with(
                "Windows hands no numbered descriptors to a command",
                "use --stdin or --file",
            ));
        }
        for pair in &args.fd {
            let (number, field) = split(pair, "--fd", "N=FIELD")?;
            let number: i32 = number.parse().unwrap_or(-1);
            // What is beyond is past what systems allow to be open.
            if !(3..=1023).contains(&number) || plan.descriptors.iter().any(|(other, _)| *other == number) {
                return Err(Error::usage_with(
                    "--fd takes N=FIELD with N from 3 to 1023, each once",
                    "for 0, use --stdin",
                ));
            }
            plan.descriptors.push((number, field));
        }
        let mut names: Vec<_> = plan.variables.iter().chain(&plan.files).map(|(name, _)| name).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find_map(|pair| (pair[0] == pair[1]).then_some(pair[0])) {
            return Err(Error::usage(format!("the variable {twice} is given twice")));
        }
        if plan.variables.is_empty() && plan.descriptors.is_empty() && plan.files.is_empty() {
            plan.variables = otp_link::LOGIN_VARIABLES.to_vec();
        }
        Ok(plan)
    }

    /// Sets the command's environment.
    fn set_variables(&self, fields: &Fields<'_>, command: &mut Command) -> Result<()> {
        for (name, field) in &self.variables {
            let value = format::field(fields, field)?;
            format::check(Field { name: field, value }, &ENVIRONMENT)?;
            command.env(name, values::to_os(value)?);
        }
        Ok(())
    }
}

fn split<'p>(pair: &'p str, option: &str, form: &str) -> Result<(&'p str, &'p str)> {
    match pair.split_once('=') {
        Some((name, field)) if !name.is_empty() && !field.is_empty() && !name.contains('\0') => Ok((name, field)),
        // Without what was given: a value in the place of a field's name may be secret.
        _ => Err(Error::usage(format!("{option} takes {form}, with the name of a field"))),
    }
}
