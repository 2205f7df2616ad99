//! `otp list`: the accounts of the store.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

use std::ops::ControlFlow;

use clap::Args;

use crate::error::Result;
use crate::json::{self, AccountInfo};
use crate::options::Globals;
use crate::{report, terminal};

/// List the accounts of the store
#[derive(Args)]
#[command(after_help = "Example: otp list edms/ --json")]
pub(crate) struct ListArgs {
    /// List only accounts whose name starts with PREFIX
    #[arg(default_value = "", hide_default_value = true)]
    pub(crate) prefix: String,
    /// Print an array of objects as `otp info --json` prints them
    #[arg(long)]
    pub(crate) json: bool,
}

pub(crate) fn run(globals: &Globals, args: &ListArgs) -> Result<()> {
    // Printed all at once at the end, or not at all.
    let mut out = Vec::new();
    let mut faults = Vec::new();
    if args.json {
        let mut separator: &[u8] = b"[\n";
        otp_link::list_accounts_with_keys(&args.prefix, globals.store(), |account, found| {
            out.extend_from_slice(std::mem::replace(&mut separator, b",\n"));
            json::push(&mut out, &AccountInfo::new(account, &found.keys));
            faults.extend(found.faults);
            ControlFlow::Continue(())
        })?;
        out.extend_from_slice(if out.is_empty() { b"[]\n" } else { b"\n]\n" });
    } else {
        otp_link::list_accounts(&args.prefix, globals.store(), |account| {
            out.extend_from_slice(account.as_str().as_bytes());
            out.push(b'\n');
            ControlFlow::Continue(())
        })?;
    }
    terminal::write_stdout(&out)?;
    for fault in &faults {
        report::fault(fault, globals.named());
    }
    Ok(())
}
