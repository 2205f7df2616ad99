//! `otp import jsonl`, `json`, `csv`, `dotenv` and `pass`: many accounts at once.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

use std::path::PathBuf;

use clap::Args;
use otp_core::{Holder, UnixTime};
use otp_link::manifest::{Format, Manifest, Mapping, Reading};
use otp_link::{Import, redact};

use crate::bulk_report::BulkReport;
use crate::error::{Error, Result};
use crate::hint::Named;
use crate::options::{EntropyArgs, Globals, PagesArgs, RingArgs};
use crate::{streams, terminal, time};

/// What every import of many accounts takes.
#[derive(Args)]
pub(crate) struct ManyArgs {
    /// Import what this file or directory holds; "-" is standard input
    pub(crate) source: PathBuf,
    /// Write a key file for each account and holder to this directory, which is made if it does not exist
    #[arg(long, value_name = "DIR")]
    pub(crate) new_key_dir: PathBuf,
    /// Put PREFIX before each account's name
    #[arg(long, value_name = "PREFIX", default_value = "", hide_default_value = true)]
    pub(crate) prefix: String,
    /// Make a key for this holder, where the source does not say for whom; repeat for more holders
    #[arg(long = "for", value_name = "HOLDER")]
    pub(crate) holders: Vec<String>,
    /// Let the keys expire, where the source does not say when [default: never]
    #[arg(long, value_name = "WHEN")]
    pub(crate) expires: Option<String>,
    #[command(flatten)]
    pub(crate) pages: PagesArgs,
    #[command(flatten)]
    pub(crate) ring: RingArgs,
    #[command(flatten)]
    pub(crate) entropy: EntropyArgs,
    /// Leave accounts that exist as they are, and do not count them as failures
    #[arg(long)]
    pub(crate) skip_existing: bool,
    /// Show what would be done, and change nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print a JSON object for each key, in a line of its own
    #[arg(long)]
    pub(crate) json: bool,
}

/// Which names of the source are taken for what.
#[derive(Args)]
pub(crate) struct MapArgs {
    /// Take COLUMN for FIELD, which may be account, for, expires or any field; repeat for more. "keepassxc" maps the columns
    /// of KeePassXC
    #[arg(long, value_name = "FIELD=COLUMN")]
    pub(crate) map: Vec<String>,
}

/// Import accounts from JSON Lines, as otp export writes them
#[derive(Args)]
#[command(after_help = "Example: otp import jsonl accounts.jsonl --new-key-dir keys --for nightly\n\n\
    Each line is an object: {\"account\": \"edms/a\", \"username\": \"alice\", \"generate\": 32, \"for\": [\"nightly\"]}. Prints a \
    line for each key: state, account, holder, key file. A run that was cut short goes on when the command is run again. \
    Ends with 0 only if everything is there.")]
pub(crate) struct JsonlArgs {
    #[command(flatten)]
    pub(crate) many: ManyArgs,
}

/// Import accounts from a JSON document
#[derive(Args)]
#[command(after_help = "Example: otp import json vault.json --pointer /items --map account=name \
    --map password=/login/password --new-key-dir keys\n\n\
    The accounts are a list of objects, or an object with a member for each. Ends with 0 only if everything is there.")]
pub(crate) struct JsonArgs {
    #[command(flatten)]
    pub(crate) many: ManyArgs,
    /// Take the accounts from this place of the document (RFC 6901, such as /data/items)
    #[arg(long, value_name = "POINTER", default_value = "", hide_default_value = true)]
    pub(crate) pointer: String,
    #[command(flatten)]
    pub(crate) map: MapArgs,
}

/// Import accounts from a table with a header, such as KeePassXC exports it
#[derive(Args)]
#[command(
    after_help = "Example: keepassxc-cli export -f csv team.kdbx | otp import csv - --map keepassxc --new-key-dir keys\n\n\
    Without --map, each column is a field, but account, for, expires, generate and capacity. With it, only what is mapped is \
    taken. Ends with 0 only if everything is there."
)]
pub(crate) struct CsvArgs {
    #[command(flatten)]
    pub(crate) many: ManyArgs,
    #[command(flatten)]
    pub(crate) map: MapArgs,
}

/// Import one account from a dotenv file
#[derive(Args)]
#[command(
    after_help = "Example: otp import dotenv prod.env --prefix edms/ --map username=DB_USER --map password=DB_PASSWORD \
    --new-key-dir keys\n\n\
    The account is named by the file, or by a --prefix that does not end in \"/\". Other variables become fields in lower case."
)]
pub(crate) struct DotenvArgs {
    #[command(flatten)]
    pub(crate) many: ManyArgs,
    #[command(flatten)]
    pub(crate) map: MapArgs,
}

/// Import the entries of the password manager pass
#[derive(Args)]
#[command(after_help = "Example: otp import pass ~/.password-store --prefix team/ --new-key-dir keys\n\n\
    Runs \"pass show\" for each entry. Its first line is the password, and lines \"key: value\" are fields. Ends with 0 only if \
    everything is there.")]
pub(crate) struct PassArgs {
    #[command(flatten)]
    pub(crate) many: ManyArgs,
    #[command(flatten)]
    pub(crate) map: MapArgs,
}

/// Imports the accounts of a source.
pub(crate) fn run(globals: &Globals, format: Format, args: &ManyArgs, pointer: &str, map: &[String]) -> Result<()> {
    let mapping = mapping(map)?;
    let expires = args.expires.as_deref().map(|text| time::parse_when(text, UnixTime::now())).transpose()?;
    let holders: Vec<Holder> = args.holders.iter().map(|holder| Holder::parse(holder)).collect::<Result<_, _>>()?;
    streams::check_distinct(&[
        ("source", streams::of_path(Some(&args.source))),
        ("extra entropy", args.entropy.stream()),
    ])?;
    let when = |text: &str| time::parse_when(text, UnixTime::now()).ok();
    let reading = Reading::new(&mapping, &when).prefixed(&args.prefix).at(pointer);
    let manifest = Manifest::read(&args.source, format, &reading)?;
    if !manifest.left_out.is_empty() {
        let names: Vec<&str> = manifest.left_out.iter().map(String::as_str).collect();
        terminal::note(&redact(&format!("not mapped, so left out: {}", names.join(", "))));
    }
    let mut import = Import::new(&args.new_key_dir);
    (import.holders, import.expires, import.pages) = (&holders, expires, args.pages.pages());
    (import.skip_existing, import.place) = (args.skip_existing, args.ring.place(globals));
    let report = BulkReport::begin("accounts", args.json, Named { ring: args.ring.path(), ..globals.named() });
    let outcome = if args.dry_run {
        otp_link::plan_import(&manifest, &import, |items| report.add(&items))
    } else {
        otp_link::import_accounts(&manifest, &import, &mut args.entropy.open()?, |items| report.add(&items))
    };
    report.end(outcome)
}

/// Reads `--map`.
fn mapping(given: &[String]) -> Result<Mapping> {
    let mut mapping = Mapping::default();
    for one in given {
        mapping = match one.split_once('=') {
            Some((field, column)) if !field.is_empty() && !column.is_empty() => mapping.with(field, column),
            None if one == "keepassxc" => mapping.keepassxc(),
            _ => return Err(Error::usage_with("--map takes FIELD=COLUMN", "for KeePassXC's columns: --map keepassxc")),
        };
    }
    Ok(mapping)
}
