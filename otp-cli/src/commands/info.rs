//! `otp info`: the keys of an account. All of it is public.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

use clap::Args;
use otp_core::{AccountName, Holder};
use otp_link::KeyInfo;

use crate::error::Result;
use crate::json::{self, AccountInfo};
use crate::options::Globals;
use crate::terminal;

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
    let infos = otp_link::list_keys(&args.account, globals.store())?;
    if args.json {
        return json::print(&AccountInfo::new(&name, &infos));
    }
    let mut text =
        format!("{name}\n  key id            created               expires               capacity  holder\n");
    for KeyInfo { header, grace, .. } in &infos {
        let terms = &header.terms;
        let expires = terms.expires.map_or_else(|| "never".to_owned(), |at| at.to_string());
        let holder = terms.holder.as_ref().map_or("-", Holder::as_str);
        let (id, created, capacity) = (header.id, terms.created, header.capacity.bytes());
        text.push_str(&format!("  {id}  {created}  {expires:<20}  {capacity:>8}  {holder}"));
        if let Some(until) = grace {
            text.push_str(&format!(" (replaced; opens the old secret until {until})"));
        }
        text.push('\n');
    }
    terminal::write_stdout(text.as_bytes())
}
