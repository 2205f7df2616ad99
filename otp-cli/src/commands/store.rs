//! `otp store`: commands for a whole store.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use clap::{Args, Subcommand};
use otp_core::Code;

use crate::error::{Error, Result};
use crate::options::Globals;
use crate::terminal::{self, Progress};

#[derive(Subcommand)]
pub(crate) enum StoreCommand {
    Init(InitArgs),
    Copy(CopyArgs),
    Check(CheckArgs),
}

/// Make a store, once it has been seen that the server keeps its promises
#[derive(Args)]
#[command(after_help = "Example: otp store init s3://bucket/otp?region=eu-central-1\n\n\
    Writers refuse a store that was not made by this or by otp add. A store that was uploaded, as with aws s3 sync, is made by \
    this too; what is in it stays.")]
pub(crate) struct InitArgs {
    /// The store's directory or URL
    #[arg(value_name = "STORE")]
    pub(crate) place: PathBuf,
}

/// Copy a store to another, which may have a part of it already
#[derive(Args)]
#[command(after_help = "Example: otp store copy s3://bucket/otp /var/lib/otp/store\n\n\
    Nothing is overwritten or removed. What is in both is compared; if it differs, it is listed, and the exit code is 9. \
    A copy that was cut off goes on when the command is run again.")]
pub(crate) struct CopyArgs {
    /// The directory or URL that is copied
    pub(crate) from: PathBuf,
    /// The directory or URL that it is copied to
    pub(crate) to: PathBuf,
}

/// Try whether a store keeps its promises, with objects of its own that are removed again
#[derive(Args)]
#[command(after_help = "Example: otp store check s3://bucket/otp\n\n\
    A second write to one place must be refused; of 16 that write at once, exactly one must win; a list must show what was \
    written just before. A store that fails loses secrets sooner or later.")]
pub(crate) struct CheckArgs {
    /// The store's directory or URL [default: that of --store]
    #[arg(value_name = "STORE")]
    pub(crate) place: Option<PathBuf>,
}

pub(crate) fn run(globals: &Globals, command: &StoreCommand) -> Result<()> {
    match command {
        StoreCommand::Init(args) => {
            let progress = Progress::begin("trying the store");
            let before = otp_link::init_store(&args.place)?;
            drop(progress);
            terminal::write_stdout(if before { b"there already\n" } else { b"made\n" })
        }
        StoreCommand::Copy(args) => copy(args),
        StoreCommand::Check(args) => {
            let _progress = Progress::begin("trying the store");
            Ok(otp_link::check_store(args.place.as_deref().or(globals.store()))?)
        }
    }
}

fn copy(args: &CopyArgs) -> Result<()> {
    // Called from the threads that copy.
    let progress = Mutex::new(Progress::begin("objects copied"));
    let copied = otp_link::copy_store(&args.from, &args.to, |_, _| {
        progress.lock().unwrap_or_else(PoisonError::into_inner).step();
    })?;
    drop(progress);
    let mut text = String::new();
    for name in &copied.different {
        text.push_str(&format!("different: {name}\n"));
    }
    text.push_str(&format!("{} copied, {} there already\n", copied.copied, copied.equal));
    terminal::write_stdout(text.as_bytes())?;
    if copied.different.is_empty() { Ok(()) } else { Err(Error::Found(Code::Exists)) }
}
