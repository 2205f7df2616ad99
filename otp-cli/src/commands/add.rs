//! `otp add`: seals a new account and gives its first key.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

use std::path::PathBuf;

use clap::Args;

use crate::error::{Error, Result};
use crate::handover::Destination;
use crate::options::{EntropyArgs, FieldArgs, Globals, GrantArgs};
use crate::{streams, values};

/// Seal a new account and print its first key
#[derive(Args)]
#[command(
    after_help = "Example: otp add edms/reporting --username alice --generate --for nightly --key-file nightly.key\n\n\
    On a terminal, it asks for a username and password that are not given. The key goes to standard output, alone on one \
    line, unless there is --key-file. If the key can't be handed over, there is no account."
)]
pub(crate) struct AddArgs {
    /// Name the account with parts of a-z, 0-9, ".", "_", "-" joined by "/"
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
    /// Write the key to a new credential of Windows' Credential Manager
    #[arg(long, value_name = "TARGET", visible_alias = "new-key-credential", conflicts_with = "key_file")]
    pub(crate) key_credential: Option<String>,
}

pub(crate) fn run(globals: &Globals, args: &AddArgs) -> Result<()> {
    let mut terms = args.grant.terms()?;
    terms.allow_empty_password = args.fields.allow_empty;
    let destination = Destination::find_any(args.key_file.as_deref(), "--key-file", args.key_credential.as_deref())?;
    terms.max_key_len = destination.max_key_len();
    streams::check_distinct(&[("password", args.fields.stream()), ("extra entropy", args.entropy.stream())])?;
    let mut randomness = args.entropy.open()?;
    // Check first: nobody should type a password for an account that exists, or for an unsafe store.
    otp_link::check_new_account(&args.account, globals.store())?;
    let mut account = values::given(&args.fields, &mut randomness)?;
    if !args.fields.fields_only {
        values::complete(globals.no_input, &mut account, "Password: ")?;
    } else if account.payload().is_empty() {
        return Err(Error::usage_with(
            "no field is given",
            "give one with --field or --field-file, or leave out --fields-only",
        ));
    }
    otp_link::add_account(
        &args.account,
        &values::list(&account),
        &terms,
        args.grant.ring.place(globals),
        &mut randomness,
        |key| destination.hand_over(&key),
    )
}
