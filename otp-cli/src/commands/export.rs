//! `otp export`: every account with its secret, as JSON Lines that `otp import jsonl` reads again.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

use clap::Args;
use otp_core::{Code, Coded};

use crate::error::{Error, Result};
use crate::hint::Named;
use crate::options::{ConfirmArgs, Globals, RingArgs};
use crate::{prompt, report, terminal};

/// Print every account of a ring with its secret, as otp import jsonl reads it
#[derive(Args)]
#[command(after_help = "Example: otp export --ring ~/otp-ring --yes | age -r RECIPIENT > accounts.jsonl.age\n\n\
    Those who read the output have every password: it belongs in a pipe, or in a file that only you can read. Accounts that the \
    ring can't open are named on standard error, and the exit code is that of the first.")]
pub(crate) struct ExportArgs {
    /// Print only accounts whose name starts with PREFIX
    #[arg(default_value = "", hide_default_value = true)]
    pub(crate) prefix: String,
    #[command(flatten)]
    pub(crate) ring: RingArgs,
    #[command(flatten)]
    pub(crate) confirm: ConfirmArgs,
}

pub(crate) fn run(globals: &Globals, args: &ExportArgs) -> Result<()> {
    args.ring.named()?;
    if !args.confirm.yes {
        prompt::confirm(globals.no_input, "Print the secrets of all accounts to standard output?")?;
    }
    let named = Named { ring: args.ring.path(), ..globals.named() };
    let mut first: Option<Code> = None;
    otp_link::export_accounts(&args.prefix, args.ring.place(globals), |_, line| match line {
        Ok(line) => terminal::write_stdout(&line),
        Err(error) => {
            first.get_or_insert(error.code());
            report::failure(&error.into(), named);
            Ok(())
        }
    })?;
    first.map_or(Ok(()), |code| Err(Error::Found(code)))
}
