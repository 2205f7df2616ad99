//! What C and Python do with stores and keys, written once: open, add, issue, rotate, revoke, remove, list, verify.
//!
//! Key and store are found as the command line finds them, and whatever changes an account takes its lock, as there.
//! New keys are handed over through a function: if it fails, the change is taken back, so that no key is left in the
//! store that nobody has.

use std::ffi::OsString;
use std::fmt;
use std::ops::{ControlFlow, Range};
use std::path::Path;

use otp_core::account::check_field_name;
use otp_core::keeper::{KeyInfo, Replacement};
use otp_core::{
    Account, AccountName, Capacity, Fields, FreshKey, Grant, Holder, Keeper, Key, KeyId, Kind, Record, Secret, Slot,
    Store, Terms, UnixTime,
};
use otp_store_fs::FsStore;
use otp_store_fs::locate::{KeyChoice, StoreChoice};
use otp_store_fs::sys::LockedBuf;
use zeroize::Zeroizing;

use crate::fault::Error;

type Result<T, E = Error> = std::result::Result<T, E>;

/// A key, whose bytes are in memory that is not swapped out.
type LockedKey = Key<LockedBuf>;

/// The longest text that is read as a key: room for a longest key and white space around it.
const MAX_KEY_LEN: usize = LockedKey::MAX_TEXT_LEN + 1024;

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

    fn read_key(&self) -> Result<LockedKey> {
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

    fn read_key_if_given(&self) -> Result<Option<LockedKey>> {
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

fn parse_key(text: &[u8]) -> Result<LockedKey> {
    let text = text.trim_ascii();
    let len = text.len().min(LockedKey::MAX_TEXT_LEN);
    Ok(Key::parse(text, LockedBuf::new(len * 5 / 8))?)
}

fn environment(name: &str) -> Option<OsString> {
    std::env::var_os(name)
}

fn open_store(path: Option<&Path>) -> Result<FsStore> {
    Ok(FsStore::open(StoreChoice::find(path, &environment)?.path)?)
}

fn keeper(store: &FsStore) -> Keeper<'_, FsStore> {
    Keeper::new(store, UnixTime::now())
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

/// What a new key is given, as the caller says it.
#[derive(Clone, Copy, Debug, Default)]
pub struct GrantSpec<'a> {
    /// Who holds it.
    pub holder: Option<&'a str>,
    /// From when on it does not open any more, in seconds after 1970.
    pub expires: Option<u64>,
    /// The capacity of its frame in bytes; `None` takes the smallest that fits.
    pub capacity: Option<u32>,
}

impl GrantSpec<'_> {
    fn grant(&self) -> Result<Grant> {
        let capacity = |bytes| Capacity::from_bytes(u16::try_from(bytes).unwrap_or(0));
        Ok(Grant {
            holder: self.holder.map(Holder::parse).transpose()?,
            expires: self.expires.map(expiry).transpose()?,
            capacity: self.capacity.map(capacity).transpose()?,
        })
    }
}

/// A key that has expired when it is made is a mistake, never a wish.
fn expiry(secs: u64) -> Result<UnixTime> {
    let at = UnixTime::from_secs(secs)?;
    if at > UnixTime::now() {
        return Ok(at);
    }
    Err(Error::Usage(format!(
        "the expiry {} is not a time to come; it is in seconds after 1970",
        crate::fault::rfc3339(at)
    )))
}

/// A new key: what its holder gets.
pub struct NewKey {
    account: AccountName,
    id: KeyId,
    holder: Option<Holder>,
    replaces: Option<KeyId>,
    /// The text and a NUL, for C.
    text: LockedBuf,
}

impl NewKey {
    fn new(key: &Key<Vec<u8>>, holder: Option<Holder>, replaces: Option<KeyId>) -> Result<Self> {
        let mut text = LockedBuf::new(key.text_len() + 1);
        key.write_text(text.as_mut())?;
        Ok(Self { account: key.account().clone(), id: key.id(), holder, replaces, text })
    }

    /// The account that it opens.
    #[must_use]
    pub fn account(&self) -> &AccountName {
        &self.account
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.id
    }

    /// Who holds it.
    #[must_use]
    pub fn holder(&self) -> Option<&Holder> {
        self.holder.as_ref()
    }

    /// The id of the key that a rotation replaces by it.
    #[must_use]
    pub fn replaces(&self) -> Option<KeyId> {
        self.replaces
    }

    /// Its text, and behind it a NUL.
    #[must_use]
    pub fn text_with_nul(&self) -> &str {
        str::from_utf8(self.text.as_ref()).unwrap_or("\0")
    }

    /// Its text: `otpk1_` and base32.
    #[must_use]
    pub fn text(&self) -> &str {
        self.text_with_nul().trim_end_matches('\0')
    }
}

impl fmt::Debug for NewKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NewKey({} {}, ..)", self.account, self.id)
    }
}

/// Seals fields for a new account, and hands its first key over. The store is made if it is missing.
///
/// # Errors
///
/// [`otp_core::Code::Exists`] if the account has a key, which stays as it is; what `hand_over` fails with, and the account is
/// then not there.
pub fn add<T, E: From<Error>>(
    account: &str,
    fields: &[(&str, &[u8])],
    spec: &GrantSpec<'_>,
    store: Option<&Path>,
    hand_over: impl FnOnce(NewKey) -> Result<T, E>,
) -> Result<T, E> {
    let add = || -> Result<_> {
        let (name, grant) = (AccountName::parse(account)?, spec.grant()?);
        let given = given(fields)?;
        if given.payload().is_empty() {
            return Err(Error::Usage("no field is given; give some, such as username and password".into()));
        }
        let store = FsStore::open_or_create(StoreChoice::find(store, &environment)?.path).map_err(Error::from)?;
        Ok((name, grant, given, store))
    };
    let (name, grant, given, store) = add()?;
    let lock = store.lock(&name).map_err(Error::from)?;
    let keeper = keeper(&store).alone();
    let key = match keeper.add(&name, given.payload(), &grant, &mut otp_core::random::system()) {
        Ok(key) => key,
        Err(error) => {
            drop(lock);
            // What the lock needed may be an empty directory, which is not worth an error.
            let _ = store.prune(&name);
            return Err(Error::from(error).into());
        }
    };
    NewKey::new(&key, grant.holder, None).map_err(E::from).and_then(hand_over).inspect_err(|_| {
        // A key that nobody has would only be in the way. What can't be taken back is told by whoever lists the keys.
        let _ = store.remove(&Slot::record(&name, key.id()));
        drop(lock);
        let _ = store.prune(&name);
    })
}

/// Seals the secret of a key again for one more caller, and hands the new key over.
///
/// # Errors
///
/// As [`Source::open`]; what `hand_over` fails with, and the new key is then gone.
pub fn issue<T, E: From<Error>>(
    source: &Source<'_>,
    spec: &GrantSpec<'_>,
    hand_over: impl FnOnce(NewKey) -> Result<T, E>,
) -> Result<T, E> {
    let prepare = || -> Result<_> {
        let grant = spec.grant()?;
        if source.record.is_some() {
            return Err(Error::Usage("a key is issued in a store; leave the record file out".into()));
        }
        Ok((grant, source.read_key()?, open_store(source.store)?))
    };
    let (grant, key, store) = prepare()?;
    let name = key.account().clone();
    let _lock = store.lock(&name).map_err(Error::from)?;
    let new = keeper(&store).alone().issue(key, &grant, &mut otp_core::random::system()).map_err(Error::from)?;
    NewKey::new(&new, grant.holder, None).map_err(E::from).and_then(hand_over).inspect_err(|_| {
        let _ = store.remove(&Slot::record(&name, new.id()));
    })
}

/// Why a rotation ended early.
#[derive(Debug)]
pub enum RotateError<E> {
    /// Nothing has changed: the old keys open, and the new ones are gone.
    Unchanged(E),
    /// The new keys were handed over and open; some of the old ones may open still. Rotating again ends those.
    Unfinished(Error),
}

impl<E: From<Error>> From<Error> for RotateError<E> {
    fn from(error: Error) -> Self {
        Self::Unchanged(error.into())
    }
}

/// Gives an account a new secret, and each of its keys a new key in its place.
///
/// `source` names the account. With a key, the fields that are not given anew stay as they are; without one, all of
/// them have to be given. `hand_over` gets the new keys while the old ones still open. If it fails, the rotation is
/// taken back; otherwise the old keys end: at once, or after `grace` seconds in which they open the old secret.
///
/// # Errors
///
/// [`RotateError::Unchanged`], and [`RotateError::Unfinished`] if the old keys could not be ended.
pub fn rotate<E: From<Error>>(
    source: &Source<'_>,
    fields: &[(&str, &[u8])],
    spec: &GrantSpec<'_>,
    grace: Option<u64>,
    hand_over: impl FnOnce(Vec<NewKey>) -> Result<(), E>,
) -> Result<(), RotateError<E>> {
    let prepare = || -> Result<_> {
        let name = AccountName::parse(source.account.unwrap_or_default())?;
        if source.record.is_some() {
            return Err(Error::Usage("an account is rotated in a store; leave the record file out".into()));
        }
        let grant = spec.grant()?;
        let key = source.read_key_if_given()?;
        let new = given(fields)?;
        if new.payload().is_empty() {
            return Err(Error::Usage("nothing new is given; give a password or another field".into()));
        }
        let (username, password) = (new.fields().get("username"), new.fields().get("password"));
        if key.is_none() && (username.is_none() || password.is_none()) {
            return Err(Error::Usage(
                "without a key to the account every field has to be given anew: username, password and the others"
                    .into(),
            ));
        }
        Ok((name, grant, key, new, open_store(source.store)?))
    };
    let (name, grant, key, new, store) = prepare()?;
    // An account that is not there should not get a directory.
    keeper(&store).info(&name).map_err(Error::from)?;
    let _lock = store.lock(&name).map_err(Error::from)?;
    let keeper = keeper(&store).alone();
    let account = match key {
        Some(key) => merge(&keeper.open(key).map_err(Error::from)?, &new)?,
        None => new,
    };
    let rotation =
        keeper.rotate(&name, account.payload(), &grant, grace, &mut otp_core::random::system()).map_err(Error::from)?;
    let keys: Result<Vec<NewKey>> = rotation
        .replacements()
        .iter()
        .map(|Replacement { old, holder, key }| NewKey::new(key, holder.clone(), Some(*old)))
        .collect();
    match keys.map_err(E::from).and_then(hand_over) {
        Ok(()) => rotation.finish().map_err(|error| RotateError::Unfinished(error.into())),
        Err(error) => {
            // What can't be taken back opens for nobody, and goes with the next rotation.
            let _ = rotation.abandon();
            Err(RotateError::Unchanged(error))
        }
    }
}

/// The fields that are given. Each name stands once.
fn given(fields: &[(&str, &[u8])]) -> Result<Account> {
    let mut account = Account::new();
    for (name, value) in fields {
        check_field_name(name)?;
        if account.fields().get(name).is_some() {
            return Err(otp_core::Error::DuplicateField.into());
        }
        account.set(name, value)?;
    }
    Ok(account)
}

/// The old fields, with the new ones in their places.
fn merge(old: &Secret<LockedBuf>, new: &Account) -> Result<Account> {
    let mut account = Account::new();
    for field in Fields::decode(old.expose())?.iter().chain(new.fields().iter()) {
        account.set(field.name, field.value)?;
    }
    Ok(account)
}

/// Ends one key. Its record is deleted, and a trace of it stays.
///
/// # Errors
///
/// [`otp_core::Code::NotFound`]
pub fn revoke(account: &str, id: &str, store: Option<&Path>) -> Result<()> {
    let (name, id) = (AccountName::parse(account)?, KeyId::parse(id)?);
    let store = open_store(store)?;
    let _lock = store.lock(&name)?;
    Ok(keeper(&store).alone().revoke(&name, id)?)
}

/// Deletes an account: all its records, and all traces of keys that it had.
///
/// # Errors
///
/// [`otp_core::Code::NotFound`]
pub fn remove(account: &str, store: Option<&Path>) -> Result<()> {
    let name = AccountName::parse(account)?;
    let store = open_store(store)?;
    let lock = store.lock(&name)?;
    let removed = keeper(&store).remove(&name);
    drop(lock);
    // What is left is an empty directory, which is not worth an error.
    let _ = store.prune(&name);
    Ok(removed?)
}

/// Gives each account that has a record, in the order of their names, until told to stop.
///
/// # Errors
///
/// The store's.
pub fn list(prefix: &str, store: Option<&Path>, mut each: impl FnMut(&AccountName) -> ControlFlow<()>) -> Result<()> {
    let store = open_store(store)?;
    let mut last: Option<AccountName> = None;
    Ok(store.list(prefix, &mut |slot| {
        if slot.kind != Kind::Record || last.as_ref() == Some(&slot.account) {
            return ControlFlow::Continue(());
        }
        last = Some(slot.account.clone());
        each(&slot.account)
    })?)
}

/// What the store says of an account's keys, sorted by id.
///
/// # Errors
///
/// [`otp_core::Code::NotFound`], [`otp_core::Code::Damaged`].
pub fn info(account: &str, store: Option<&Path>) -> Result<Vec<KeyInfo>> {
    let name = AccountName::parse(account)?;
    Ok(keeper(&open_store(store)?).info(&name)?)
}

/// Checks that every record below a prefix decodes, gives each fault, and returns how many records there are.
///
/// # Errors
///
/// The store's; a faulty record is none.
pub fn verify_store(
    prefix: &str,
    store: Option<&Path>,
    mut fault: impl FnMut(&AccountName, KeyId, Error) -> ControlFlow<()>,
) -> Result<u64> {
    let store = open_store(store)?;
    let keeper = keeper(&store);
    let mut records = 0;
    store.list(prefix, &mut |slot| {
        if slot.kind != Kind::Record {
            return ControlFlow::Continue(());
        }
        records += 1;
        match keeper.key_info(&slot.account, slot.id) {
            Ok(_) => ControlFlow::Continue(()),
            Err(error) => fault(&slot.account, slot.id, error.into()),
        }
    })?;
    Ok(records)
}

/// Seals bytes without any store: gives the key, and the record's bytes.
///
/// # Errors
///
/// Those of names and lengths, [`otp_core::Code::RandomnessFailed`].
pub fn seal(account: &str, secret: &[u8], spec: &GrantSpec<'_>) -> Result<(NewKey, Vec<u8>)> {
    let (name, grant) = (AccountName::parse(account)?, spec.grant()?);
    let capacity = capacity_for(&grant, secret.len())?;
    let fresh = FreshKey::draw(&name, capacity, &mut otp_core::random::system()).map_err(Error::from_draw)?;
    let terms = Terms { created: UnixTime::now(), expires: grant.expires, holder: grant.holder.clone() };
    let mut record = vec![0; Record::max_len(capacity)];
    let (key, len) = otp_core::seal(fresh, &terms, secret, &mut record).map(|(key, bytes)| (key, bytes.len()))?;
    record.truncate(len);
    Ok((NewKey::new(&key, grant.holder, None)?, record))
}

/// At most how many bytes sealing takes: of the record, and of the key's text without a NUL.
///
/// # Errors
///
/// As [`seal`].
pub fn sealed_len(account: &str, secret_len: usize, spec: &GrantSpec<'_>) -> Result<(usize, usize)> {
    let (name, grant) = (AccountName::parse(account)?, spec.grant()?);
    let capacity = capacity_for(&grant, secret_len)?;
    let key_len = LockedKey::len_for(name.as_str().len(), capacity);
    Ok((Record::max_len(capacity), otp_core::key::PREFIX.len() + (key_len * 8).div_ceil(5)))
}

fn capacity_for(grant: &Grant, len: usize) -> Result<Capacity> {
    match grant.capacity {
        Some(capacity) if len > capacity.bytes() => {
            Err(otp_core::Error::PayloadTooLong { len, capacity: capacity.bytes() }.into())
        }
        Some(capacity) => Ok(capacity),
        None => Ok(Capacity::fitting(len)?),
    }
}

/// Opens a record's bytes with a key's text, without any store.
///
/// # Errors
///
/// Those of key and record.
pub fn open(key: &[u8], record: &[u8]) -> Result<Secret<LockedBuf>> {
    Ok(otp_core::open(parse_key(key)?, &Record::decode(record)?, Some(UnixTime::now()))?)
}
