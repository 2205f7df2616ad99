//! `otp import secure-python-link`: an account out of a file of Secure-Python-Link, and what that file revealed.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use otp_core::AccountName;
use otp_link::manifest::Format;
use otp_link::secure_python_link::Leak;
use otp_link::{redact, shell_word};

use crate::commands::import_many::{self, CsvArgs, DotenvArgs, JsonArgs, JsonlArgs, PassArgs};
use crate::error::{Error, Result};
use crate::handover::Destination;
use crate::options::{EntropyArgs, Globals, GrantArgs};
use crate::terminal::redact_lines;
use crate::{hint, prompt, streams};

#[derive(Subcommand)]
pub(crate) enum ImportCommand {
    Jsonl(JsonlArgs),
    Json(JsonArgs),
    Csv(CsvArgs),
    Dotenv(DotenvArgs),
    Pass(PassArgs),
    SecurePythonLink(SecurePythonLinkArgs),
}

impl ImportCommand {
    /// The ring that the command line names.
    pub(crate) fn ring(&self) -> Option<&Path> {
        match self {
            Self::Jsonl(JsonlArgs { many })
            | Self::Json(JsonArgs { many, .. })
            | Self::Csv(CsvArgs { many, .. })
            | Self::Dotenv(DotenvArgs { many, .. })
            | Self::Pass(PassArgs { many, .. }) => many.ring.path(),
            Self::SecurePythonLink(args) => args.grant.ring.path(),
        }
    }
}

/// Turn a file of Secure-Python-Link into an account, and say what the file revealed
#[derive(Args)]
#[command(
    after_help = "Example: otp import secure-python-link Account1.p --user-key-file user --pass-key-file pass --key-file new\n\n\
    Nothing of the file is executed, and it stays as it is. On a terminal, it asks for keys that are not given. The new key \
    goes to standard output, alone on one line, unless there is --key-file."
)]
pub(crate) struct SecurePythonLinkArgs {
    /// Import this file, which secure_account() wrote
    pub(crate) file: PathBuf,
    /// Name the account [default: the file's name, in lower case and without its extension]
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// Read the old key of the user from a file that only you can read; "-" is standard input
    #[arg(long, value_name = "PATH", help_heading = "Old keys")]
    pub(crate) user_key_file: Option<PathBuf>,
    /// Read the old key of the password from a file that only you can read; "-" is standard input
    #[arg(long, value_name = "PATH", help_heading = "Old keys")]
    pub(crate) pass_key_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) grant: GrantArgs,
    #[command(flatten)]
    pub(crate) entropy: EntropyArgs,
    /// Write the key to a new file that only you can read; "-" is standard output
    #[arg(long, value_name = "PATH", visible_alias = "new-key-file")]
    pub(crate) key_file: Option<PathBuf>,
}

pub(crate) fn run(globals: &Globals, command: &ImportCommand) -> Result<()> {
    let many = import_many::run;
    match command {
        ImportCommand::Jsonl(args) => many(globals, Format::Jsonl, &args.many, "", &[]),
        ImportCommand::Json(args) => many(globals, Format::Json, &args.many, &args.pointer, &args.map.map),
        ImportCommand::Csv(args) => many(globals, Format::Csv, &args.many, "", &args.map.map),
        ImportCommand::Dotenv(args) => many(globals, Format::Dotenv, &args.many, "", &args.map.map),
        ImportCommand::Pass(args) => many(globals, Format::Pass, &args.many, "", &args.map.map),
        ImportCommand::SecurePythonLink(args) => secure_python_link(globals, args),
    }
}

fn secure_python_link(globals: &Globals, args: &SecurePythonLinkArgs) -> Result<()> {
    let name = account_name(args)?;
    let terms = args.grant.terms()?;
    let destination = Destination::find(args.key_file.as_deref(), "--key-file")?;
    streams::check_distinct(&[
        ("old key of the user", streams::of_path(args.user_key_file.as_deref())),
        ("old key of the password", streams::of_path(args.pass_key_file.as_deref())),
        ("extra entropy", args.entropy.stream()),
    ])?;
    let mut randomness = args.entropy.open()?;
    // Check first: nobody should type keys for a file that can't be imported.
    otp_link::read_old_file(&args.file)?;
    otp_link::check_new_account(&name, globals.store())?;
    let user_key = old_key(globals, args.user_key_file.as_deref(), "user", "--user-key-file")?;
    let pass_key = old_key(globals, args.pass_key_file.as_deref(), "password", "--pass-key-file")?;
    let imported = otp_link::import_secure_python_link(
        &args.file,
        [&user_key, &pass_key],
        &name,
        &terms,
        args.grant.ring.place(globals),
        &mut randomness,
        |key| destination.hand_over(&key),
    )?;
    let key_file = args.key_file.as_deref().filter(|path| *path != Path::new("-"));
    let key_file = key_file.map_or_else(|| "KEYFILE".to_owned(), shell_word);
    let rotate = hint::otp(globals.store(), &format!("rotate {name} --key-file {key_file}"));
    // The account exists and its key is handed over: that stands, even if the report can't be printed.
    let _ = io::stderr().write_all(redact_lines(&report(&args.file, &rotate, &imported.leaks)).as_bytes());
    Ok(())
}

/// The name that was given, or the file's.
fn account_name(args: &SecurePythonLinkArgs) -> Result<String> {
    if let Some(name) = &args.account {
        return Ok(AccountName::parse(name)?.to_string());
    }
    let stem = args.file.file_stem().unwrap_or_default().to_string_lossy().to_lowercase();
    let name = AccountName::parse(&stem)
        .map_err(|_| Error::usage_with("the file's name is not an account name", "name the account with --account"))?;
    Ok(name.to_string())
}

/// An old key, from its file or from the user.
fn old_key(globals: &Globals, file: Option<&Path>, which: &str, option: &str) -> Result<otp_link::LockedVec> {
    if let Some(file) = file {
        return Ok(otp_link::read_old_key(file)?);
    }
    prompt::check_may_ask(globals.no_input, option)?;
    prompt::ask_hidden(&format!("Old key of the {which}: "))
}

/// What the old file revealed, and what to do about it; `rotate` is the command to run.
fn report(file: &Path, rotate: &str, leaks: &[Leak; 2]) -> String {
    // A line break in the file's name would look like a line of the report.
    let file = redact(&file.display().to_string());
    let mut text = format!("otp: {file} alone revealed, to anyone who could read it:\n");
    for (leak, what) in leaks.iter().zip(["username", "password"]) {
        text.push_str(&format!(
            "  {what}: {:.1} bits of its 23 characters with their filler, and that its length is one of {}: {}\n",
            leak.bits,
            leak.lengths.len(),
            ranges(&leak.lengths)
        ));
    }
    text.push_str(&format!(
        "  (its pads had 72 of 256 characters, its length marker was padded alike, and nothing detected a changed bit)\n\
         Change the password in the database, then run: {rotate}\n\
         {file} is as it was. Remove it once nothing uses it any more.\n"
    ));
    text
}

/// Sorted numbers, with runs shortened to their ends: `0-9, 12, 20-23`.
fn ranges(numbers: &[usize]) -> String {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == *number => *last = *number,
            _ => runs.push((*number, *number)),
        }
    }
    let text = |(first, last): &(usize, usize)| {
        if first == last { first.to_string() } else { format!("{first}-{last}") }
    };
    runs.iter().map(text).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn numbers_that_follow_each_other_are_one_range() {
        assert_eq!(ranges(&[0, 1, 2, 5, 7, 8]), "0-2, 5, 7-8");
        assert_eq!(ranges(&[]), "");
    }
}
