//! What commands share: the store, the time, the key that was given, and opening with it.

use std::path::PathBuf;

use otp_core::{AccountName, Capacity, Fields, Grant, Holder, Keeper, Record, Secret, UnixTime};
use otp_store_fs::FsStore;
use otp_store_fs::locate::{self, KeyChoice, KeySource, LockedKey, StoreChoice};
use otp_store_fs::sys::LockedBuf;

use crate::Result;
use crate::args::{Globals, GrantArgs, KeyArgs, SourceArgs};
use crate::error::Error;
use crate::randomness;
use crate::terminal;
use crate::time;

/// A secret, in the memory of the key that opened it.
pub(crate) type LockedSecret = Secret<LockedBuf>;

/// What all commands start from.
pub(crate) struct Session<'a> {
    globals: &'a Globals,
    pub(crate) now: UnixTime,
}

impl<'a> Session<'a> {
    pub(crate) fn new(globals: &'a Globals) -> Self {
        Self { globals, now: UnixTime::now() }
    }

    /// The store that is there.
    pub(crate) fn store(&self) -> Result<FsStore> {
        Ok(FsStore::open(self.store_path()?)?)
    }

    /// The store, made if it is not there.
    pub(crate) fn new_store(&self) -> Result<FsStore> {
        Ok(FsStore::open_or_create(self.store_path()?)?)
    }

    /// Where the store is, or would be.
    pub(crate) fn store_path(&self) -> Result<PathBuf> {
        Ok(StoreChoice::find(self.globals.store.as_deref(), &locate::environment)?.path)
    }

    pub(crate) fn keeper<'s>(&self, store: &'s FsStore) -> Keeper<'s, FsStore> {
        Keeper::new(store, self.now)
    }

    /// Whether there is somebody to ask.
    pub(crate) fn may_ask(&self) -> bool {
        terminal::may_ask(self.globals.no_input)
    }

    /// Refuses if there is nobody to ask, and says what should have been given instead, or left out.
    pub(crate) fn check_may_ask(&self, missing: &str) -> Result<()> {
        self.check_may_ask_for(&format!("{missing}, or --fields-only to do without"))
    }

    /// Refuses if there is nobody to ask, and says what should have been given instead.
    pub(crate) fn check_may_ask_for(&self, missing: &str) -> Result<()> {
        if self.may_ask() {
            return Ok(());
        }
        let why = if self.globals.no_input { "--no-input forbids to ask" } else { "there is no terminal to ask on" };
        Err(Error::Usage(format!("{why}: give {missing}")))
    }

    /// Opens what the arguments name: the key's record in the store, or a record file.
    pub(crate) fn open(&self, args: &SourceArgs, named: Option<&AccountName>) -> Result<LockedSecret> {
        let key = read_key(&args.key)?;
        check_account(&key, named)?;
        let Some(file) = &args.record else {
            return Ok(self.keeper(&self.store()?).open(key)?);
        };
        let bytes = otp_store_fs::read_record_file(file, Record::MAX_LEN)?;
        Ok(otp_core::open(key, &Record::decode(&bytes)?, Some(self.now))?)
    }

    /// The grant of a new key.
    pub(crate) fn grant(&self, args: &GrantArgs) -> Result<Grant> {
        Ok(Grant {
            holder: args.holder.as_deref().map(Holder::parse).transpose()?,
            expires: self.expires(args.expires.as_deref())?,
            capacity: capacity(args.capacity)?,
        })
    }

    pub(crate) fn expires(&self, text: Option<&str>) -> Result<Option<UnixTime>> {
        text.map(|text| time::parse_when(text, self.now)).transpose()
    }
}

/// Reads the key from where it is given.
pub(crate) fn read_key(args: &KeyArgs) -> Result<LockedKey> {
    let choice = KeyChoice { file: args.key_file.as_deref(), fd: args.key_fd, text: args.key.as_deref() };
    let text = choice.read(&locate::environment, locate::MAX_KEY_LEN)?;
    if *text.source() == KeySource::Text {
        terminal::warn("other users of this machine can see a key on the command line; use --key-file");
    }
    Ok(locate::parse_key(text.as_str().as_bytes())?)
}

/// The descriptor that the key is read from, if an option says so.
pub(crate) fn key_stream(args: &KeyArgs) -> Option<i32> {
    match &args.key_file {
        Some(path) => randomness::stream_of(Some(path)),
        None => args.key_fd,
    }
}

/// Reads the key if one is given anywhere.
pub(crate) fn read_key_if_given(args: &KeyArgs) -> Result<Option<LockedKey>> {
    match read_key(args) {
        Err(Error::Store(otp_store_fs::Error::NoKey)) => Ok(None),
        key => key.map(Some),
    }
}

/// Checks that a key is for the account that was named.
pub(crate) fn check_account(key: &LockedKey, named: Option<&AccountName>) -> Result<()> {
    match named {
        Some(named) if named != key.account() => {
            Err(Error::OtherAccount { named: named.clone().into(), key: key.account().clone().into() })
        }
        _ => Ok(()),
    }
}

pub(crate) fn capacity(bytes: Option<u16>) -> Result<Option<Capacity>> {
    Ok(bytes.map(Capacity::from_bytes).transpose()?)
}

/// The fields of a secret.
pub(crate) fn fields(secret: &LockedSecret) -> Result<Fields<'_>> {
    Ok(Fields::decode(secret.expose())?)
}

/// The value of a field.
pub(crate) fn field<'s>(fields: &Fields<'s>, name: &str) -> Result<&'s [u8]> {
    fields.get(name).ok_or_else(|| Error::NoField {
        field: name.to_owned(),
        there: fields.iter().map(|field| field.name.to_owned()).collect(),
    })
}
