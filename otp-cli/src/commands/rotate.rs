//! `otp rotate`: a new secret, and a new key for every key.

use std::path::{Path, PathBuf};

use otp_core::keeper::Replacement;
use otp_core::{Account, AccountName, Grant, Holder, Keeper};
use otp_store_fs::FsStore;
use otp_store_fs::locate::{self, LockedKey};
use zeroize::Zeroizing;

use crate::Result;
use crate::args::RotateArgs;
use crate::error::Error;
use crate::handover;
use crate::randomness::{self, Randomness};
use crate::session::{self, Session};
use crate::terminal::{self, Progress};
use crate::time;
use crate::values;

pub(crate) fn run(session: &Session<'_>, args: &RotateArgs) -> Result<()> {
    let name = AccountName::parse(&args.account)?;
    let grace = args.grace.as_deref().map(time::parse_duration).transpose()?;
    let grant = Grant {
        holder: None,
        expires: session.expires(args.grant.expires.as_deref())?,
        capacity: session::capacity(args.grant.capacity)?,
    };
    if args.new_key_dir.is_none() {
        handover::check_output()?;
    }
    randomness::check_streams(&[
        ("key", session::key_stream(&args.key)),
        ("password", values::password_stream(&args.fields)),
        ("extra entropy", randomness::stream_of(args.entropy.extra_entropy.as_deref())),
    ])?;
    let entropy = randomness::open(&args.entropy)?;
    let mut rng = Randomness::new(entropy.as_ref());
    let store = session.store()?;
    let key = session::read_key_if_given(&args.key)?;
    // Nobody should type a password for an account that is not there, or with a key that does not open it.
    session.keeper(&store).info(&name)?;
    if let Some(key) = &key {
        session::check_account(key, Some(&name))?;
        session.keeper(&store).verify(key)?;
    }
    let given = given_fields(session, args, key.is_some(), &mut rng)?;

    let _lock = store.lock(&name)?;
    let keeper = session.keeper(&store).alone();
    let account = match key {
        Some(key) => {
            check_current(&keeper, &key)?;
            merge(&keeper.open(key)?, &given)?
        }
        None => given,
    };
    if rng.is_mixed() {
        rng.reserve(keeper.rotation_drawn_len(&name, account.payload().len(), &grant, grace)?)?;
    }
    let progress = Progress::during("sealing new keys");
    let rotation = keeper.rotate(&name, account.payload(), &grant, grace, &mut rng)?;
    drop(progress);
    let new_dir = args.new_key_dir.as_deref().filter(|dir| !dir.exists());
    match hand_over_all(rotation.replacements(), args.new_key_dir.as_deref()) {
        Ok(()) => Ok(rotation.finish()?),
        Err((error, written)) => {
            // The old keys still open. What was written goes first, so that there is never a key whose record is gone.
            for path in written {
                let _ = std::fs::remove_file(path);
            }
            if let Some(dir) = new_dir {
                let _ = std::fs::remove_dir(dir);
            }
            rotation.abandon()?;
            Err(error)
        }
    }
}

/// Refuses a key in its period of grace: what it opens is the old secret, which would come back.
fn check_current(keeper: &Keeper<'_, FsStore>, key: &LockedKey) -> Result<()> {
    match keeper.key_info(key.account(), key.id())?.and_then(|info| info.grace) {
        Some(until) => Err(Error::Replaced { id: key.id(), until }),
        None => Ok(()),
    }
}

/// The fields that are given anew. Without a key they are all there is, so nothing may be missing.
fn given_fields(session: &Session<'_>, args: &RotateArgs, with_key: bool, rng: &mut Randomness<'_>) -> Result<Account> {
    let mut account = values::given(&args.fields, rng)?;
    let anything = !account.payload().is_empty();
    if !with_key && !args.fields.fields_only {
        values::complete(session, &mut account, "New password: ").map_err(|error| match error {
            Error::Usage(message) => Error::Usage(format!(
                "{message}; without a key to the account every field has to be given anew, or it is gone"
            )),
            other => other,
        })?;
    } else if !anything && !args.fields.fields_only && session.may_ask() {
        account.set("password", &terminal::ask_password("New password: ")?)?;
    } else if !anything {
        return Err(Error::Usage("nothing new is given: use --generate, --password-stdin or another field".into()));
    }
    Ok(account)
}

/// The old fields, with the new ones in their places.
fn merge(old: &session::LockedSecret, new: &Account) -> Result<Account> {
    let mut account = Account::new();
    for field in session::fields(old)?.iter().chain(new.fields().iter()) {
        account.set(field.name, field.value)?;
    }
    Ok(account)
}

/// Hands all new keys over. If it fails, it says which files were written.
fn hand_over_all(new: &[Replacement], dir: Option<&Path>) -> Result<(), (Error, Vec<PathBuf>)> {
    let mut written = Vec::new();
    let mut lines = Zeroizing::new(Vec::with_capacity(new.iter().map(line_len).sum()));
    if let Some(dir) = dir {
        locate::make_key_dir(dir).map_err(|error| (error.into(), Vec::new()))?;
    }
    for replacement in new {
        let holder = replacement.holder.as_ref().map_or("-", Holder::as_str);
        let text = replacement.key.to_text();
        lines.extend_from_slice(holder.as_bytes());
        lines.extend_from_slice(format!("\t{}\t", replacement.key.id()).as_bytes());
        if let Some(dir) = dir {
            let path = dir.join(format!("{}.key", replacement.key.id()));
            if let Err(error) = locate::write_key_file(&path, text.as_str()) {
                return Err((error.into(), written));
            }
            lines.extend_from_slice(path.as_os_str().as_encoded_bytes());
            written.push(path);
        } else {
            lines.extend_from_slice(text.as_str().as_bytes());
        }
        lines.push(b'\n');
    }
    match handover::write_keys(&lines) {
        // The key files are where they belong; who reads the list does not matter to them.
        Err(error) if dir.is_none() => return Err((error, written)),
        _ => {}
    }
    if let Some(longest) = new.iter().max_by_key(|replacement| replacement.key.text_len()) {
        handover::warn_if_long(&longest.key);
    }
    Ok(())
}

/// At least as long as the line of a key.
fn line_len(replacement: &Replacement) -> usize {
    Holder::MAX_LEN + replacement.key.text_len() + 64
}
