//! `otp remove`: deletes an account. It needs no secret.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

use clap::Args;

use crate::error::Result;
use crate::options::Globals;

/// Delete an account: its keys open nothing any more
#[derive(Args)]
#[command(after_help = "Example: otp remove edms/reporting")]
pub(crate) struct RemoveArgs {
    /// Delete this account
    pub(crate) account: String,
}

pub(crate) fn run(globals: &Globals, args: &RemoveArgs) -> Result<()> {
    Ok(otp_link::remove_account(&args.account, globals.store())?)
}
