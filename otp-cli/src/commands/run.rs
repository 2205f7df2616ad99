//! `otp run`: opens an account and becomes a command that has it.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;
use otp_core::Fields;
use otp_core::account::Field;

use crate::channel::ENVIRONMENT;
use crate::error::{Error, Result};
use crate::options::{Globals, KeyArgs, SourceArgs};
use crate::start::Obstacle;
use crate::streams::{self, descriptor};
use crate::{format, values};

/// Open an account and run a command with its fields
#[derive(Args)]
#[command(after_help = "Example: otp run --key-file nightly.key -- python3 report.py\n\n\
    Without --env, --stdin, --fd or --file the command has OTP_USERNAME and OTP_PASSWORD in its environment; with \
    them, it has what they say and no more. It never has OTP_KEY or OTP_KEY_FILE, unless --env names them, nor the stream that the \
    key came from. To give a command two accounts, nest two otp run with --env names of their own.\n\n\
    On Unix otp becomes the command: signals and exit code are the command's own. If anything fails before, nothing \
    is started; the exit code is 127 if there is no such command, 126 if it can't be executed, and else 100 more \
    than otp --help lists.\n\n\
    --stdin and --fd pass a pipe, so what was read is gone; a value that does not fit into one is a sealed file in \
    memory instead. --file passes a sealed file in memory, of mode 0600.")]
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

    let (program, arguments) = args.command.split_first().ok_or_else(|| Error::usage("there is no command"))?;
    let mut command = Command::new(program);
    command.args(arguments);
    // The command has the secret, and needs no key; and what an earlier command had is not this one's login.
    for name in otp_link::KEY_VARIABLES.iter().chain(&otp_link::LOGIN_VARIABLES.map(|(name, _)| name)) {
        command.env_remove(name);
    }
    let mut files = plan.prepare(&account.fields(), &mut command)?;
    withhold_key(&args.source.key, &mut files)?;
    // The command has copies of its own. This one is wiped now, since a process that becomes another wipes nothing.
    drop(account);
    let source = otp_sys::exec_with_fds(&mut command, files);
    let obstacle = Obstacle::of(program, &source);
    Err(Error::NotStarted { program: Path::new(program).display().to_string(), obstacle, source })
}

/// If the key was read from a descriptor, by whatever name, keeps it and its duplicates to this process.
fn withhold_key(key: &KeyArgs, files: &mut Vec<(File, i32)>) -> Result<()> {
    let Some(path) = key.path().filter(|path| streams::leads_to_descriptor(path)) else { return Ok(()) };
    let origin = place(&path);
    let is_origin = |number: &i32| place(&descriptor(*number)) == origin;
    let open = std::fs::read_dir("/dev/fd").ok().filter(|_| origin.is_some());
    let numbers: Vec<i32> = match open {
        Some(open) => {
            open.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).filter(is_origin).collect()
        }
        // As in a place without /proc: by the number alone.
        None => key.stream().into_iter().collect(),
    };
    for number in numbers {
        // A script that goes back to the start of a file would find the key in it. A terminal gives nothing but what is
        // typed next.
        if number == 0 && !io::stdin().is_terminal() && files.iter().all(|(_, taken)| *taken != 0) {
            let nothing = File::open("/dev/null").map_err(Error::io("/dev/null can't be opened"))?;
            files.push((nothing, 0));
        } else if number > 2 {
            // One that is not open any more is closed already.
            let _ = otp_sys::close_on_exec(number);
        }
    }
    Ok(())
}

/// What a path leads to: the number of its file system, and its number there.
#[cfg(unix)]
fn place(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    path.metadata().ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

/// Windows hands no descriptors on.
#[cfg(windows)]
fn place(_: &Path) -> Option<(u64, u64)> {
    None
}

/// Which field goes which way.
struct Plan<'a> {
    variables: Vec<(&'a str, &'a str)>,
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

    /// Sets the command's environment, and gives the files that it finds at its descriptors.
    fn prepare(&self, fields: &Fields<'_>, command: &mut Command) -> Result<Vec<(File, i32)>> {
        for (name, field) in &self.variables {
            let value = format::field(fields, field)?;
            format::check(Field { name: field, value }, &ENVIRONMENT)?;
            command.env(name, values::to_os(value)?);
        }
        let mut files = Vec::new();
        for (number, field) in &self.descriptors {
            files.push((pipe(fields, field)?, *number));
        }
        if cfg!(target_os = "linux") && !self.files.is_empty() && !is_open(0) {
            return Err(Error::usage_with("--file needs /proc, which is not mounted", "use --fd or --stdin"));
        }
        let mut next = 10;
        for (name, field) in &self.files {
            while files.iter().any(|(_, number)| *number == next) || is_open(next) {
                next += 1;
            }
            command.env(name, path_of(next));
            files.push((memory_file(fields, field)?, next));
        }
        Ok(files)
    }
}

fn split<'p>(pair: &'p str, option: &str, form: &str) -> Result<(&'p str, &'p str)> {
    match pair.split_once('=') {
        Some((name, field)) if !name.is_empty() && !field.is_empty() && !name.contains('\0') => Ok((name, field)),
        // Without what was given: a value in the place of a field's name may be secret.
        _ => Err(Error::usage(format!("{option} takes {form}, with the name of a field"))),
    }
}

/// A value that is gone once it is read. Where a pipe can't take it whole, as a file in memory it can be read again.
fn pipe(fields: &Fields<'_>, field: &str) -> Result<File> {
    let value = format::field(fields, field)?;
    match otp_sys::filled_pipe(value).map_err(Error::io("a pipe can't be made"))? {
        Some(pipe) => Ok(pipe),
        None => memory_file(fields, field),
    }
}

fn memory_file(fields: &Fields<'_>, field: &str) -> Result<File> {
    let value = format::field(fields, field)?;
    otp_sys::sealed_memory_file("otp", value).map_err(Error::io("a file in memory can't be made"))
}

/// Whether something is open at a number.
fn is_open(number: i32) -> bool {
    path_of(number).symlink_metadata().is_ok()
}

/// The path of this process's descriptor, which stays its own when it becomes the command.
///
/// With the process's number in it, so that the command's own children, which close what they inherit, can use it too.
fn path_of(number: i32) -> PathBuf {
    let path: OsString = if cfg!(target_os = "linux") {
        format!("/proc/{}/fd/{number}", std::process::id()).into()
    } else {
        format!("/dev/fd/{number}").into()
    };
    path.into()
}
