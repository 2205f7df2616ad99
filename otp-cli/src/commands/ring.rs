//! `otp ring`: the administrator's copies of the keys that were handed out.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use otp_core::Holder;
use otp_core::keeper::ringed::{Held, HeldKey};
use otp_link::ring;
use serde::Serialize;

use crate::commands::verify;
use crate::error::Result;
use crate::handover::Destination;
use crate::options::{FileMode, Globals, RingArgs};
use crate::{json, terminal};

#[derive(Subcommand)]
pub(crate) enum RingCommand {
    Init(InitArgs),
    Add(AddArgs),
    Show(ShowArgs),
    Adopt(AdoptArgs),
    Export(ExportArgs),
}

impl RingCommand {
    /// The ring that the command line names.
    pub(crate) fn ring(&self) -> Option<&Path> {
        match self {
            Self::Init(args) => Some(&args.dir),
            Self::Add(args) => args.ring.path(),
            Self::Show(args) => args.ring.path(),
            Self::Adopt(args) => args.ring.path(),
            Self::Export(args) => args.ring.path(),
        }
    }
}

/// Make a ring
#[derive(Args)]
#[command(after_help = "Example: otp ring init ~/otp-ring\n\n\
    Back it up apart from the store: together they open everything.")]
pub(crate) struct InitArgs {
    /// Make it in this directory, which is empty or does not exist, and is neither in the store nor around it
    pub(crate) dir: PathBuf,
}

/// Take in keys that were handed out without the ring
#[derive(Args)]
#[command(after_help = "Example: otp ring add --ring ~/otp-ring --key-file nightly.key --key-file hourly.key")]
pub(crate) struct AddArgs {
    #[command(flatten)]
    pub(crate) ring: RingArgs,
    /// Take in the key in this file, once it opens its record; repeat for more keys
    #[arg(long, value_name = "PATH", required = true)]
    pub(crate) key_file: Vec<PathBuf>,
    /// Accept key files that only their owner can read, or any, where modes mean nothing [default: private]
    #[arg(long, value_name = "MODE")]
    pub(crate) key_file_mode: Option<FileMode>,
}

/// Show the accounts and keys of a ring, never their secret part
#[derive(Args)]
#[command(after_help = "Example: otp ring show --ring ~/otp-ring")]
pub(crate) struct ShowArgs {
    /// Show only accounts whose name starts with PREFIX
    #[arg(default_value = "", hide_default_value = true)]
    pub(crate) prefix: String,
    #[command(flatten)]
    pub(crate) ring: RingArgs,
    /// Print one JSON array
    #[arg(long)]
    pub(crate) json: bool,
}

/// Go on using a ring that was moved here; no other copy of it may be used any more
#[derive(Args)]
#[command(after_help = "Example: otp ring adopt --ring ~/otp-ring\n\n\
    If the ring was restored from a backup, a rotation since then may have used pages that it does not know of: adopt it, \
    and then run otp rotate --new-keys for each account.")]
pub(crate) struct AdoptArgs {
    #[command(flatten)]
    pub(crate) ring: RingArgs,
}

/// Hand a key out again
#[derive(Args)]
#[command(after_help = "Example: otp ring export n4ak3yfor7xhbq2d --ring ~/otp-ring --new-key-file nightly.key")]
pub(crate) struct ExportArgs {
    /// Hand out the key with this id
    pub(crate) key_id: String,
    #[command(flatten)]
    pub(crate) ring: RingArgs,
    /// Write the key to a new file that only you can read; "-" is standard output
    #[arg(long, value_name = "PATH")]
    pub(crate) new_key_file: Option<PathBuf>,
}

pub(crate) fn run(globals: &Globals, command: &RingCommand) -> Result<()> {
    match command {
        RingCommand::Init(args) => Ok(ring::init_ring(&args.dir, globals.store())?),
        RingCommand::Add(args) => add(globals, args),
        RingCommand::Show(args) => show(globals, args),
        RingCommand::Adopt(args) => Ok(ring::adopt_ring(&args.ring.named()?)?),
        RingCommand::Export(args) => {
            let destination = Destination::find(args.new_key_file.as_deref(), "--new-key-file")?;
            destination.hand_over(&ring::export_key(&args.key_id, args.ring.path(), globals.store())?)
        }
    }
}

fn add(globals: &Globals, args: &AddArgs) -> Result<()> {
    for path in &args.key_file {
        let key = verify::read_key(path, args.key_file_mode)?;
        ring::put_into_ring(&key, args.ring.path(), globals.store())?;
    }
    Ok(())
}

/// An account as `ring show --json` prints it.
#[derive(Serialize)]
#[allow(clippy::struct_field_names, reason = "the members have the names of the JSON")]
struct Account {
    account: String,
    generation: u64,
    unfinished: bool,
    keys: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
    id: String,
    holder: Option<String>,
    expires: Option<String>,
    pages: u8,
    pages_left: u8,
    opens: bool,
}

impl Account {
    fn new(held: &Held) -> Self {
        let entry = |key: &HeldKey| {
            let terms = key.header.as_ref().map(|header| &header.terms);
            Entry {
                id: key.id.to_string(),
                holder: terms.and_then(|terms| terms.holder.as_ref()).map(Holder::to_string),
                expires: terms.and_then(|terms| terms.expires).map(|at| at.to_string()),
                pages: key.pages,
                pages_left: key.pages_left,
                opens: key.header.is_some(),
            }
        };
        let (account, keys) = (held.account.to_string(), held.keys.iter().map(entry).collect());
        Self { account, generation: held.generation, unfinished: held.unfinished, keys }
    }

    fn text(&self) -> String {
        let unfinished = if self.unfinished { ", a rotation is unfinished" } else { "" };
        let mut text = format!("{} (generation {}{unfinished})\n", self.account, self.generation);
        for Entry { id, holder, expires, pages, pages_left, opens } in &self.keys {
            let holder = holder.as_deref().unwrap_or("-");
            let expires = expires.as_deref().unwrap_or("never");
            let fault = if *opens { "" } else { "  opens no record" };
            text.push_str(&format!(
                "  {id}  {pages_left:>3} of {pages:>3} pages left  {expires:<20}  {holder}{fault}\n"
            ));
        }
        text
    }
}

fn show(globals: &Globals, args: &ShowArgs) -> Result<()> {
    let found = ring::show_ring(&args.prefix, args.ring.path(), globals.store())?;
    let accounts: Vec<Account> = found.accounts.iter().map(Account::new).collect();
    if args.json {
        return json::print(&accounts);
    }
    let text: String = accounts.iter().map(Account::text).collect();
    terminal::write_stdout(text.as_bytes())
}
