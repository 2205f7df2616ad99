//! The commands and their help.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use otp_core::Code;

use crate::Result;
use crate::commands::doctor::rng;
use crate::error::Error;
use crate::quick;

/// The example of the program's own help.
const START: &str = "Start with: otp add edms/reporting --username alice --generate --key-file nightly.key";

/// Hands a credential to a script without keeping it anywhere.
///
/// A credential is sealed with a one-time pad. The store keeps the record, the caller keeps the key; either alone
/// reveals nothing, both together open.
#[derive(Parser)]
#[command(name = "otp", version, max_term_width = 80, arg_required_else_help = true)]
#[command(after_help = START, after_long_help = format!("{START}\n\n{}", exit_codes()))]
pub(crate) struct Cli {
    #[command(flatten)]
    globals: Globals,
    #[command(subcommand)]
    command: Command,
}

/// What every command takes.
#[derive(Args)]
pub(crate) struct Globals {
    /// The store's directory [default: $OTP_STORE, then the platform's data directory]
    #[arg(long, value_name = "DIR", global = true)]
    pub(crate) store: Option<PathBuf>,
    /// Never ask, not even on a terminal
    #[arg(long, global = true)]
    pub(crate) no_input: bool,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    Add(AddArgs),
    Get(GetArgs),
    Run(RunArgs),
    Issue(IssueArgs),
    Rotate(RotateArgs),
    Revoke(RevokeArgs),
    Remove(RemoveArgs),
    List(ListArgs),
    Info(InfoArgs),
    Verify(VerifyArgs),
    Doctor(DoctorArgs),
    /// Take an account over from another program
    #[command(subcommand)]
    Import(ImportCommand),
    /// Look at a key
    #[command(subcommand)]
    Key(KeyCommand),
    Completions(CompletionsArgs),
    Man(ManArgs),
}

/// Where the key comes from; the first that is given counts.
#[derive(Args, Default)]
pub(crate) struct KeyArgs {
    /// Read the key from a file that only you can read; "-" is standard input
    #[arg(long, value_name = "PATH", help_heading = "Key, the first of these that is given")]
    pub(crate) key_file: Option<PathBuf>,
    /// Read the key from file descriptor N
    #[arg(long, value_name = "N", help_heading = "Key, the first of these that is given")]
    pub(crate) key_fd: Option<i32>,
    /// The key itself; other users of this machine can see it. Without any of these: $OTP_KEY_FILE, $OTP_KEY,
    /// $CREDENTIALS_DIRECTORY/otp-key
    #[arg(long, value_name = "KEY", help_heading = "Key, the first of these that is given")]
    pub(crate) key: Option<OsString>,
}

/// The fields of an account, as they are given to `add` and `rotate`.
#[derive(Args)]
pub(crate) struct FieldArgs {
    /// The username
    #[arg(long, value_name = "USERNAME", help_heading = "Fields")]
    pub(crate) username: Option<OsString>,
    /// Read the password from standard input; one newline at its end is dropped
    #[arg(long, group = "password", help_heading = "Fields")]
    pub(crate) password_stdin: bool,
    /// Read the password from file descriptor N; one newline at its end is dropped
    #[arg(long, value_name = "N", group = "password", help_heading = "Fields")]
    pub(crate) password_fd: Option<i32>,
    /// Make a password of LENGTH letters, digits, "-" and "_" (6 bits each)
    #[arg(
        long,
        value_name = "LENGTH",
        group = "password",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "32",
        value_parser = clap::value_parser!(u16).range(8..=1024),
        help_heading = "Fields"
    )]
    pub(crate) generate: Option<u16>,
    /// One more field, as often as needed; other users of this machine can see its value
    #[arg(long, value_name = "NAME=VALUE", help_heading = "Fields")]
    pub(crate) field: Vec<OsString>,
    /// One more field, from a file, byte for byte
    #[arg(long, value_name = "NAME=PATH", help_heading = "Fields")]
    pub(crate) field_file: Vec<OsString>,
    /// Do without username or password where they are not given, and ask for neither
    #[arg(long, help_heading = "Fields")]
    pub(crate) fields_only: bool,
}

/// What a new key is given.
#[derive(Args)]
pub(crate) struct GrantArgs {
    /// Who will hold the key
    #[arg(long = "for", value_name = "HOLDER")]
    pub(crate) holder: Option<String>,
    /// When the key stops opening: a duration (30d, 12h) or a date (2027-01-31, from 00:00 UTC on)
    #[arg(long, value_name = "WHEN")]
    pub(crate) expires: Option<String>,
    /// Bytes of the frame that hides the secret's length: 64, 128, 256 ... 65535 [default: the smallest that fits]
    #[arg(long, value_name = "BYTES")]
    pub(crate) capacity: Option<u16>,
}

/// A source of randomness of one's own, beside the system's.
#[derive(Args)]
pub(crate) struct EntropyArgs {
    /// XOR what is drawn with bytes of a file that only you can read, each used once; "-" is standard input
    #[arg(long, value_name = "FILE", help_heading = "Randomness")]
    pub(crate) extra_entropy: Option<PathBuf>,
    /// What becomes of the bytes that are used: recorded in FILE.used, or overwritten and cut off FILE
    #[arg(long, value_name = "HOW", default_value = "record", requires = "extra_entropy", help_heading = "Randomness")]
    pub(crate) entropy_used: EntropyUsed,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum EntropyUsed {
    Record,
    Destroy,
}

/// Seal a new account and give its first key
#[derive(Args)]
#[command(
    after_help = "Example: otp add edms/reporting --username alice --generate --for nightly --key-file nightly.key\n\n\
    Asks on a terminal for a username and password that are not given. The key goes to standard output, alone on one \
    line, unless there is --key-file. If it can't be handed over, there is no account."
)]
pub(crate) struct AddArgs {
    /// The account's name: parts of a-z, 0-9, ".", "_", "-" joined by "/"
    pub(crate) account: String,
    #[command(flatten)]
    pub(crate) fields: FieldArgs,
    #[command(flatten)]
    pub(crate) grant: GrantArgs,
    #[command(flatten)]
    pub(crate) entropy: EntropyArgs,
    /// Write the key to a new file that only you can read; "-" is standard output
    #[arg(long, value_name = "PATH", visible_alias = "new-key-file")]
    pub(crate) key_file: Option<PathBuf>,
}

/// Open an account and print what is in it
#[derive(Args)]
#[command(after_help = "Example: otp get --key-file nightly.key\n\n\
    text   username and password, a line each; an error if the account has not both\n\
    json   one object of all fields; a value that is not UTF-8 is {\"base64\": \"...\"}\n\
    env    OTP_USERNAME=... a line for each field, literally, as docker's --env-file reads it\n\
    shell  OTP_USERNAME='...' a line for each field, for eval in sh, bash, dash")]
pub(crate) struct GetArgs {
    /// The account, to make sure that the key is for it
    pub(crate) account: Option<String>,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// Print the bytes of this field alone, with no newline added
    #[arg(long, value_name = "NAME", conflicts_with = "format")]
    pub(crate) field: Option<String>,
    /// How to print
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,
}

/// What is opened, and with which key.
#[derive(Args)]
pub(crate) struct SourceArgs {
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    /// Open this record file, which may be outside of any store
    #[arg(long, value_name = "FILE", conflicts_with = "store")]
    pub(crate) record: Option<PathBuf>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    Text,
    Json,
    Env,
    Shell,
}

/// Open an account and become a command that has it
#[derive(Args)]
#[command(after_help = "Example: otp run --key-file nightly.key -- python3 report.py\n\n\
    Without --env, --stdin, --fd or --file the command has OTP_USERNAME and OTP_PASSWORD in its environment. It never \
    has OTP_KEY or OTP_KEY_FILE. On Unix otp becomes the command: signals and exit code are the command's own. If \
    anything fails before, nothing is started, and the exit code is one of those that otp --help lists.")]
pub(crate) struct RunArgs {
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// Put a field into an environment variable
    #[arg(long, value_name = "VAR=FIELD", help_heading = "How the command gets its fields")]
    pub(crate) env: Vec<String>,
    /// Give a field as standard input
    #[arg(long, value_name = "FIELD", help_heading = "How the command gets its fields")]
    pub(crate) stdin: Option<String>,
    /// Give a field as file descriptor N, from 3 on
    #[arg(long, value_name = "N=FIELD", help_heading = "How the command gets its fields")]
    pub(crate) fd: Vec<String>,
    /// Put into a variable the path of a file that has the field, is never on a disk, and is gone with the command
    #[arg(long, value_name = "VAR=FIELD", help_heading = "How the command gets its fields")]
    pub(crate) file: Vec<String>,
    /// The command and its arguments
    #[arg(last = true, required = true, value_name = "CMD")]
    pub(crate) command: Vec<OsString>,
}

/// With a key to an account, give one more caller a key of its own
#[derive(Args)]
#[command(
    after_help = "Example: otp issue edms/reporting --key-file nightly.key --for hourly --new-key-file hourly.key"
)]
pub(crate) struct IssueArgs {
    /// The account
    pub(crate) account: String,
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    #[command(flatten)]
    pub(crate) grant: GrantArgs,
    #[command(flatten)]
    pub(crate) entropy: EntropyArgs,
    /// Write the new key to a new file that only you can read; "-" is standard output
    #[arg(long, value_name = "PATH")]
    pub(crate) new_key_file: Option<PathBuf>,
}

/// Replace an account's secret and every key to it
#[derive(Args)]
#[command(
    after_help = "Example: otp rotate edms/reporting --key-file nightly.key --generate --grace 24h --new-key-dir keys\n\n\
    Prints a line for each new key: holder, key id, key (or its file), with tabs between. With a key to the account, \
    fields that are not given keep their value; without one, give every field anew. The old keys stop when all new ones \
    are handed over, or when the period of grace ends."
)]
pub(crate) struct RotateArgs {
    /// The account
    pub(crate) account: String,
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    #[command(flatten)]
    pub(crate) fields: FieldArgs,
    #[command(flatten)]
    pub(crate) grant: RotateGrantArgs,
    #[command(flatten)]
    pub(crate) entropy: EntropyArgs,
    /// For how long the old keys still open the old secret (24h, 7d)
    #[arg(long, value_name = "DURATION")]
    pub(crate) grace: Option<String>,
    /// Write each new key to a new file KEYID.key in this folder, which is made if it is not there
    #[arg(long, value_name = "DIR")]
    pub(crate) new_key_dir: Option<PathBuf>,
}

/// What all new keys of a rotation are given.
#[derive(Args)]
pub(crate) struct RotateGrantArgs {
    /// When the new keys stop opening [default: as the keys that they replace]
    #[arg(long, value_name = "WHEN")]
    pub(crate) expires: Option<String>,
    /// Bytes of the frame that hides the secret's length [default: as the keys that they replace, or larger]
    #[arg(long, value_name = "BYTES")]
    pub(crate) capacity: Option<u16>,
}

/// End one key; the others go on
#[derive(Args)]
#[command(
    after_help = "Example: otp revoke edms/reporting n4ak3yfor7xhbq2d\n\nThe key id is public; `otp info` shows it."
)]
pub(crate) struct RevokeArgs {
    /// The account
    pub(crate) account: String,
    /// The key's id
    pub(crate) key_id: String,
}

/// Delete an account and all its keys' records
#[derive(Args)]
#[command(after_help = "Example: otp remove edms/reporting")]
pub(crate) struct RemoveArgs {
    /// The account
    pub(crate) account: String,
}

/// List the accounts of the store
#[derive(Args)]
#[command(after_help = "Example: otp list edms/ --json")]
pub(crate) struct ListArgs {
    /// Only accounts whose name starts with this
    #[arg(default_value = "", hide_default_value = true)]
    pub(crate) prefix: String,
    /// Print an array of objects as `otp info --json` prints them
    #[arg(long)]
    pub(crate) json: bool,
}

/// Show the keys of an account
#[derive(Args)]
#[command(after_help = "Example: otp info edms/reporting --json")]
pub(crate) struct InfoArgs {
    /// The account
    pub(crate) account: String,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Check every record of the store, and the tags of those whose keys are given
#[derive(Args)]
#[command(after_help = "Example: otp verify --key-file nightly.key\n\n\
    Ends with 0 if all is well, 7 if a record is damaged, 5 if a key does not open its record.")]
pub(crate) struct VerifyArgs {
    /// Only accounts whose name starts with this
    #[arg(default_value = "", hide_default_value = true)]
    pub(crate) prefix: String,
    /// A file with a key whose record's tag is checked too; as often as needed
    #[arg(long, value_name = "PATH")]
    pub(crate) key_file: Vec<PathBuf>,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Look at store, key files and system, and say how to mend what is wrong
#[derive(Args)]
#[command(after_help = "Example: otp doctor --key-file nightly.key --fix\n\n\
    --rng draws from the system's source through the health tests that sealing uses, and says how near they came to an \
    alarm. It counts ones, runs and values of bytes, with p-values. One below 1e-9 is a problem with exit code 11, which \
    a good source shows once in 300 million runs. Passing says only that the source is not grossly broken: a generator \
    whose seed somebody knows passes all of it.")]
pub(crate) struct DoctorArgs {
    /// A key file whose permissions are looked at; as often as needed
    #[arg(long, value_name = "PATH")]
    pub(crate) key_file: Vec<PathBuf>,
    /// Remove stray temporary files
    #[arg(long)]
    pub(crate) fix: bool,
    /// Test only the system's randomness, over BYTES of it [default: 16M; from 64K to 1T]
    #[arg(
        long,
        value_name = "BYTES",
        num_args = 0..=1,
        default_missing_value = "16M",
        value_parser = rng::parse_len,
        conflicts_with_all = ["key_file", "fix"]
    )]
    pub(crate) rng: Option<u64>,
    /// Print an array of JSON objects; with --rng, one object
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Subcommand)]
pub(crate) enum ImportCommand {
    Ancestor(AncestorArgs),
}

/// Turn a file of Secure-Python-Link into an account, and say what the file gave away
#[derive(Args)]
#[command(
    after_help = "Example: otp import ancestor Account1.p --user-key-file user --pass-key-file pass --key-file new\n\n\
    Nothing of the file is executed, and it stays as it is. Asks on a terminal for keys that are not given. The new key \
    goes to standard output, alone on one line, unless there is --key-file."
)]
pub(crate) struct AncestorArgs {
    /// The file that secure_account() wrote
    pub(crate) file: PathBuf,
    /// The account's name [default: the file's, in lower case and without its ending]
    #[arg(long, value_name = "ACCOUNT")]
    pub(crate) account: Option<String>,
    /// Read the old key of the user from a file that only you can read
    #[arg(long, value_name = "PATH", help_heading = "Old keys")]
    pub(crate) user_key_file: Option<PathBuf>,
    /// Read the old key of the password from a file that only you can read
    #[arg(long, value_name = "PATH", help_heading = "Old keys")]
    pub(crate) pass_key_file: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) grant: GrantArgs,
    #[command(flatten)]
    pub(crate) entropy: EntropyArgs,
    /// Write the key to a new file that only you can read
    #[arg(long, value_name = "PATH", visible_alias = "new-key-file")]
    pub(crate) key_file: Option<PathBuf>,
}

#[derive(Subcommand)]
pub(crate) enum KeyCommand {
    Inspect(InspectArgs),
}

/// Show a key's account, id and capacity, never its secret part
#[derive(Args)]
#[command(after_help = "Example: otp key inspect --key-file nightly.key")]
pub(crate) struct InspectArgs {
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// Print completions for a shell
#[derive(Args)]
#[command(after_help = "Example: otp completions bash > /etc/bash_completion.d/otp")]
pub(crate) struct CompletionsArgs {
    /// The shell
    pub(crate) shell: clap_complete::Shell,
}

/// Print the man page
#[derive(Args)]
#[command(after_help = "Example: otp man > otp.1 && man ./otp.1")]
pub(crate) struct ManArgs {}

/// Reads the command line.
pub(crate) fn parse() -> Result<(Globals, Command)> {
    let arguments: Vec<OsString> = std::env::args_os().collect();
    match quick::parse(arguments.get(1..).unwrap_or_default()) {
        Some(parsed) => Ok(parsed),
        None => parse_fully(arguments).or_else(exit_or_usage),
    }
}

fn parse_fully(arguments: Vec<OsString>) -> Result<(Globals, Command), clap::Error> {
    Cli::try_parse_from(arguments).map(|cli| (cli.globals, cli.command))
}

/// Prints help or version and ends, or turns a bad command line into an error.
fn exit_or_usage<T>(error: clap::Error) -> Result<T> {
    if error.use_stderr() {
        return Err(Error::CommandLine(without_values(error).render().to_string()));
    }
    crate::terminal::write_stdout(error.render().to_string().as_bytes())?;
    std::process::exit(0)
}

/// Takes out of an error what was typed where a value belongs: it may be a key or a password in the wrong place.
fn without_values(mut error: clap::Error) -> clap::Error {
    let hidden = || ContextValue::String("...".into());
    match error.get(ContextKind::InvalidValue) {
        Some(ContextValue::String(value)) if !value.is_empty() => {
            error.insert(ContextKind::InvalidValue, hidden());
        }
        _ => {}
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
pub(crate) fn exit_codes() -> String {
    let mut text = String::from("Exit codes:\n   0  done\n");
    for (code, _, meaning) in Code::TABLE {
        text.push_str(&format!("  {:>2}  {meaning}\n", code.number()));
    }
    text
}

/// The whole command line, for completions and man page.
pub(crate) fn whole() -> clap::Command {
    Cli::command()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The whole of what was read, to compare.
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
        format!("{:?} {} {command}", globals.store, globals.no_input)
    }

    #[test]
    fn what_is_read_quickly_is_what_the_full_description_reads() {
        let words = [
            "edms/a",
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
        let mut quickly = 0;
        for command in ["get", "run"] {
            for first in words {
                for second in words {
                    for third in words {
                        let line = [command, first, second, third, "--", "cmd"];
                        for len in [4, 6] {
                            let line: Vec<OsString> = line[..len].iter().map(OsString::from).collect();
                            if let Some(parsed) = quick::parse(&line) {
                                let full = parse_fully([&[OsString::from("otp")][..], &line].concat());
                                assert_eq!(full.as_ref().map(shown).ok(), Some(shown(&parsed)), "{line:?}");
                                quickly += 1;
                            }
                        }
                    }
                }
            }
        }
        assert!(quickly > 1000, "{quickly}");
    }
}
