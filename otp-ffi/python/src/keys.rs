//! What changes an account's keys: add, issue, rotate, revoke.

use otp_link::{Randomness, RotateError, Rotation};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyMapping};

use crate::convert::{
    self, FieldArguments, PathArgument, TextArgument, bytes_of, key_source, maybe_bytes, new_key, terms, utf8,
};
use crate::error::{Error, Result};

/// Seals a new account into a store, and gives its first key. A store that does not exist is made, for this user alone.
///
/// The fields are `username`, `password` and those of the mapping `fields`; values are str or bytes. `holder` says who will
/// hold the key; `expires` (a datetime, a timedelta from now on, or seconds after 1970) when it stops opening; and `capacity`
/// the size in bytes of the frame that hides the secret's length: 64, 128, 256 and so on. An empty password is refused, unless
/// `allow_empty` is True.
///
/// Raises ExistsError if the account exists, which stays as it is, UsageError, UnsafePermissionsError,
/// RandomnessFailedError, StoreUnavailableError.
#[pyfunction]
#[pyo3(signature = (account, *, username=None, password=None, fields=None, holder=None, expires=None, capacity=None, allow_empty=false, store=None))]
#[allow(clippy::too_many_arguments, reason = "Python passes them by name")]
pub(crate) fn add_account(
    py: Python<'_>,
    account: TextArgument,
    username: Option<&Bound<'_, PyAny>>,
    password: Option<&Bound<'_, PyAny>>,
    fields: Option<&Bound<'_, PyMapping>>,
    holder: Option<TextArgument>,
    expires: Option<&Bound<'_, PyAny>>,
    capacity: Option<&Bound<'_, PyAny>>,
    allow_empty: bool,
    store: Option<PathArgument>,
) -> Result<Py<PyAny>> {
    let fields = FieldArguments::new(username, password, fields)?;
    let (fields, mut terms) = (fields.list(), terms(holder.as_deref(), expires, capacity)?);
    terms.allow_empty_password = allow_empty;
    py.detach(|| {
        otp_link::add_account(&account, &fields, &terms, store.as_deref(), &mut Randomness::system(), |key| {
            Python::attach(|py| Ok(new_key(py, &key)?.unbind()))
        })
    })
}

/// Issues one more key to an account, for another caller. It can be revoked without touching the others.
///
/// The account's key comes from `key`, `key_file` or `key_fd`, or is looked for; see open_account(). For `holder`, `expires`
/// and `capacity` see add_account().
///
/// Raises what open_account() does, RandomnessFailedError, and OtherError if another process is rotating the account.
#[pyfunction]
#[pyo3(signature = (key=None, *, key_file=None, key_fd=None, key_credential=None, key_file_mode=None, account=None,
    holder=None, expires=None, capacity=None, store=None))]
#[allow(clippy::too_many_arguments, reason = "Python passes them by name")]
pub(crate) fn issue_key(
    py: Python<'_>,
    key: Option<&Bound<'_, PyAny>>,
    key_file: Option<PathArgument>,
    key_fd: Option<&Bound<'_, PyAny>>,
    key_credential: Option<TextArgument>,
    key_file_mode: Option<TextArgument>,
    account: Option<TextArgument>,
    holder: Option<TextArgument>,
    expires: Option<&Bound<'_, PyAny>>,
    capacity: Option<&Bound<'_, PyAny>>,
    store: Option<PathArgument>,
) -> Result<Py<PyAny>> {
    let key = maybe_bytes(key, "key")?;
    let source =
        key_source(key.as_ref(), key_file.as_ref(), key_fd, key_credential.as_deref(), key_file_mode.as_deref())?;
    let terms = terms(holder.as_deref(), expires, capacity)?;
    py.detach(|| {
        let key = source.read_for(account.as_deref())?;
        otp_link::issue_key(key, &terms, store.as_deref(), &mut Randomness::system(), |key| {
            Python::attach(|py| Ok(new_key(py, &key)?.unbind()))
        })
    })
}

/// Gives an account a new secret, and each of its keys a new key in its place. Returns the new keys.
///
/// With a key to the account, passed or found (see open_account()), the fields that you don't pass keep their values.
/// Without one, pass username, password and all others. Each new key has the holder of the key that it replaces, and its
/// expiry, unless you pass `expires`. With `grace`, a timedelta or seconds, the old keys open the old secret for that long;
/// without, they stop opening at once. A key in its grace period can't rotate the account.
///
/// `hand_over`, if you pass it, is called with the list of new keys while all the old ones still open. If it raises, nothing
/// has changed. Use it where losing the result would lock others out:
///
///     def hand_over(keys):
///         for key in keys:
///             key.write(f"/etc/otp/{key.holder}.key.new")
///
///     otp_link.rotate_account("edms/reporting", password=new, hand_over=hand_over)
///
/// Raises what issue_key() does, NotFoundError if the account has no key or the key has been replaced, ExpiredError if all
/// its keys have expired. Then nothing has changed, except where the exception has `keys`: not all of the old keys could be
/// ended, but those new ones open.
#[pyfunction]
#[pyo3(signature = (account, key=None, *, key_file=None, key_fd=None, key_credential=None, key_file_mode=None, username=None,
    password=None, fields=None, grace=None, expires=None, capacity=None, allow_empty=false, store=None, hand_over=None))]
#[allow(clippy::too_many_arguments, reason = "Python passes them by name")]
pub(crate) fn rotate_account(
    py: Python<'_>,
    account: TextArgument,
    key: Option<&Bound<'_, PyAny>>,
    key_file: Option<PathArgument>,
    key_fd: Option<&Bound<'_, PyAny>>,
    key_credential: Option<TextArgument>,
    key_file_mode: Option<TextArgument>,
    username: Option<&Bound<'_, PyAny>>,
    password: Option<&Bound<'_, PyAny>>,
    fields: Option<&Bound<'_, PyMapping>>,
    grace: Option<&Bound<'_, PyAny>>,
    expires: Option<&Bound<'_, PyAny>>,
    capacity: Option<&Bound<'_, PyAny>>,
    allow_empty: bool,
    store: Option<PathArgument>,
    hand_over: Option<Py<PyAny>>,
) -> Result<Py<PyList>> {
    let key = maybe_bytes(key, "key")?;
    let source =
        key_source(key.as_ref(), key_file.as_ref(), key_fd, key_credential.as_deref(), key_file_mode.as_deref())?;
    let fields = FieldArguments::new(username, password, fields)?;
    let (fields, mut terms) = (fields.list(), terms(None, expires, capacity)?);
    terms.allow_empty_password = allow_empty;
    let grace = grace.map(convert::grace).transpose()?;
    let new = PyList::empty(py).unbind();
    let rotated = py.detach(|| {
        let mut rotation = Rotation::new(&account, &fields);
        (rotation.key, rotation.terms, rotation.grace) = (source.read_if_given()?, terms, grace);
        rotation.store = store.as_deref();
        otp_link::rotate_account(rotation, &mut Randomness::system(), |keys| {
            Python::attach(|py| {
                // All that Python needs for them is made now, while the rotation can still be taken back.
                for key in &keys {
                    new.bind(py).append(new_key(py, key)?)?;
                }
                if let Some(hand_over) = &hand_over {
                    hand_over.call1(py, (&new,))?;
                }
                Ok(())
            })
        })
    });
    match rotated {
        Ok(()) => Ok(new),
        Err(RotateError::Unchanged(error)) => Err(error),
        Err(RotateError::Unfinished(error)) => Err(Error::Unfinished { error, keys: new }),
    }
}

/// Ends one key: its record is deleted, and a tombstone remains. The account's other keys are not touched.
///
/// `key_id` is the key's id, as list_keys() and key.id give it.
///
/// Raises NotFoundError if there is no such key, UsageError, UnsafePermissionsError, StoreUnavailableError.
#[pyfunction]
#[pyo3(signature = (account, key_id, *, store=None))]
pub(crate) fn revoke_key(
    py: Python<'_>,
    account: TextArgument,
    key_id: TextArgument,
    store: Option<PathArgument>,
) -> Result<()> {
    Ok(py.detach(|| otp_link::revoke_key(&account, &key_id, store.as_deref()))?)
}

/// Writes a key to a new file of mode 0600.
#[pyfunction]
pub(crate) fn write_key_file(py: Python<'_>, key: &Bound<'_, PyAny>, path: PathArgument) -> Result<()> {
    let key = bytes_of(key, "key")?;
    let key = utf8(&key, "key")?;
    Ok(py.detach(|| otp_link::write_key_file(&path, key))?)
}

/// Writes a key to a new credential of this user in Windows' Credential Manager.
#[pyfunction]
pub(crate) fn write_key_credential(
    py: Python<'_>,
    key: &Bound<'_, PyAny>,
    target: TextArgument,
    holder: TextArgument,
) -> Result<()> {
    let key = bytes_of(key, "key")?;
    let key = utf8(&key, "key")?;
    Ok(py.detach(|| otp_link::write_key_credential(&target, &holder, key))?)
}
