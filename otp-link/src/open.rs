//! Opening an account.

use otp_core::{Record, UnixTime};

use crate::account::Account;
use crate::error::{Error, Result};
use crate::source::Source;
use crate::{record_file, store};

/// Opens an account: reads the key, finds its record, and opens it.
///
/// # Errors
///
/// Those of [`KeySource::read`](crate::KeySource::read), of the store, the key and the record; [`Error::OtherAccount`],
/// [`Error::StoreAndRecord`].
///
/// [`Error::OtherAccount`]: crate::Error::OtherAccount
/// [`Error::StoreAndRecord`]: crate::Error::StoreAndRecord
pub fn open_account(source: &Source<'_>) -> Result<Account> {
    // A helper is started before the key is here.
    let store = source.record.is_none().then(|| store::prepare(source.store));
    let key = source.read_key()?;
    let (name, id) = (key.account().clone(), key.id());
    let secret = match (store, source.record) {
        (Some(store), _) => store::keeper(&store?.open()?).open(key)?,
        (None, record) => {
            let file = record.ok_or(Error::StoreAndRecord)?;
            otp_core::open(key, &Record::decode(&record_file::read(file)?)?, UnixTime::now())?
        }
    };
    Account::new(name, id, secret)
}
