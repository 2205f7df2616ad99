//! Opening an account.

use otp_core::{Header, Record, UnixTime};

use crate::account::Account;
use crate::audit::{Entry, Event};
use crate::error::{Error, Result};
use crate::source::Source;
use crate::{record_file, store};

/// Opens an account: reads the key, finds its record, and opens it.
///
/// # Errors
///
/// Those of [`KeySource::read`](crate::KeySource::read), of the store, the key and the record; [`Error::OtherAccount`],
/// [`Error::StoreAndRecord`], [`Error::NotAudited`].
///
/// [`Error::OtherAccount`]: crate::Error::OtherAccount
/// [`Error::StoreAndRecord`]: crate::Error::StoreAndRecord
/// [`Error::NotAudited`]: crate::Error::NotAudited
pub fn open_account(source: &Source<'_>) -> Result<Account> {
    let mut entry = Entry::begin(Event::Open)?;
    let account = open(source, &mut entry);
    entry.end(account)
}

fn open(source: &Source<'_>, entry: &mut Entry) -> Result<Account> {
    // A helper must start before the key is read.
    let store = source.record.is_none().then(|| store::prepare(source.store));
    let key = source.read_key(|key| entry.key(key.account(), key.id()))?;
    let (name, id) = (key.account().clone(), key.id());
    let mut note = |header: &Header| entry.holder(header.terms.holder.as_ref());
    let secret = match (store, source.record) {
        (Some(store), _) => store::keeper(&store?.open()?).open_noting(key, note)?,
        (None, record) => {
            let bytes = record_file::read(record.ok_or(Error::StoreAndRecord)?)?;
            let record = Record::decode(&bytes)?;
            note(record.header());
            otp_core::open(key, &record, UnixTime::now())?
        }
    };
    Account::new(name, id, secret)
}
