//! Rotating an account.

use std::path::Path;

use otp_core::keeper::{MAX_GRACE_SECS, Replacement};
use otp_core::{Account, AccountName, Fields, KeepError};
use otp_sys::LockedBuf;

use crate::audit::{Entry, Event};
use crate::error::{Error, Result};
use crate::key_source::{Key, check_account};
use crate::new_key::NewKey;
use crate::randomness::Randomness;
use crate::terms::KeyTerms;
use crate::verify::Fault;
use crate::{fields, store};

/// Why a rotation ended early.
#[derive(Debug)]
pub enum RotateError<E> {
    /// Nothing has changed: the old keys open, and the new ones are gone.
    Unchanged(E),
    /// The new keys were handed over and open; some of the old ones may still open. Rotating again ends those.
    Unfinished(Error),
}

impl<E: From<Error>> From<Error> for RotateError<E> {
    fn from(error: Error) -> Self {
        Self::Unchanged(error.into())
    }
}

/// What a rotation is to do.
#[derive(Debug)]
#[non_exhaustive]
pub struct Rotation<'a> {
    /// The account.
    pub account: &'a str,
    /// A current key; with it, the fields that are not given keep their values.
    pub key: Option<Key>,
    /// The new fields.
    pub fields: &'a [(&'a str, &'a [u8])],
    /// Whether, without a key, an account without username or password is meant.
    pub fields_only: bool,
    /// The terms of all new keys; what is left out stays as it was.
    pub terms: KeyTerms<'a>,
    /// For how many seconds the old keys open the old secret; `None` for not at all.
    pub grace: Option<u64>,
    /// The store's directory.
    pub store: Option<&'a Path>,
    /// Whether an account that is kept in a ring may leave it behind.
    pub without_ring: bool,
}

impl<'a> Rotation<'a> {
    /// A rotation of an account to new fields.
    #[must_use]
    pub fn new(account: &'a str, fields: &'a [(&'a str, &'a [u8])]) -> Self {
        let terms = KeyTerms::default();
        Self { account, key: None, fields, fields_only: false, terms, grace: None, store: None, without_ring: false }
    }
}

/// Gives an account a new secret, and replaces each of its keys with a new one.
///
/// With a key, which must be current, the fields that are not given keep their values. Without one, the given fields
/// are all that the account will have. `hand_over` gets the new keys while the old ones still open. If it fails, the
/// rotation is taken back; otherwise the old keys end: at once, or after opening the old secret for `grace` seconds.
///
/// It returns the keys that were left as they are because their records are damaged; each should be revoked.
///
/// # Errors
///
/// [`RotateError::Unchanged`] with those of [`otp_core::Keeper::rotate_from`], [`Error::NothingNew`],
/// [`Error::IncompleteLogin`], or what `hand_over` fails with; [`RotateError::Unfinished`] if the old keys could not be ended.
pub fn rotate_account<E: From<Error>>(
    rotation: Rotation<'_>,
    randomness: &mut Randomness,
    hand_over: impl FnOnce(Vec<NewKey>) -> Result<(), E>,
) -> Result<Vec<Fault>, RotateError<E>> {
    let Rotation { account, key, fields, fields_only, terms, grace, store, without_ring } = rotation;
    let mut entry = Entry::begin(Event::Rotate)?;
    let prepare = || -> Result<_> {
        let (name, grant) = (AccountName::parse(account)?, terms.grant()?);
        let new = fields::collect(fields)?;
        if new.payload().is_empty() {
            return Err(Error::NothingNew);
        }
        terms.check_fields(&new)?;
        if grace.is_some_and(|secs| secs > MAX_GRACE_SECS) {
            return Err(KeepError::GraceTooLong.into());
        }
        match &key {
            Some(key) => check_account(key, Some(account))?,
            None if fields_only => {}
            // Nothing of the old secret is kept, so a field that is left out would be gone.
            None => check_login(&new)?,
        }
        Ok((name, grant, new, store::open_to_write(store)?))
    };
    let (name, grant, new, store) = prepare().map_err(|error| entry.refused(error))?;
    match &key {
        Some(key) => entry.key(key.account(), key.id()),
        None => entry.account(&name),
    }
    let keeper = store::keeper(&store);
    let keeper = if without_ring { keeper.leaving_rings() } else { keeper };
    let rotation = match key {
        Some(key) => keeper.rotate_from(key, |old| merge(old, &new), &grant, grace, randomness),
        None => keeper.rotate(&name, new.payload(), &grant, grace, randomness).map_err(Error::from),
    };
    let rotation = rotation.map_err(|error| entry.refused(error))?;
    let keys: Result<Vec<NewKey>> = rotation
        .replacements()
        .iter()
        .map(|Replacement { old, holder, key, .. }| NewKey::new(key, holder.clone(), Some(*old)))
        .collect();
    match keys.and_then(|keys| entry.granted().map(|()| keys)).map_err(E::from).and_then(hand_over) {
        Ok(()) => {
            let damaged = rotation.damaged().iter().map(|(id, error)| Fault::damaged(&name, *id, *error)).collect();
            rotation.finish().map(|()| damaged).map_err(|error| RotateError::Unfinished(entry.refused(error.into())))
        }
        Err(error) => {
            // What can't be taken back opens for nobody, and the next rotation ends it.
            let _ = rotation.abandon();
            Err(RotateError::Unchanged(error))
        }
    }
}

fn check_login(account: &Account<LockedBuf>) -> Result<()> {
    let has = |name| account.fields().get(name).is_some();
    if has("username") && has("password") { Ok(()) } else { Err(Error::IncompleteLogin) }
}

/// The old payload with the new fields in it.
pub(crate) fn merge(old: &[u8], new: &Account<LockedBuf>) -> Result<Payload> {
    let mut account = Account::in_memory();
    account.update(Fields::decode(old)?)?;
    account.update(new.fields())?;
    Ok(Payload(account))
}

pub(crate) struct Payload(Account<LockedBuf>);

impl AsRef<[u8]> for Payload {
    fn as_ref(&self) -> &[u8] {
        self.0.payload()
    }
}

/// Refuses an account that does not exist, and a key that is not current, before somebody types a password.
///
/// # Errors
///
/// As [`rotate_account`].
pub fn check_rotation(account: &str, key: Option<&Key>, store: Option<&Path>) -> Result<()> {
    let name = AccountName::parse(account)?;
    let store = store::open(store)?;
    let keeper = store::keeper(&store);
    let info = keeper.info(&name)?;
    if let (true, Some((id, error))) = (info.keys.is_empty(), info.damaged.first()) {
        return Err(Fault::damaged(&name, *id, *error).error);
    }
    if let Some(key) = key {
        check_account(key, Some(account))?;
        keeper.verify(key)?;
        keeper.check_current(key.account(), key.id())?;
    }
    Ok(())
}
