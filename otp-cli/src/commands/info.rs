//! `otp info`: the keys of an account. All of it is public.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

use clap::Args;
use otp_core::AccountName;

use crate::error::Result;
use crate::json::{self, AccountInfo};
use crate::listing::{self, HEADING};
use crate::options::Globals;
use crate::{report, terminal};

/// Show the keys of an account
#[derive(Args)]
#[command(after_help = "Example: otp info edms/reporting --json")]
pub(crate) struct InfoArgs {
    /// Show the keys of this account
    pub(crate) account: String,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(globals: &Globals, args: &InfoArgs) -> Result<()> {
    let name = AccountName::parse(&args.account)?;
    let mut found = otp_link::list_keys(&args.account, globals.store())?;
    if found.keys.is_empty() && !found.faults.is_empty() {
        return Err(found.faults.remove(0).error.into());
    }
    if args.json {
        json::print(&AccountInfo::new(&name, &found.keys))?;
    } else {
        let mut text = format!("{name}\n{HEADING}");
        for info in &found.keys {
            text.push_str(&listing::line(info));
        }
        terminal::write_stdout(text.as_bytes())?;
    }
    for fault in &found.faults {
        report::fault(fault, globals.named());
    }
    Ok(())
}
