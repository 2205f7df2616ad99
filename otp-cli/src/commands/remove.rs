//! `otp remove`: deletes an account. It needs no secret.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

use clap::Args;
use otp_core::AccountName;

use crate::error::Result;
use crate::options::{ConfirmArgs, Globals, RingArgs};
use crate::prompt;

/// Delete an account; its keys stop opening
#[derive(Args)]
#[command(after_help = "Example: otp remove edms/reporting --yes")]
pub(crate) struct RemoveArgs {
    /// Delete this account
    pub(crate) account: String,
    #[command(flatten)]
    pub(crate) ring: RingArgs,
    /// Delete it even while a rotation is unfinished, with what may be the only copy of the database's password
    #[arg(long)]
    pub(crate) force: bool,
    #[command(flatten)]
    pub(crate) confirm: ConfirmArgs,
}

pub(crate) fn run(globals: &Globals, args: &RemoveArgs) -> Result<()> {
    if !args.confirm.yes {
        let name = AccountName::parse(&args.account)?;
        let infos = otp_link::list_keys(&args.account, globals.store())?.keys;
        prompt::show_keys(globals.no_input, infos.iter().map(|info| (&name, info)))?;
        prompt::confirm(globals.no_input, &format!("Delete {name} and the records of all its keys?"))?;
    }
    Ok(otp_link::remove_account(&args.account, args.force, args.ring.place(globals))?)
}
