//! `otp rotate --ring`: the keys keep their text, and a program may change the database in between.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

use std::ffi::OsString;

use clap::Args;
use otp_core::KeyId;
use otp_link::ring::RingGuard;
use otp_link::{Applied, Change, LockedBuf, NewKey, Published, Randomness, Renewal};

use crate::apply::Program;
use crate::commands::rotate::RotateArgs;
use crate::error::{Error, Result};
use crate::options::{self, Globals, RingArgs};
use crate::terminal::{self, Progress};
use crate::{handover, prompt, streams, values};

/// What a rotation with a ring takes.
#[derive(Args)]
#[allow(clippy::struct_excessive_bools, reason = "each is an option of the command line")]
pub(crate) struct RenewArgs {
    #[command(flatten)]
    pub(crate) ring: RingArgs,
    /// Rotate an account that is kept in a ring without it; the ring's keys to it are of no use afterwards
    #[arg(long, conflicts_with_all = ["ring", "apply", "resume", "abort", "forget"], help_heading = "With a ring")]
    pub(crate) without_ring: bool,
    /// Change the database with this program, which gets the old and the new credential as JSON on standard input
    #[arg(long, value_name = "PROGRAM", help_heading = "With a ring")]
    pub(crate) apply: Option<OsString>,
    /// Give every holder a new key; keys that have pages left would keep their text otherwise
    #[arg(long, help_heading = "With a ring")]
    pub(crate) new_keys: bool,
    /// End the key with this id, which is not in the ring; repeat for more keys
    #[arg(long, value_name = "ID", help_heading = "With a ring")]
    pub(crate) end_unknown: Vec<String>,
    /// Show what would become of each key, and change nothing
    #[arg(long, conflicts_with_all = ["resume", "abort", "forget"], help_heading = "With a ring")]
    pub(crate) dry_run: bool,
    /// Go on with a rotation that was cut short, with the secret that it began with
    #[arg(long, group = "unfinished", help_heading = "With a ring")]
    pub(crate) resume: bool,
    /// Go back to the old secret after a rotation that was cut short
    #[arg(long, group = "unfinished", requires = "apply", help_heading = "With a ring")]
    pub(crate) abort: bool,
    /// Forget a rotation that was cut short, and its new secret, whatever the database has
    #[arg(long, group = "unfinished", conflicts_with = "apply", help_heading = "With a ring")]
    pub(crate) forget: bool,
    /// Arguments for PROGRAM; nothing secret is among them
    #[arg(last = true, value_name = "ARGS", requires = "apply")]
    pub(crate) apply_args: Vec<OsString>,
}

impl RenewArgs {
    /// The first option given that works only with a ring.
    pub(crate) fn needs_ring(&self) -> Option<&'static str> {
        [
            (self.apply.is_some(), "--apply"),
            (self.new_keys, "--new-keys"),
            (!self.end_unknown.is_empty(), "--end-unknown"),
            (self.dry_run, "--dry-run"),
            (self.resume, "--resume"),
            (self.abort, "--abort"),
            (self.forget, "--forget"),
        ]
        .into_iter()
        .find_map(|(given, name)| given.then_some(name))
    }
}

pub(crate) fn run(globals: &Globals, args: &RotateArgs) -> Result<()> {
    let ring = &args.ring;
    check(args)?;
    let place = ring.ring.place(globals);
    let program = ring.apply.as_ref().map(|name| Program::new(name, &ring.apply_args));
    let program = if ring.resume || ring.abort { program.map(Program::again) } else { program };
    // Without a program, somebody has changed the database by hand.
    let apply = |guard: &RingGuard, change: Change<'_>| {
        program.as_ref().map_or(Applied::Done, |program| program.apply(guard, &change))
    };
    let cause = |error: otp_link::Error| match &program {
        Some(program) => program.cause(error.into()),
        None => error.into(),
    };
    if ring.forget {
        if !args.confirm.yes {
            let question =
                format!("Forget the new secret of {}? If its database has it, nobody can log in.", args.account());
            prompt::confirm(globals.no_input, &question)?;
        }
        return Ok(otp_link::forget_rotation(args.account(), place)?);
    }
    if ring.abort {
        return otp_link::abort_rotation(args.account(), place, apply).map_err(cause);
    }
    let mut terms = options::terms(None, args.grant.expires.as_deref(), args.grant.capacity)?;
    (terms.allow_empty_password, terms.pages) = (args.fields.allow_empty, args.grant.pages.pages());
    handover::check_all(args.new_key_dir.as_deref())?;
    let mut randomness = args.entropy.open()?;
    let hand_over = |keys: Vec<NewKey>| {
        if keys.is_empty() {
            return Ok(());
        }
        handover::hand_over_all(&keys, args.new_key_dir.as_deref()).map_err(|error| Error::LeftInRing(Box::new(error)))
    };
    let with_cause = |error| match error {
        Error::Link(error) => cause(error),
        other => other,
    };
    if ring.resume {
        let mut renewal = Renewal::new(args.account(), &[]);
        (renewal.terms, renewal.new_keys, renewal.end_unknown, renewal.place) =
            (terms, ring.new_keys, &ring.end_unknown, place);
        let done = otp_link::resume_rotation(&renewal, &mut randomness, apply, hand_over).map_err(with_cause)?;
        match done {
            Some(done) => report(&done),
            None => terminal::note("nothing was left to do: the database had not been touched, or all of it was done"),
        }
        return Ok(());
    }
    let new = new_fields(globals, args, &mut randomness)?;
    let fields = values::list(&new);
    let mut renewal = Renewal::new(args.account(), &fields);
    (renewal.terms, renewal.new_keys, renewal.end_unknown, renewal.place) =
        (terms, ring.new_keys, &ring.end_unknown, place);
    renewal.as_text = program.is_some();
    if ring.dry_run {
        return terminal::write_stdout(plan(&otp_link::plan_renewal(&renewal)?).as_bytes());
    }
    let progress = program.is_none().then(|| Progress::begin("sealing"));
    let done = otp_link::renew_account(&renewal, &mut randomness, apply, hand_over).map_err(with_cause)?;
    drop(progress);
    report(&done);
    Ok(())
}

/// Refuses options that mean nothing for an account in a ring (rule 15 among them).
fn check(args: &RotateArgs) -> Result<()> {
    if args.grace.is_some() {
        return Err(Error::usage_with(
            "keys that keep their text have no grace period",
            "leave out --grace; holders of such keys read the new secret at once",
        ));
    }
    if args.key.is_given() {
        return Err(Error::usage_with(
            "the ring has the keys to the account",
            "leave out --key-file, --key-fd, --key-credential and --key",
        ));
    }
    streams::check_distinct(&[("password", args.fields.stream()), ("extra entropy", args.entropy.stream())])
}

fn new_fields(
    globals: &Globals,
    args: &RotateArgs,
    randomness: &mut Randomness,
) -> Result<otp_core::Account<LockedBuf>> {
    // A plan draws no randomness, so the password is a placeholder of the same length.
    let mut account = match args.fields.generate {
        Some(len) if args.ring.dry_run => values::planned(&args.fields, len)?,
        _ => values::given(&args.fields, randomness)?,
    };
    if account.payload().is_empty() && !args.fields.fields_only {
        if !prompt::may_ask(globals.no_input) {
            return Err(otp_link::Error::NothingNew.into());
        }
        account.set("password", &prompt::ask_password("New password: ")?)?;
    }
    Ok(account)
}

/// Reports what was done, on standard error: standard output is for new keys.
fn report(done: &Published<LockedBuf>) {
    let kept = match done.kept.len() {
        1 => "1 key keeps its text".to_owned(),
        number => format!("{number} keys keep their text"),
    };
    terminal::note(&format!(
        "generation {}: {kept}{}{}",
        done.generation,
        listed("ended", &done.ended),
        successors(done)
    ));
    if !done.behind.is_empty() {
        terminal::warn(&format!("records had been rolled back{}", listed("keys", &done.behind)));
    }
    if !done.orphaned.is_empty() {
        terminal::warn(&format!("records are gone{}", listed("keys", &done.orphaned)));
    }
    if !done.unknown.is_empty() {
        terminal::warn(&format!("the ring does not know these records{}", listed("keys", &done.unknown)));
    }
}

fn successors(done: &Published<LockedBuf>) -> String {
    let ids: Vec<KeyId> = done.replacements.iter().map(|new| new.key.id()).collect();
    listed("new", &ids)
}

fn listed(what: &str, ids: &[KeyId]) -> String {
    let ids: Vec<String> = ids.iter().map(KeyId::to_string).collect();
    if ids.is_empty() { String::new() } else { format!("; {what}: {}", ids.join(", ")) }
}

/// A line for each key, with what becomes of it.
fn plan(plan: &Published<LockedBuf>) -> String {
    let mut text = String::new();
    let all = [("keep", &plan.kept), ("renew", &plan.to_replace), ("end", &plan.ended), ("gone", &plan.orphaned)];
    for (what, ids) in all {
        for id in ids {
            text.push_str(&format!("{what}\t{id}\n"));
        }
    }
    text
}
