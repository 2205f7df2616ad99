//! `otp revoke` ends one key, `otp remove` a whole account. Neither needs a secret.

use otp_core::{AccountName, KeyId};

use crate::Result;
use crate::args::{RemoveArgs, RevokeArgs};
use crate::session::Session;

pub(crate) fn revoke(session: &Session<'_>, args: &RevokeArgs) -> Result<()> {
    let (name, id) = (AccountName::parse(&args.account)?, KeyId::parse(&args.key_id)?);
    let store = session.store()?;
    let _lock = store.lock(&name)?;
    Ok(session.keeper(&store).alone().revoke(&name, id)?)
}

pub(crate) fn remove(session: &Session<'_>, args: &RemoveArgs) -> Result<()> {
    let name = AccountName::parse(&args.account)?;
    let store = session.store()?;
    let lock = store.lock(&name)?;
    let removed = session.keeper(&store).remove(&name);
    drop(lock);
    // What is left is an empty directory, which is not worth an error.
    let _ = store.prune(&name);
    Ok(removed?)
}
