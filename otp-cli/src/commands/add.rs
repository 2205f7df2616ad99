//! `otp add`: seals a new account and gives its first key.

use otp_core::{Account, AccountName, Code, Coded};

use crate::Result;
use crate::args::AddArgs;
use crate::error::Error;
use crate::handover;
use crate::session::Session;
use crate::terminal;
use crate::values;

pub(crate) fn run(session: &Session<'_>, args: &AddArgs) -> Result<()> {
    let name = AccountName::parse(&args.account)?;
    let grant = session.grant(&args.grant)?;
    handover::check_absent(args.key_file.as_deref())?;
    // Nobody should type a password for an account that exists.
    check_new(session, &name)?;
    let account = account(session, args)?;

    let store = session.new_store()?;
    let lock = store.lock(&name)?;
    let keeper = session.keeper(&store).alone();
    let key = keeper.add(&name, account.payload(), &grant, &mut otp_core::random::system())?;
    handover::hand_over(&key, args.key_file.as_deref()).inspect_err(|_| {
        // A key that nobody has would only be in the way. What can't be taken back is told by `otp info`.
        let _ = keeper.remove(&name);
        drop(lock);
        let _ = store.prune(&name);
    })
}

fn check_new(session: &Session<'_>, name: &AccountName) -> Result<()> {
    let Ok(store) = session.store() else {
        return Ok(());
    };
    match session.keeper(&store).info(name) {
        Err(error) if error.code() == Code::NotFound => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => Err(otp_core::KeepError::Exists { account: name.clone().into() }.into()),
    }
}

/// The fields that are given, and those that are asked for.
fn account(session: &Session<'_>, args: &AddArgs) -> Result<Account> {
    let mut account = values::given(&args.fields)?;
    if args.fields_only {
        return if account.payload().is_empty() {
            Err(Error::Usage("no field is given; give some, or leave --fields-only out".into()))
        } else {
            Ok(account)
        };
    }
    if account.fields().get("username").is_none() {
        account.set("username", &asked(session, "--username", || terminal::ask("Username: "))?)?;
    }
    if account.fields().get("password").is_none() {
        let typed =
            asked(session, "--password-stdin, --password-fd or --generate", || terminal::ask_password("Password: "))?;
        account.set("password", &typed)?;
    }
    Ok(account)
}

/// Asks if there is somebody to ask, and says otherwise what should have been given.
fn asked<T>(session: &Session<'_>, missing: &str, ask: impl FnOnce() -> Result<T>) -> Result<T> {
    if session.may_ask() {
        return ask();
    }
    Err(Error::Usage(format!("there is no terminal to ask on: give {missing} (or --fields-only to do without)")))
}
