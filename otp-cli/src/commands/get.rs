//! `otp get`: opens an account and prints what is in it.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

use clap::Args;

use crate::error::Result;
use crate::format::{self, Format};
use crate::options::{Globals, SourceArgs};
use crate::terminal;

/// Open an account and print what is in it
#[derive(Args)]
#[command(after_help = "Example: otp get --key-file nightly.key\n\n\
    text   username and password, a line each; an error if the account lacks one\n\
    json   one object of all fields; a value that is not UTF-8 is {\"base64\": \"...\"}\n\
    env    OTP_USERNAME=..., a line for each field, as docker's --env-file reads it\n\
    shell  export OTP_USERNAME='...', a line for each field, for eval in sh, bash, dash\n\
    powershell  $env:OTP_USERNAME = '...', a line for each field, for Invoke-Expression")]
pub(crate) struct GetArgs {
    /// Make sure that the key is for this account
    pub(crate) account: Option<String>,
    #[command(flatten)]
    pub(crate) source: SourceArgs,
    /// Print the bytes of this field alone, with no newline added
    #[arg(long, value_name = "NAME", conflicts_with = "format")]
    pub(crate) field: Option<String>,
    /// Print in this format
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    pub(crate) format: Format,
}

pub(crate) fn run(globals: &Globals, args: &GetArgs) -> Result<()> {
    let account = args.source.open(globals, args.account.as_deref())?;
    match &args.field {
        Some(name) => terminal::write_stdout(format::field(&account.fields(), name)?),
        None => terminal::write_stdout(&format::account(&account.fields(), args.format)?),
    }
}
