//! `otp issue`: gives one more caller a key of its own.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

use std::path::PathBuf;

use clap::Args;

use crate::error::Result;
use crate::handover::Destination;
use crate::options::{EntropyArgs, Globals, GrantArgs, KeyArgs};
use crate::streams;

/// Give one more caller a key of its own; this takes a key to the account, or a ring
#[derive(Args)]
#[command(
    after_help = "Example: otp issue edms/reporting --key-file nightly.key --for hourly --new-key-file hourly.key"
)]
pub(crate) struct IssueArgs {
    /// Issue a key to this account
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
    /// Write the new key to a new credential of Windows' Credential Manager
    #[arg(long, value_name = "TARGET", conflicts_with = "new_key_file")]
    pub(crate) new_key_credential: Option<String>,
}

pub(crate) fn run(globals: &Globals, args: &IssueArgs) -> Result<()> {
    let mut terms = args.grant.terms()?;
    let credential = args.new_key_credential.as_deref();
    let destination = Destination::find_any(args.new_key_file.as_deref(), "--new-key-file", credential)?;
    terms.max_key_len = destination.max_key_len();
    streams::check_distinct(&[("key", args.key.stream()), ("extra entropy", args.entropy.stream())])?;
    let mut randomness = args.entropy.open()?;
    let place = args.grant.ring.place(globals);
    let hand_over = |key| destination.hand_over(&key);
    // A ring already has a key to the account.
    if args.grant.ring.is_given() && !args.key.is_given() {
        return otp_link::issue_key_from_ring(&args.account, &terms, place, &mut randomness, hand_over);
    }
    let key = args.key.read(Some(&args.account))?;
    otp_link::issue_key(key, &terms, place, &mut randomness, hand_over)
}
