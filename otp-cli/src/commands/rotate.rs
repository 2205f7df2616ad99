//! `otp rotate`: a new secret, and a new key for every key.

use std::path::{Path, PathBuf};

use otp_core::keeper::Replacement;
use otp_core::{Account, AccountName, Grant, Holder};
use zeroize::Zeroizing;

use crate::Result;
use crate::args::RotateArgs;
use crate::error::Error;
use crate::handover;
use crate::session::{self, Session};
use crate::terminal;
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
    let store = session.store()?;
    let key = session::read_key_if_given(&args.key)?;
    if let Some(key) = &key {
        session::check_account(key, Some(&name))?;
    }
    session.keeper(&store).info(&name)?;
    let given = given_fields(session, args, key.is_some())?;

    let _lock = store.lock(&name)?;
    let keeper = session.keeper(&store).alone();
    let account = match key {
        Some(key) => merge(&keeper.open(key)?, &given)?,
        None => given,
    };
    let progress = terminal::progress("sealing new keys");
    let rotation = keeper.rotate(&name, account.payload(), &grant, grace, &mut otp_core::random::system())?;
    progress.finish_and_clear();
    match hand_over_all(rotation.replacements(), args.new_key_dir.as_deref()) {
        Ok(()) => Ok(rotation.finish()?),
        Err((error, written)) => {
            // The old keys still open; what was written opens nothing any more.
            rotation.abandon()?;
            for path in written {
                let _ = std::fs::remove_file(path);
            }
            Err(error)
        }
    }
}

/// The fields that are given anew. Without a key they are all there is, so nothing may be missing.
fn given_fields(session: &Session<'_>, args: &RotateArgs, with_key: bool) -> Result<Account> {
    let mut account = values::given(&args.fields)?;
    if account.fields().get("password").is_none() && session.may_ask() {
        account.set("password", &terminal::ask_password("New password: ")?)?;
    }
    let fields = account.fields();
    if account.payload().is_empty() {
        return Err(Error::Usage("nothing new is given: use --generate, --password-stdin or another field".into()));
    }
    if !with_key && (fields.get("username").is_none() || fields.get("password").is_none()) {
        return Err(Error::Usage(
            "without a key to the account every field has to be given anew: username, password and the others".into(),
        ));
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
        make_key_dir(dir).map_err(|error| (error, Vec::new()))?;
    }
    for replacement in new {
        let holder = replacement.holder.as_ref().map_or("-", Holder::as_str);
        let text = replacement.key.to_text();
        lines.extend_from_slice(holder.as_bytes());
        lines.extend_from_slice(format!("\t{}\t", replacement.key.id()).as_bytes());
        if let Some(dir) = dir {
            let path = dir.join(format!("{}.key", replacement.key.id()));
            if let Err(error) = otp_store_fs::locate::write_key_file(&path, text.as_str()) {
                return Err((error.into(), written));
            }
            lines.extend_from_slice(path.as_os_str().as_encoded_bytes());
            written.push(path);
        } else {
            lines.extend_from_slice(text.as_str().as_bytes());
        }
        lines.push(b'\n');
    }
    match terminal::write_stdout(&lines) {
        Ok(()) => {}
        // The key files are where they belong; who reads the list does not matter to them.
        Err(_) if dir.is_some() => {}
        Err(error) => return Err((error, written)),
    }
    if let Some(longest) = new.iter().max_by_key(|replacement| replacement.key.text_len()) {
        handover::warn_if_long(&longest.key);
    }
    Ok(())
}

/// Makes the folder for key files, if it is not there: its owner's alone, like what comes into it.
fn make_key_dir(dir: &Path) -> Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    match builder.create(dir) {
        Err(error) if !dir.is_dir() => Err(Error::io(format!("{} can't be made", dir.display()))(error)),
        _ => Ok(()),
    }
}

/// At least as long as the line of a key.
fn line_len(replacement: &Replacement) -> usize {
    Holder::MAX_LEN + replacement.key.text_len() + 64
}
