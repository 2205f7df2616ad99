//! `otp add`: seals a new account and gives its first key.

use otp_core::store::{Slot, Store};
use otp_core::{Account, AccountName, Code, Coded, Grant, KeepError, Key};

use crate::Result;
use crate::args::AddArgs;
use crate::error::Error;
use crate::handover::Destination;
use crate::randomness::{self, Randomness};
use crate::session::Session;
use crate::values;

pub(crate) fn run(session: &Session<'_>, args: &AddArgs) -> Result<()> {
    let name = AccountName::parse(&args.account)?;
    let grant = session.grant(&args.grant)?;
    let destination = Destination::find(args.key_file.as_deref())?;
    randomness::check_streams(&[
        ("password", values::password_stream(&args.fields)),
        ("extra entropy", randomness::stream_of(args.entropy.extra_entropy.as_deref())),
    ])?;
    let entropy = randomness::open(&args.entropy)?;
    let mut rng = Randomness::new(entropy.as_ref());
    // Nobody should type a password for an account that exists, or for a store that takes none.
    check_new(session, &name)?;
    let account = account(session, args, &mut rng)?;
    seal(session, &name, &account, &grant, &destination, &mut rng)
}

/// Seals the fields of a new account, and hands its key over.
pub(super) fn seal(
    session: &Session<'_>,
    name: &AccountName,
    account: &Account,
    grant: &Grant,
    destination: &Destination<'_>,
    rng: &mut Randomness<'_>,
) -> Result<()> {
    // Before anything is made in the store: whether the secret fits, and whether there is enough randomness for it.
    let capacity = grant.capacity_for(account.payload().len())?;
    rng.reserve(Key::<Vec<u8>>::drawn_len(capacity))?;
    let store = session.new_store()?;
    let lock = store.lock(name)?;
    let added =
        session.keeper(&store).alone().add(name, account.payload(), grant, rng).map_err(Error::from).and_then(|key| {
            destination.hand_over(&key).inspect_err(|_| {
                // A key that nobody has would only be in the way. What can't be taken back is told by `otp info`.
                let _ = store.remove(&Slot::record(name, key.id()));
            })
        });
    drop(lock);
    if added.is_err() {
        // What is left is at most an empty directory, which is not worth an error of its own.
        let _ = store.prune(name);
    }
    added
}

/// Refuses an account that exists, and a store that takes none.
pub(super) fn check_new(session: &Session<'_>, name: &AccountName) -> Result<()> {
    let store = match session.store() {
        Err(Error::Store(otp_store_fs::Error::RootMissing { .. })) => return Ok(()),
        store => store?,
    };
    match session.keeper(&store).info(name) {
        Err(error) if error.code() == Code::NotFound => Ok(()),
        Err(error) => Err(error.into()),
        Ok(_) => Err(KeepError::Exists { account: name.clone().into() }.into()),
    }
}

/// The fields that are given, and those that are asked for.
fn account(session: &Session<'_>, args: &AddArgs, rng: &mut Randomness<'_>) -> Result<Account> {
    let mut account = values::given(&args.fields, rng)?;
    if !args.fields.fields_only {
        values::complete(session, &mut account, "Password: ")?;
    } else if account.payload().is_empty() {
        return Err(Error::Usage("no field is given; give some, or leave --fields-only out".into()));
    }
    Ok(account)
}
