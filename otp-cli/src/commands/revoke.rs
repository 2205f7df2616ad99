//! `otp revoke`: ends one key, or every key of one holder. It needs no secret.
#![allow(clippy::doc_markdown, reason = "doc comments here are help texts on a terminal")]

use clap::Args;
use otp_core::{AccountName, Code, Coded, Holder};
use otp_link::redact;

use crate::error::{Error, Result};
use crate::options::{ConfirmArgs, Globals, RingArgs};
use crate::{prompt, terminal};

/// End one key, or every key of one holder; other keys stay valid
#[derive(Args)]
#[command(after_help = "Examples:\n  otp revoke edms/reporting n4ak3yfor7xhbq2d\n  otp revoke --for nightly --yes\n\n\
    The key id is public: otp info ACCOUNT shows it.")]
pub(crate) struct RevokeArgs {
    /// End a key of this account; with --for, only the keys of this account
    #[arg(required_unless_present = "holder")]
    pub(crate) account: Option<String>,
    /// End the key with this id
    #[arg(required_unless_present = "holder", conflicts_with = "holder")]
    pub(crate) key_id: Option<String>,
    /// End every key that HOLDER holds, in all accounts
    #[arg(long = "for", value_name = "HOLDER")]
    pub(crate) holder: Option<String>,
    #[command(flatten)]
    pub(crate) ring: RingArgs,
    #[command(flatten)]
    pub(crate) confirm: ConfirmArgs,
}

pub(crate) fn run(globals: &Globals, args: &RevokeArgs) -> Result<()> {
    match (&args.account, &args.key_id, &args.holder) {
        (Some(account), Some(key_id), _) => Ok(otp_link::revoke_key(account, key_id, args.ring.place(globals))?),
        (account, _, holder) => {
            let holder = holder.as_deref().ok_or_else(|| Error::usage("no key is named"))?;
            revoke_all(globals, args, account.as_deref(), &Holder::parse(holder)?)
        }
    }
}

/// Ends every key of a holder. Unreadable records may be theirs too: those are named, with an error.
fn revoke_all(globals: &Globals, args: &RevokeArgs, account: Option<&str>, holder: &Holder) -> Result<()> {
    let only = account.map(AccountName::parse).transpose()?;
    let found = otp_link::find_keys(account.unwrap_or_default(), globals.store(), |info| {
        info.header.terms.holder.as_ref() == Some(holder)
    })?;
    let is_meant = |account: &AccountName| only.as_ref().is_none_or(|only| only == account);
    let keys: Vec<_> = found.keys.iter().filter(|(account, _)| is_meant(account)).collect();
    let faults: Vec<_> = found.faults.iter().filter(|fault| is_meant(&fault.account)).collect();
    if keys.is_empty() && faults.is_empty() {
        return Err(Error::NoKeys { holder: holder.to_string() });
    }
    if !args.confirm.yes && !keys.is_empty() {
        prompt::show_keys(globals.no_input, keys.iter().map(|(account, info)| (account, info)))?;
        let question =
            if keys.len() == 1 { "End this key?".to_owned() } else { format!("End these {} keys?", keys.len()) };
        prompt::confirm(globals.no_input, &question)?;
    }
    let mut ended = String::new();
    for (account, info) in keys {
        let id = info.header.id.to_string();
        match otp_link::revoke_key(account.as_str(), &id, args.ring.place(globals)) {
            // Another process was faster.
            Err(error) if error.code() == Code::NotFound => {}
            outcome => outcome?,
        }
        ended.push_str(&format!("{account}\t{id}\n"));
    }
    terminal::write_stdout(ended.as_bytes())?;
    for fault in &faults {
        let (account, id) = (&fault.account, fault.key_id);
        terminal::warn(&redact(&format!("{account} {id} may be one more: {}", fault.error.message())));
    }
    faults.first().map_or(Ok(()), |fault| Err(Error::Found(fault.error.code())))
}
