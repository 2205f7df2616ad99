//! `otp key inspect`: what is public in a key.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

use clap::{Args, Subcommand};
use serde::Serialize;

use crate::error::Result;
use crate::options::KeyArgs;
use crate::{json, terminal};

#[derive(Subcommand)]
pub(crate) enum KeyCommand {
    Inspect(InspectArgs),
}

/// Show a key's account, id and capacity, never its secret part
#[derive(Args)]
#[command(after_help = "Example: otp key inspect --key-file nightly.key")]
pub(crate) struct InspectArgs {
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    /// Print one JSON object
    #[arg(long)]
    pub(crate) json: bool,
}

/// What `key inspect --json` prints.
#[derive(Serialize)]
struct KeyReport {
    account: String,
    id: String,
    capacity: usize,
    pages: u8,
    characters: usize,
}

pub(crate) fn run(args: &InspectArgs) -> Result<()> {
    let key = args.key.read(None)?;
    let report = KeyReport {
        account: key.account().to_string(),
        id: key.id().to_string(),
        capacity: key.capacity().bytes(),
        pages: key.pages().get(),
        characters: key.text_len(),
    };
    if args.json {
        return json::print(&report);
    }
    let text = format!(
        "account     {}\nkey id      {}\ncapacity    {}\npages       {}\ncharacters  {}\n",
        report.account, report.id, report.capacity, report.pages, report.characters
    );
    terminal::write_stdout(text.as_bytes())
}
