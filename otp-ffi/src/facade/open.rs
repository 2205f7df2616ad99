//! Opening: where key and record come from, and the account that they give.

use std::fmt;
use std::ops::Range;
use std::path::Path;

use otp_core::{AccountName, Fields, KeyId, Record, Secret, UnixTime};
use otp_store_fs::locate::{KeyChoice, LockedKey, MAX_KEY_LEN, environment, parse_key};
use otp_store_fs::sys::LockedBuf;
use zeroize::Zeroizing;

use super::{Result, keeper, open_store};
use crate::fault::Error;

/// Where the key and the record come from. Whatever is left out is looked for as the command line does.
#[derive(Clone, Copy, Default)]
pub struct Source<'a> {
    /// The key's text.
    pub key: Option<&'a [u8]>,
    /// A file that has the key; `-` is standard input.
    pub key_file: Option<&'a Path>,
    /// A file descriptor that gives the key.
    pub key_fd: Option<i32>,
    /// The account that the key must be for.
    pub account: Option<&'a str>,
    /// The store's directory.
    pub store: Option<&'a Path>,
    /// A record's file, which may be outside of any store.
    pub record: Option<&'a Path>,
}

impl Source<'_> {
    /// Opens the record with the key, and reads the account's fields.
    ///
    /// # Errors
    ///
    /// Those of the look-up, the store, key and record; [`Error::OtherAccount`], [`Error::Usage`].
    pub fn open(&self) -> Result<OpenAccount> {
        let key = self.read_key()?;
        let (name, id) = (key.account().clone(), key.id());
        let secret = match self.record {
            Some(file) => {
                let bytes = self.read_record(file)?;
                otp_core::open(key, &Record::decode(&bytes)?, Some(UnixTime::now()))?
            }
            None => keeper(&open_store(self.store)?).open(key)?,
        };
        OpenAccount::new(name, id, secret)
    }

    /// Checks that the key opens its record, without opening it. Its expiry does not matter.
    ///
    /// # Errors
    ///
    /// As [`Source::open`], but never [`otp_core::Code::Expired`].
    pub fn verify(&self) -> Result<(AccountName, KeyId)> {
        let key = self.read_key()?;
        match self.record {
            Some(file) => otp_core::verify(&key, &Record::decode(&self.read_record(file)?)?)?,
            None => keeper(&open_store(self.store)?).verify(&key)?,
        }
        Ok((key.account().clone(), key.id()))
    }

    /// As [`Source::verify`], but tells apart what is wrong with the key's text or its place, which is an error, from
    /// what is wrong between key and record.
    ///
    /// # Errors
    ///
    /// Those of the look-up and of the key's text.
    pub fn check(&self) -> Result<Option<(AccountName, KeyId, Error)>> {
        let key = self.read_key()?;
        let faulty = keeper(&open_store(self.store)?).verify(&key).err();
        Ok(faulty.map(|error| (key.account().clone(), key.id(), error.into())))
    }

    fn read_record(&self, file: &Path) -> Result<Vec<u8>> {
        if self.store.is_some() {
            return Err(Error::Usage("both a store and a record file are given; leave one out".into()));
        }
        Ok(otp_store_fs::read_record_file(file, Record::MAX_LEN)?)
    }

    pub(super) fn read_key(&self) -> Result<LockedKey> {
        let given = [self.key.is_some(), self.key_file.is_some(), self.key_fd.is_some()];
        if given.iter().filter(|given| **given).count() > 1 {
            return Err(Error::Usage("the key is given in more than one way; leave all but one out".into()));
        }
        let key = if let Some(text) = self.key {
            parse_key(text)?
        } else {
            let choice = KeyChoice { file: self.key_file, fd: self.key_fd, text: None };
            parse_key(choice.read(&environment, MAX_KEY_LEN)?.as_str().as_bytes())?
        };
        match self.account.map(AccountName::parse).transpose()? {
            Some(named) if named != *key.account() => {
                Err(Error::OtherAccount { named: named.into(), key: key.account().clone().into() })
            }
            _ => Ok(key),
        }
    }

    pub(super) fn read_key_if_given(&self) -> Result<Option<LockedKey>> {
        match self.read_key() {
            Err(Error::Store(otp_store_fs::Error::NoKey)) => Ok(None),
            key => key.map(Some),
        }
    }
}

impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("account", &self.account).field("store", &self.store).finish_non_exhaustive()
    }
}

/// An account that is open: its fields, in memory that is locked and wiped when this is dropped.
pub struct OpenAccount {
    name: AccountName,
    id: KeyId,
    secret: Secret<LockedBuf>,
    fields: Vec<Place>,
}

/// Where a field's value stands in the secret. The name ends with a NUL, for C.
struct Place {
    name: Zeroizing<String>,
    value: Range<usize>,
}

impl OpenAccount {
    fn new(name: AccountName, id: KeyId, secret: Secret<LockedBuf>) -> Result<Self> {
        let start = secret.expose().as_ptr().addr();
        let place = |field: otp_core::account::Field<'_>| {
            let at = field.value.as_ptr().addr() - start;
            let mut name = Zeroizing::new(String::with_capacity(field.name.len() + 1));
            name.push_str(field.name);
            name.push('\0');
            Place { name, value: at..at + field.value.len() }
        };
        let fields = Fields::decode(secret.expose())?.iter().map(place).collect();
        Ok(Self { name, id, secret, fields })
    }

    /// The account's name.
    #[must_use]
    pub fn name(&self) -> &AccountName {
        &self.name
    }

    /// The id of the key that opened it.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// How many fields it has.
    #[must_use]
    pub fn field_count(&self) -> usize {
        self.fields.len()
    }

    /// A field's name with a NUL behind it, and its value. The usual names come first.
    #[must_use]
    pub fn field_at(&self, index: usize) -> Option<(&str, &[u8])> {
        let place = self.fields.get(index)?;
        Some((&place.name, &self.secret.expose()[place.value.clone()]))
    }

    /// The index of a field.
    #[must_use]
    pub fn find(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|place| place.name.strip_suffix('\0') == Some(name))
    }

    /// The fields' names.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.fields.iter().filter_map(|place| place.name.strip_suffix('\0'))
    }

    /// The error that there is no field of that name.
    #[must_use]
    pub fn no_field(&self, name: &str) -> Error {
        Error::NoField { field: name.to_owned(), there: self.names().map(str::to_owned).collect() }
    }
}

impl fmt::Debug for OpenAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "OpenAccount({} {}, ..)", self.name, self.id)
    }
}
