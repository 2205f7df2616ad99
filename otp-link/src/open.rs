//! Opening an account.

use otp_core::{Record, UnixTime};

use crate::account::Account;
use crate::error::Result;
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
    let key = source.read_key()?;
    let (name, id) = (key.account().clone(), key.id());
    let secret = match source.record {
        Some(file) => otp_core::open(key, &Record::decode(&record_file::read(file)?)?, UnixTime::now())?,
        None => store::keeper(&store::open(source.store)?).open(key)?,
    };
    Account::new(name, id, secret)
}
