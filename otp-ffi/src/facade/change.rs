//! What makes new keys: add, issue, rotate, and how they are handed over.

use std::fmt;
use std::path::Path;

use otp_core::account::check_field_name;
use otp_core::keeper::Replacement;
use otp_core::{Account, AccountName, Capacity, Fields, Grant, Holder, Key, KeyId, Secret, Slot, Store, UnixTime};
use otp_store_fs::FsStore;
use otp_store_fs::locate::{StoreChoice, environment};
use otp_store_fs::sys::LockedBuf;

use super::{Result, Source, keeper, open_store};
use crate::fault::Error;

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
    pub(super) fn grant(&self) -> Result<Grant> {
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
    pub(super) fn new(key: &Key<Vec<u8>>, holder: Option<Holder>, replaces: Option<KeyId>) -> Result<Self> {
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
