//! `otp rotate --all`: a new password for each account of a ring.

use otp_link::ring::RingGuard;
use otp_link::{Applied, Change, RenewAll};

use crate::apply::Program;
use crate::bulk_report::BulkReport;
use crate::commands::rotate::RotateArgs;
use crate::error::{Error, Result};
use crate::hint::Named;
use crate::options::{self, Globals};

pub(crate) fn run(globals: &Globals, args: &RotateArgs) -> Result<()> {
    args.ring.ring.named()?;
    if args.fields.gives_more_than_a_password() || args.key.is_given() || args.grace.is_some() {
        return Err(Error::usage("--all takes no field, no key and no grace period"));
    }
    let mut all = RenewAll::new(args.account(), args.fields.generate.unwrap_or(options::PASSWORD_LEN));
    all.new_key_dir = args.new_key_dir.as_deref();
    all.terms = options::terms(None, args.grant.expires.as_deref(), args.grant.capacity)?;
    (all.terms.pages, all.new_keys, all.place) =
        (args.grant.pages.pages(), args.ring.new_keys, args.ring.ring.place(globals));
    let program = args.ring.apply.as_ref().map(|name| Program::new(name, &args.ring.apply_args));
    all.as_text = program.is_some();
    let report = BulkReport::begin("accounts", args.json, Named { ring: args.ring.ring.path(), ..globals.named() });
    if args.ring.dry_run {
        let outcome = otp_link::plan_renew_all(&all, |items| report.add(&items));
        return report.end(outcome);
    }
    // Without a program, somebody has changed the databases by hand.
    let apply = |guard: &RingGuard, change: Change<'_>| {
        program.as_ref().map_or(Applied::Done, |program| program.apply(guard, &change))
    };
    let outcome = otp_link::renew_all(&all, &mut args.entropy.open()?, apply, |items| report.add(&items));
    report.end(outcome)
}
