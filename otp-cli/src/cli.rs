//! The command line: its definition, parsing and execution.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, Parser, Subcommand};
use otp_core::Code;

use crate::commands::add::{self, AddArgs};
use crate::commands::audit::{self, AuditCommand};
use crate::commands::doctor::{self, DoctorArgs};
use crate::commands::export::{self, ExportArgs};
use crate::commands::get::{self, GetArgs};
use crate::commands::import::{self, ImportCommand};
use crate::commands::info::{self, InfoArgs};
use crate::commands::inspect::{self, KeyCommand};
use crate::commands::issue::{self, IssueArgs};
use crate::commands::list::{self, ListArgs};
use crate::commands::manual::{self, CompletionsArgs, ManArgs};
use crate::commands::presets::{self, PresetsArgs};
use crate::commands::remove::{self, RemoveArgs};
use crate::commands::revoke::{self, RevokeArgs};
use crate::commands::ring::{self, RingCommand};
use crate::commands::rotate::{self, RotateArgs};
use crate::commands::run::{self, RunArgs};
use crate::commands::store::{self, StoreCommand};
use crate::commands::verify::{self, VerifyArgs};
use crate::error::{Error, Result};
use crate::hint::Named;
use crate::options::Globals;
use crate::quick::{self, Quick};
use crate::{report, terminal, time, version};

/// The example of the program's own help.
const START: &str = "Start with: otp add edms/reporting --username alice --generate --key-file nightly.key";

/// Hands a credential to a script without keeping it anywhere.
///
/// A credential is sealed with a one-time pad. The store keeps the record, the caller keeps the key; either alone
/// reveals nothing, both together open.
#[derive(Parser)]
#[command(name = "otp", version, max_term_width = 80, arg_required_else_help = true)]
#[command(disable_version_flag = true, args = version::arguments())]
#[command(after_help = START, after_long_help = format!("{START}\n\n{}", exit_codes()))]
pub(crate) struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    Add(AddArgs),
    Get(GetArgs),
    Run(RunArgs),
    Presets(PresetsArgs),
    Issue(IssueArgs),
    Rotate(RotateArgs),
    Revoke(RevokeArgs),
    Remove(RemoveArgs),
    List(ListArgs),
    Info(InfoArgs),
    Verify(VerifyArgs),
    Doctor(DoctorArgs),
    /// Import accounts from files and other programs
    #[command(subcommand)]
    Import(ImportCommand),
    Export(ExportArgs),
    /// Keep the keys that were handed out, so that they can be given new secrets
    #[command(subcommand)]
    Ring(RingCommand),
    /// Make, copy and check whole stores
    #[command(subcommand)]
    Store(StoreCommand),
    /// Look at a key
    #[command(subcommand)]
    Key(KeyCommand),
    /// Look at an audit log
    #[command(subcommand)]
    Audit(AuditCommand),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

impl Command {
    /// The ring that the command line names.
    fn ring(&self) -> Option<&Path> {
        match self {
            Self::Add(args) => args.grant.ring.path(),
            Self::Issue(args) => args.grant.ring.path(),
            Self::Rotate(args) => args.ring.ring.path(),
            Self::Revoke(args) => args.ring.path(),
            Self::Remove(args) => args.ring.path(),
            Self::Verify(args) => args.ring.path(),
            Self::Doctor(args) => args.ring.path(),
            Self::Import(command) => command.ring(),
            Self::Export(args) => args.ring.path(),
            Self::Ring(command) => command.ring(),
            Self::Get(_)
            | Self::Run(_)
            | Self::Presets(_)
            | Self::List(_)
            | Self::Info(_)
            | Self::Store(_)
            | Self::Key(_)
            | Self::Audit(_)
            | Self::Completions(_)
            | Self::Man(_) => None,
        }
    }
}

/// Parses the command line, executes it, and reports what went wrong.
pub(crate) fn run() -> ExitCode {
    otp_link::set_warning_handler(report::warning);
    let arguments: Vec<OsString> = std::env::args_os().collect();
    let words = arguments.get(1..).unwrap_or_default();
    let is_run = names_run(words);
    let is_verbose = version::is_verbose(&arguments);
    let (outcome, store, ring) = match quick::parse(words) {
        Some((globals, command)) => (execute_quickly(&globals, command), globals.store, None),
        None => in_full(arguments, is_verbose),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            report::failure(&error, Named { store: store.as_deref(), ring: ring.as_deref() });
            ExitCode::from(if is_run { exit_code_of_run(&error) } else { error.exit_code() })
        }
    }
}

/// Added to the exit codes of `otp run`'s own failures, to tell them from the command's.
const RUN_FAILED: u8 = 100;

fn exit_code_of_run(error: &Error) -> u8 {
    match error {
        Error::NotStarted { obstacle, .. } => obstacle.exit_code(),
        other => RUN_FAILED + other.exit_code(),
    }
}

/// Whether the command is `run`, even if the command line can't be parsed.
fn names_run(arguments: &[OsString]) -> bool {
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        match word.to_str() {
            Some("--store" | "--lock-timeout") => drop(words.next()),
            Some(option) if option.starts_with('-') => {}
            word => return word == Some("run"),
        }
    }
    false
}

/// The commands in the plain form, apart from all else: the code and the stack of every command together are many pages, and
/// a start takes as long as mapping the pages that it touches.
fn execute_quickly(globals: &Globals, command: Quick) -> Result<()> {
    harden();
    match command {
        Quick::Get(args) => get::run(globals, &args),
        Quick::Run(args) => run::run(globals, &args),
    }
}

/// Every other command line, as its full definition reads it.
#[inline(never)]
fn in_full(arguments: Vec<OsString>, is_verbose: bool) -> (Result<()>, Option<PathBuf>, Option<PathBuf>) {
    match parse(arguments) {
        Ok((globals, command)) => {
            let ring = command.ring().map(Path::to_owned);
            (execute(&globals, command), globals.store, ring)
        }
        Err(error) => (help_or_usage(error, is_verbose), None, None),
    }
}

/// Before anything secret is read. What the system does not allow, `otp doctor` reports.
fn harden() {
    let _ = otp_link::harden_process();
}

fn parse(arguments: Vec<OsString>) -> Result<(Globals, Command), clap::Error> {
    Cli::try_parse_from(arguments).map(|cli| (cli.globals, cli.command))
}

fn execute(globals: &Globals, command: Command) -> Result<()> {
    if let Some(timeout) = &globals.lock_timeout {
        // Zero is not a duration, but a valid timeout: don't wait at all.
        let secs = if matches!(timeout.as_str(), "0" | "0s") { 0 } else { time::parse_duration(timeout)? };
        otp_link::set_lock_timeout(Duration::from_secs(secs));
    }
    // The doctor reports on the process as it was started.
    if !matches!(command, Command::Doctor(_)) {
        harden();
    }
    match command {
        Command::Add(args) => add::run(globals, &args),
        Command::Get(args) => get::run(globals, &args),
        Command::Run(args) => run::run(globals, &args),
        Command::Presets(args) => presets::run(&args),
        Command::Issue(args) => issue::run(globals, &args),
        Command::Rotate(args) => rotate::run(globals, &args),
        Command::Revoke(args) => revoke::run(globals, &args),
        Command::Remove(args) => remove::run(globals, &args),
        Command::List(args) => list::run(globals, &args),
        Command::Info(args) => info::run(globals, &args),
        Command::Verify(args) => verify::run(globals, &args),
        Command::Doctor(args) => doctor::run(globals, &args),
        Command::Export(args) => export::run(globals, &args),
        Command::Import(command) => import::run(globals, &command),
        Command::Ring(command) => ring::run(globals, &command),
        Command::Store(command) => store::run(globals, &command),
        Command::Key(KeyCommand::Inspect(args)) => inspect::run(&args),
        Command::Audit(AuditCommand::Show(args)) => audit::show(&args),
        Command::Completions(args) => manual::completions(Cli::command(), &args),
        Command::Man(_) => manual::man(Cli::command()),
    }
}

/// Prints help or version, or turns a bad command line into an error.
fn help_or_usage(error: clap::Error, is_verbose: bool) -> Result<()> {
    if error.use_stderr() {
        return Err(Error::CommandLine(without_values(error).render().to_string()));
    }
    let mut text = error.render().to_string();
    if is_verbose && error.kind() == ErrorKind::DisplayVersion {
        text.push_str(&version::details());
    }
    terminal::write_stdout(text.as_bytes())
}

/// Removes from an error what the user typed as a value: it may be a key or a password.
fn without_values(mut error: clap::Error) -> clap::Error {
    let hidden = || ContextValue::String("...".into());
    match error.get(ContextKind::InvalidValue) {
        Some(ContextValue::String(value)) if !value.is_empty() => {
            error.insert(ContextKind::InvalidValue, hidden());
        }
        _ => {}
    }
    // Text that a terminal would not show as it is.
    for kind in [ContextKind::InvalidSubcommand, ContextKind::InvalidArg] {
        let is_odd = |text: &String| text.chars().any(otp_core::name::is_unprintable);
        if matches!(error.get(kind), Some(ContextValue::String(text)) if is_odd(text)) {
            error.insert(kind, hidden());
        }
    }
    let unknown = error.kind() == ErrorKind::UnknownArgument;
    match error.get(ContextKind::InvalidArg) {
        Some(ContextValue::String(argument)) if unknown && !argument.starts_with('-') => {
            error.insert(ContextKind::InvalidArg, hidden());
        }
        _ => {}
    }
    error
}

/// The table of exit codes, for help and man page.
fn exit_codes() -> String {
    let mut text = String::from("Exit codes:\n   0  done\n");
    for code in Code::ALL {
        text.push_str(&format!("  {:>2}  {}\n", code.number(), code.summary()));
    }
    text.push_str(
        "otp run adds 100, so 102 is a usage error; it ends with 127 if there is no such\ncommand, and with 126 if the \
         command can't be executed.\n",
    );
    text
}

#[cfg(test)]
mod tests {
    use clap::ValueEnum;

    use super::*;
    use crate::options::SourceArgs;

    /// Everything that was parsed, for comparison.
    fn shown((globals, command): &(Globals, Command)) -> String {
        let source = |source: &SourceArgs| {
            format!("{:?} {:?} {:?} {:?}", source.key.key_file, source.key.key_fd, source.key.key, source.record)
        };
        let command = match command {
            Command::Get(args) => {
                let format = args.format.to_possible_value().map(|value| value.get_name().to_owned());
                format!("get {:?} {} {:?} {format:?}", args.account, source(&args.source), args.field)
            }
            Command::Run(args) => format!(
                "run {} {:?} {:?} {:?} {:?} {:?}",
                source(&args.source),
                args.env,
                args.stdin,
                args.fd,
                args.file,
                args.command
            ),
            _ => "another".to_owned(),
        };
        format!("{:?} {} {:?} {command}", globals.store, globals.no_input, globals.lock_timeout)
    }

    #[test]
    fn what_is_read_quickly_is_what_the_full_description_reads() {
        let words = [
            "edms/a",
            "get",
            "--store",
            "--store=s",
            "s",
            "--no-input",
            "--key-file",
            "-",
            "--key-file=k",
            "--key-fd",
            "3",
            "--key-fd=x",
            "--key",
            "--record",
            "--record=r",
            "--field",
            "--field=f",
            "--format",
            "json",
            "--format=env",
            "--format=text",
            "--env",
            "A=b",
            "--env=A=b",
            "--stdin",
            "--stdin=f",
            "--fd",
            "3=f",
            "--file",
            "--file=P=f",
            "--",
            "cmd",
            "-x",
            "--help",
            "-h",
            "--key-fi",
            "",
            "--=",
            "--store=",
        ];
        let mut quickly = [0; 3];
        let words = &words;
        let lines = ["get", "run"].into_iter().flat_map(|command| {
            let pairs = words.iter().flat_map(|first| words.iter().map(move |second| (first, second)));
            pairs.flat_map(move |(first, second)| words.iter().map(move |third| (command, *first, *second, *third)))
        });
        for (command, first, second, third) in lines {
            // Trying every place takes too long; before the command, two words are enough.
            let places = if third == words[0] { 3 } else { 1 };
            for (place, read) in quickly.iter_mut().enumerate().take(places) {
                let mut line = vec![first, second, third];
                line.insert(place, command);
                for end in [&[][..], &["--", "cmd"]] {
                    let line: Vec<OsString> = line.iter().chain(end).map(OsString::from).collect();
                    let Some((globals, quick)) = quick::parse(&line) else { continue };
                    let command = match quick {
                        Quick::Get(args) => Command::Get(args),
                        Quick::Run(args) => Command::Run(args),
                    };
                    let parsed = (globals, command);
                    let full = parse([&[OsString::from("otp")][..], &line].concat());
                    assert_eq!(full.as_ref().map(shown).ok(), Some(shown(&parsed)), "{line:?}");
                    *read += 1;
                }
            }
        }
        assert!(quickly[0] > 1000 && quickly[1] > 20 && quickly[2] > 10, "{quickly:?}");
    }
}
