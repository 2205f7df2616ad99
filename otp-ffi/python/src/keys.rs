//! What changes an account's keys: add, issue, rotate, revoke.

use otp_link::ring::find_ring;
use otp_link::{Randomness, RotateError, Rotation};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyMapping};

use crate::apply::Apply;
use crate::convert::{
    self, FieldArguments, PathArgument, TextArgument, bytes_of, key_source, maybe_bytes, new_key, place, terms, texts,
    utf8,
};
use crate::error::{Error, Result};
use crate::renew::Asked;
use crate::warning;

/// Seals a new account into a store, and returns its first key. A store that does not exist is made, for this user
/// alone.
///
/// The fields are `username`, `password` and those of the mapping `fields`; values are str or bytes. `holder` says who will
/// hold the key; `expires` (a datetime, a timedelta from now on, or seconds after 1970) when it stops opening; and `capacity`
/// the size in bytes of the frame that hides the secret's length: 64, 128, 256 and so on. An empty password is refused, unless
/// `allow_empty` is True.
///
/// With `ring`, or if OTP_RING names one, the administrator's ring keeps a copy of the key. A key of so many `pages` (1
/// to 255) then keeps its text while rotate_account() gives the account that many secrets.
///
/// Raises ExistsError if the account exists, which stays as it is, UsageError, UnsafePermissionsError,
/// RandomnessFailedError, StoreUnavailableError; with a ring also LockedError, StaleRingError.
#[pyfunction]
#[pyo3(signature = (account, *, username=None, password=None, fields=None, holder=None, expires=None, capacity=None, pages=None,
    allow_empty=false, store=None, ring=None))]
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
    pages: Option<&Bound<'_, PyAny>>,
    allow_empty: bool,
    store: Option<PathArgument>,
    ring: Option<PathArgument>,
) -> Result<Py<PyAny>> {
    let fields = FieldArguments::new(username, password, fields)?;
    let (fields, mut terms) = (fields.list(), terms(holder.as_deref(), expires, capacity, pages)?);
    terms.allow_empty_password = allow_empty;
    let place = place(store.as_ref(), ring.as_ref());
    py.detach(|| {
        otp_link::add_account(&account, &fields, &terms, place, &mut Randomness::system(), |key| {
            Python::attach(|py| Ok(new_key(py, &key)?.unbind()))
        })
    })
}

/// Issues one more key to an account, for another caller. It can be revoked without touching the others.
///
/// The account's key comes from `key`, `key_file` or `key_fd`, or is found; see open_account(). With `ring`, or
/// OTP_RING, the ring has one: pass `account`, and no key. For `holder`, `expires`, `capacity` and `pages` see
/// add_account().
///
/// Raises what open_account() does, RandomnessFailedError, and OtherError if another process is rotating the account; with a
/// ring also LockedError, StaleRingError.
#[pyfunction]
#[pyo3(signature = (key=None, *, key_file=None, key_fd=None, key_credential=None, key_file_mode=None, account=None,
    holder=None, expires=None, capacity=None, pages=None, store=None, ring=None))]
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
    pages: Option<&Bound<'_, PyAny>>,
    store: Option<PathArgument>,
    ring: Option<PathArgument>,
) -> Result<Py<PyAny>> {
    let is_key_given = key.is_some() || key_file.is_some() || key_fd.is_some();
    let key = maybe_bytes(key, "key")?;
    let source =
        key_source(key.as_ref(), key_file.as_ref(), key_fd, key_credential.as_deref(), key_file_mode.as_deref())?;
    let terms = terms(holder.as_deref(), expires, capacity, pages)?;
    let place = place(store.as_ref(), ring.as_ref());
    py.detach(|| {
        let mut randomness = Randomness::system();
        let hand_over = |key| Python::attach(|py| Ok(new_key(py, &key)?.unbind()));
        if find_ring(ring.as_deref()).is_some() && !is_key_given {
            let account = account.as_deref().ok_or(Error::NoAccount)?;
            return otp_link::issue_key_from_ring(account, &terms, place, &mut randomness, hand_over);
        }
        let key = source.read_for(account.as_deref())?;
        otp_link::issue_key(key, &terms, place, &mut randomness, hand_over)
    })
}

/// Gives an account a new secret, and replaces each of its keys with a new one. Returns the new keys.
///
/// With a key to the account, passed or found (see open_account()), the fields that you don't pass keep their values.
/// Without one, pass username, password and all others. Each new key has the holder of the key that it replaces, and
/// its expiry, unless you pass `expires`. With `grace`, a timedelta or seconds, the old keys open the old secret for
/// that long; without it, they stop opening at once. A key in its grace period can't rotate the account.
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
/// With `ring`, or OTP_RING, the ring has the keys to the account, and each key that has a page left keeps its text:
/// its caller needs nothing new. The returned keys are only for callers whose key has used its last page. `apply`
/// changes the database in between. It is called with the account's name and two dicts, the old and the new fields, all
/// of them text. It logs in with the old credential and sets the new one. If the old one is refused, it tries the new
/// one; if that works, the change was made before. It returns None or True if the database has the new credential, and
/// False if it still has the old one, for certain; then nothing has changed, and OtherError is raised. If it raises
/// anything, or this process dies, the change is in doubt: InDoubtError is raised, with what was raised as its
/// __cause__, and resume_rotation() carries on. The same holds if the store fails later. The ring is locked meanwhile,
/// so don't use it there. Without `apply`, the database has been changed already.
///
///     def apply(account, old, new):
///         with psycopg.connect(user=old["username"], password=old["password"]) as database: ...
///
/// `new_keys` gives every holder a new key; without it, a rotation that would end a key is a UsageError. `end_unknown`
/// are the ids of keys to end that the ring does not know. If `hand_over` raises, the rotation stands, and export_key()
/// returns the new keys again. An account that is kept in a ring is rotated without it only with without_ring=True.
///
/// Raises what issue_key() does, NotFoundError if the account has no key or the key has been replaced, ExpiredError if all
/// its keys have expired. Then nothing has changed, except where the exception has `keys`: not all of the old keys could be
/// ended, but those new ones open.
#[pyfunction]
#[pyo3(signature = (account, key=None, *, key_file=None, key_fd=None, key_credential=None, key_file_mode=None, username=None,
    password=None, fields=None, grace=None, expires=None, capacity=None, pages=None, allow_empty=false, store=None, ring=None,
    without_ring=false, apply=None, new_keys=false, end_unknown=None, hand_over=None))]
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
    pages: Option<&Bound<'_, PyAny>>,
    allow_empty: bool,
    store: Option<PathArgument>,
    ring: Option<PathArgument>,
    without_ring: bool,
    apply: Option<Bound<'_, PyAny>>,
    new_keys: bool,
    end_unknown: Option<&Bound<'_, PyAny>>,
    hand_over: Option<Py<PyAny>>,
) -> Result<Py<PyList>> {
    let is_key_given = key.is_some() || key_file.is_some() || key_fd.is_some();
    let key = maybe_bytes(key, "key")?;
    let source =
        key_source(key.as_ref(), key_file.as_ref(), key_fd, key_credential.as_deref(), key_file_mode.as_deref())?;
    let fields = FieldArguments::new(username, password, fields)?;
    let (fields, mut terms) = (fields.list(), terms(None, expires, capacity, pages)?);
    terms.allow_empty_password = allow_empty;
    let grace = grace.map(convert::grace).transpose()?;
    let (apply, end_unknown) = (Apply::new(apply)?, texts(end_unknown)?);
    let new = PyList::empty(py).unbind();
    if find_ring(ring.as_deref()).is_some() && !without_ring {
        check_with_ring(is_key_given, grace)?;
        let asked = Asked {
            account: &account,
            terms,
            new_keys,
            end_unknown: &end_unknown,
            place: place(store.as_ref(), ring.as_ref()),
            apply: &apply,
            hand_over: hand_over.as_ref(),
            new: &new,
        };
        py.detach(|| asked.rotate(&fields))?;
        return Ok(new);
    }
    let only_with_ring =
        [(apply.is_given(), "apply"), (new_keys, "new_keys"), (!end_unknown.is_empty(), "end_unknown")];
    if let Some((_, what)) = only_with_ring.into_iter().find(|(given, _)| *given) {
        return Err(otp_link::Error::RingOnly { what }.into());
    }
    let rotated = py.detach(|| {
        let mut rotation = Rotation::new(&account, &fields);
        (rotation.key, rotation.terms, rotation.grace) = (source.read_if_given()?, terms, grace);
        (rotation.store, rotation.without_ring) = (store.as_deref(), without_ring);
        otp_link::rotate_account(rotation, &mut Randomness::system(), |keys| {
            Python::attach(|py| {
                // Make everything that Python needs for them now, while the rotation can still be taken back.
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
        Ok(faults) => {
            faults.iter().for_each(warning::fault);
            Ok(new)
        }
        Err(RotateError::Unchanged(error)) => Err(error),
        Err(RotateError::Unfinished(error)) => Err(Error::Unfinished { error, keys: new }),
    }
}

/// Refuses what means nothing for an account in a ring.
fn check_with_ring(is_key_given: bool, grace: Option<u64>) -> Result<()> {
    if grace.is_some() {
        return Err(Error::NotWithRing {
            message: "keys that keep their text have no grace period",
            hint: "leave out grace; holders of such keys read the new secret at once",
        });
    }
    if is_key_given {
        return Err(Error::NotWithRing {
            message: "the ring has the keys to the account",
            hint: "leave out key, key_file and key_fd",
        });
    }
    Ok(())
}

/// Ends one key: its record is deleted, and a tombstone remains. The account's other keys are not touched.
///
/// `key_id` is the key's id, as list_keys() and key.id give it. With `ring`, or OTP_RING, the ring's copy is wiped, and
/// the ring knows that the key has ended. If the account is kept in a ring and you don't give it, there is a warning:
/// anyone who can write the store could bring the key back.
///
/// Raises NotFoundError if there is no such key, UsageError, UnsafePermissionsError, StoreUnavailableError; with a ring also
/// LockedError, StaleRingError.
#[pyfunction]
#[pyo3(signature = (account, key_id, *, store=None, ring=None))]
pub(crate) fn revoke_key(
    py: Python<'_>,
    account: TextArgument,
    key_id: TextArgument,
    store: Option<PathArgument>,
    ring: Option<PathArgument>,
) -> Result<()> {
    let place = place(store.as_ref(), ring.as_ref());
    Ok(py.detach(|| otp_link::revoke_key(&account, &key_id, place))?)
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
