//! `otp revoke`: ends one key. It needs no secret.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

use clap::Args;

use crate::error::Result;
use crate::options::Globals;

/// End one key; the others go on
#[derive(Args)]
#[command(
    after_help = "Example: otp revoke edms/reporting n4ak3yfor7xhbq2d\n\nThe key id is public: otp info ACCOUNT shows it."
)]
pub(crate) struct RevokeArgs {
    /// End a key of this account
    pub(crate) account: String,
    /// End the key with this id
    pub(crate) key_id: String,
}

pub(crate) fn run(globals: &Globals, args: &RevokeArgs) -> Result<()> {
    Ok(otp_link::revoke_key(&args.account, &args.key_id, globals.store())?)
}
