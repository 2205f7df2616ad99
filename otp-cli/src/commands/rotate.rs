//! `otp rotate`: a new secret, and a new key for every key.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

use std::path::PathBuf;

use clap::Args;
use otp_core::{Account, AccountName};
use otp_link::{LockedBuf, Randomness, RotateError, Rotation};

use crate::commands::renew::{self, RenewArgs};
use crate::commands::rotate_all;
use crate::error::{Error, Result};
use crate::options::{self, ConfirmArgs, EntropyArgs, FieldArgs, Globals, KeyArgs, PagesArgs};
use crate::terminal::Progress;
use crate::{handover, prompt, report, streams, time, values};

/// Replace an account's secret and every key to it
#[derive(Args)]
#[command(
    after_help = "Example: otp rotate edms/reporting --key-file nightly.key --generate --grace 24h --new-key-dir keys --yes\n\n\
    Prints a line for each new key: holder, key id, key (or its file), with tabs between. With a key to the account, \
    fields that are not given keep their value; without one, give every field anew. The old keys stop opening when all new ones \
    are handed over, or when the grace period ends.\n\n\
    With --ring, keys that have a page left keep their text, and --apply PROGRAM changes the database in between; nothing is \
    asked. If PROGRAM dies, or this machine, otp rotate ACCOUNT --resume goes on; docs/rotation.md says more. With --all, every \
    account of the ring gets a password of its own."
)]
pub(crate) struct RotateArgs {
    /// Rotate this account; with --all, those whose name starts with it
    #[arg(required_unless_present = "all")]
    pub(crate) account: Option<String>,
    /// Rotate every account of the ring to a password of its own, and print a line for each
    #[arg(long, conflicts_with_all = ["without_ring", "end_unknown", "resume", "abort", "forget"], help_heading = "With a ring")]
    pub(crate) all: bool,
    /// With --all, print a JSON object in each line
    #[arg(long, requires = "all", help_heading = "With a ring")]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) key: KeyArgs,
    #[command(flatten)]
    pub(crate) fields: FieldArgs,
    #[command(flatten)]
    pub(crate) grant: RotateGrantArgs,
    #[command(flatten)]
    pub(crate) entropy: EntropyArgs,
    /// Let the old keys open the old secret for this long (24h, 7d)
    #[arg(long, value_name = "DURATION")]
    pub(crate) grace: Option<String>,
    /// Write each new key to a new file KEYID.key in this directory, which is made if it does not exist
    #[arg(long, value_name = "DIR")]
    pub(crate) new_key_dir: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) confirm: ConfirmArgs,
    #[command(flatten)]
    pub(crate) ring: RenewArgs,
}

/// What all new keys of a rotation are given.
#[derive(Args)]
pub(crate) struct RotateGrantArgs {
    /// Let the new keys expire [default: as the keys that they replace]
    #[arg(long, value_name = "WHEN")]
    pub(crate) expires: Option<String>,
    /// Hide the secret's length in a frame of this size [default: as the keys that they replace, or larger]
    #[arg(long, value_name = "BYTES")]
    pub(crate) capacity: Option<u16>,
    #[command(flatten)]
    pub(crate) pages: PagesArgs,
}

impl RotateArgs {
    /// The account's name, or the prefix of the accounts' names.
    pub(crate) fn account(&self) -> &str {
        self.account.as_deref().unwrap_or_default()
    }
}

pub(crate) fn run(globals: &Globals, args: &RotateArgs) -> Result<()> {
    if args.all {
        return rotate_all::run(globals, args);
    }
    if args.ring.ring.is_given() && !args.ring.without_ring {
        return renew::run(globals, args);
    }
    if let Some(what) = args.ring.needs_ring() {
        return Err(otp_link::Error::RingOnly { what }.into());
    }
    let grace = args.grace.as_deref().map(time::parse_duration).transpose()?;
    let mut terms = options::terms(None, args.grant.expires.as_deref(), args.grant.capacity)?;
    (terms.allow_empty_password, terms.pages) = (args.fields.allow_empty, args.grant.pages.pages());
    handover::check_all(args.new_key_dir.as_deref())?;
    streams::check_distinct(&[
        ("key", args.key.stream()),
        ("password", args.fields.stream()),
        ("extra entropy", args.entropy.stream()),
    ])?;
    let mut randomness = args.entropy.open()?;
    let key = args.key.read_if_given()?;
    // Check first: nobody should type a password for a missing account, or with a key that does not open it.
    otp_link::check_rotation(args.account(), key.as_ref(), globals.store())?;
    if !args.confirm.yes {
        let name = AccountName::parse(args.account())?;
        let infos = otp_link::list_keys(args.account(), globals.store())?.keys;
        prompt::show_keys(globals.no_input, infos.iter().map(|info| (&name, info)))?;
        prompt::confirm(globals.no_input, &format!("Give {name} a new secret, and replace {}?", keys(infos.len())))?;
    }
    let new = new_fields(globals, args, key.is_some(), &mut randomness)?;
    let fields = values::list(&new);
    let mut rotation = Rotation::new(args.account(), &fields);
    (rotation.key, rotation.fields_only) = (key, args.fields.fields_only);
    (rotation.terms, rotation.grace, rotation.store) = (terms, grace, globals.store());
    rotation.without_ring = args.ring.without_ring;
    let progress = Progress::begin("sealing new keys");
    let rotated = otp_link::rotate_account(rotation, &mut randomness, |keys| {
        drop(progress);
        handover::hand_over_all(&keys, args.new_key_dir.as_deref())
    });
    let faults = rotated.map_err(|error| match error {
        RotateError::Unchanged(error) => error,
        RotateError::Unfinished(error) => Error::Unfinished(error),
    })?;
    for fault in &faults {
        report::fault(fault, globals.named());
    }
    Ok(())
}

fn keys(count: usize) -> String {
    if count == 1 { "this key".to_owned() } else { format!("these {count} keys") }
}

/// The new fields. Without a key there are no old ones to keep, so nothing may be missing.
fn new_fields(
    globals: &Globals,
    args: &RotateArgs,
    with_key: bool,
    randomness: &mut Randomness,
) -> Result<Account<LockedBuf>> {
    let mut account = values::given(&args.fields, randomness)?;
    let is_empty = account.payload().is_empty();
    if !with_key && !args.fields.fields_only {
        values::complete(globals.no_input, &mut account, "New password: ").map_err(|error| match error {
            Error::Usage { message, hint } => Error::Usage {
                message: format!("{message}, and without a key to the account every field has to be given anew"),
                hint,
            },
            other => other,
        })?;
    } else if is_empty && !args.fields.fields_only && prompt::may_ask(globals.no_input) {
        account.set("password", &prompt::ask_password("New password: ")?)?;
    } else if is_empty {
        return Err(otp_link::Error::NothingNew.into());
    }
    Ok(account)
}
