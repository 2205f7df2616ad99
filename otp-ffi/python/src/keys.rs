//! What is done with keys: add, issue, rotate, revoke.

use std::sync::Mutex;

use otp_core::Holder;
use otp_ffi::facade::{self, GrantSpec, NewKey, RotateError, Source};
use otp_ffi::fault::Error;
use pyo3::prelude::*;
use pyo3::types::{PyList, PyMapping};

use crate::convert::{self, PathArgument, borrowed, bytes_of, detached, duration, maybe_bytes, path, raise, when};

/// Why a call failed: for a reason of ours, or because Python raised.
pub(crate) enum Failure {
    Ours(Error),
    Python(PyErr),
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Ours(error)
    }
}

impl From<PyErr> for Failure {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl Failure {
    pub(crate) fn raise(self, py: Python<'_>) -> PyErr {
        match self {
            Self::Ours(error) => raise(py, &error),
            Self::Python(error) => error,
        }
    }
}

/// A new key as Python has it, an `otp_link.Key`.
pub(crate) fn to_python(py: Python<'_>, key: &NewKey) -> PyResult<Py<PyAny>> {
    let (id, replaces) = (key.id().to_string(), key.replaces().map(|id| id.to_string()));
    let arguments = (key.text(), key.account().as_str(), id, key.holder().map(Holder::as_str), replaces);
    Ok(py.import("otp_link")?.getattr("Key")?.call1(arguments)?.unbind())
}

/// Seals a new account into a store, and gives its first key. The store is made, for this user alone, if it is missing.
///
/// The fields are `username`, `password` and those of the mapping `fields`; values are str or bytes. `holder` says who will
/// hold the key, `expires` (a datetime, a timedelta from now on, or seconds after 1970) when it stops to open, `capacity` how
/// many bytes the frame has that hides the secret's length: 64, 128, 256 and so on.
///
/// Raises ExistsError if the account has a key, which stays as it is, UsageError, UnsafePermissionsError,
/// RandomnessFailedError, StoreUnavailableError.
#[pyfunction]
#[pyo3(signature = (account, *, username=None, password=None, fields=None, holder=None, expires=None, capacity=None, store=None))]
#[allow(clippy::too_many_arguments, reason = "Python calls them by name")]
pub(crate) fn add_account(
    py: Python<'_>,
    account: &str,
    username: Option<&Bound<'_, PyAny>>,
    password: Option<&Bound<'_, PyAny>>,
    fields: Option<&Bound<'_, PyMapping>>,
    holder: Option<&str>,
    expires: Option<&Bound<'_, PyAny>>,
    capacity: Option<u32>,
    store: Option<PathArgument>,
) -> PyResult<Py<PyAny>> {
    let given = convert::fields(username, password, fields)?;
    let spec = GrantSpec { holder, expires: when(expires)?, capacity };
    let added = py.detach(|| {
        facade::add(account, &borrowed(&given), &spec, path(store.as_ref()), |key| -> Result<_, Failure> {
            Ok(Python::attach(|py| to_python(py, &key))?)
        })
    });
    added.map_err(|failure| failure.raise(py))
}

/// Gives one more caller a key of his own to an account, which can be revoked without touching the others.
///
/// The account's key comes from `key`, `key_file` or `key_fd`, or is looked for; see open_account(). The new key has the
/// terms that `holder`, `expires` and `capacity` say; see add_account().
///
/// Raises what open_account() does, and RandomnessFailedError. OtherError also if somebody is rotating the account.
#[pyfunction]
#[pyo3(signature = (key=None, *, key_file=None, key_fd=None, account=None, holder=None, expires=None, capacity=None, store=None))]
#[allow(clippy::too_many_arguments, reason = "Python calls them by name")]
pub(crate) fn issue_key(
    py: Python<'_>,
    key: Option<&Bound<'_, PyAny>>,
    key_file: Option<PathArgument>,
    key_fd: Option<i32>,
    account: Option<&str>,
    holder: Option<&str>,
    expires: Option<&Bound<'_, PyAny>>,
    capacity: Option<u32>,
    store: Option<PathArgument>,
) -> PyResult<Py<PyAny>> {
    let key = maybe_bytes(key, "the key")?;
    let source = Source {
        key: key.as_ref().map(|key| key.as_slice()),
        key_file: path(key_file.as_ref()),
        key_fd,
        account,
        store: path(store.as_ref()),
        record: None,
    };
    let spec = GrantSpec { holder, expires: when(expires)?, capacity };
    let issued = py.detach(|| {
        facade::issue(&source, &spec, |key| -> Result<_, Failure> { Ok(Python::attach(|py| to_python(py, &key))?) })
    });
    issued.map_err(|failure| failure.raise(py))
}

/// Gives an account a new secret, and each of its keys a new key in its place. Returns the new keys.
///
/// With a key to the account, given or found (see open_account()), the fields that are not given anew stay as they are.
/// Without one, all of them have to be given. Each new key has the holder and expiry of the one that it replaces.
/// With `grace`, a timedelta or seconds, the old keys open the old secret for that long; without, not at all.
///
/// `hand_over`, if it is given, is called with the list of new keys while all the old ones still open: it puts them where
/// they belong. If it raises, nothing has changed. Use it where losing the result would lock others out:
///
///     def hand_over(keys):
///         for key in keys:
///             key.write(f"/etc/otp/{key.holder}.key.new")
///
///     otp_link.rotate_account("edms/reporting", password=new, hand_over=hand_over)
///
/// Raises what issue_key() does, NotFoundError if the account has no key, ExpiredError if all have expired. Nothing has changed
/// then, except where the exception has `keys`: the old keys could not all be ended, but those new ones open.
#[pyfunction]
#[pyo3(signature = (account, key=None, *, key_file=None, key_fd=None, username=None, password=None, fields=None,
    grace=None, expires=None, capacity=None, store=None, hand_over=None))]
#[allow(clippy::too_many_arguments, reason = "Python calls them by name")]
pub(crate) fn rotate_account(
    py: Python<'_>,
    account: &str,
    key: Option<&Bound<'_, PyAny>>,
    key_file: Option<PathArgument>,
    key_fd: Option<i32>,
    username: Option<&Bound<'_, PyAny>>,
    password: Option<&Bound<'_, PyAny>>,
    fields: Option<&Bound<'_, PyMapping>>,
    grace: Option<&Bound<'_, PyAny>>,
    expires: Option<&Bound<'_, PyAny>>,
    capacity: Option<u32>,
    store: Option<PathArgument>,
    hand_over: Option<Py<PyAny>>,
) -> PyResult<Py<PyList>> {
    let key = maybe_bytes(key, "the key")?;
    let given = convert::fields(username, password, fields)?;
    let spec = GrantSpec { holder: None, expires: when(expires)?, capacity };
    let grace = duration(grace)?;
    let source = Source {
        key: key.as_ref().map(|key| key.as_slice()),
        key_file: path(key_file.as_ref()),
        key_fd,
        account: Some(account),
        store: path(store.as_ref()),
        record: None,
    };
    let new = Mutex::new(None);
    let take = |keys: Vec<NewKey>| -> Result<(), Failure> {
        Python::attach(|py| {
            // All that Python needs for them is made now, while the rotation can still be taken back.
            let keys = keys.iter().map(|key| to_python(py, key)).collect::<PyResult<Vec<_>>>()?;
            let list = PyList::new(py, keys)?.unbind();
            if let Some(hand_over) = &hand_over {
                hand_over.call1(py, (list.clone_ref(py),))?;
            }
            *new.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(list);
            Ok(())
        })
    };
    let rotated = py.detach(|| facade::rotate(&source, &borrowed(&given), &spec, grace, take));
    let list = new.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    match (rotated, list) {
        (Ok(()), Some(list)) => Ok(list),
        (Err(RotateError::Unchanged(failure)), _) => Err(failure.raise(py)),
        (Err(RotateError::Unfinished(error)), list) => {
            let raised = raise(py, &error);
            raised.value(py).setattr("keys", list)?;
            Err(raised)
        }
        (Ok(()), None) => Err(raise(py, &Error::Other("the rotation gave no keys; this is a defect".into()))),
    }
}

/// Ends one key: its record is deleted, and a trace of it stays. The account's other keys are not touched.
///
/// `key_id` is the id of the key, as list_keys() and key.id have it.
///
/// Raises NotFoundError if there is no such key, UsageError, UnsafePermissionsError, StoreUnavailableError.
#[pyfunction]
#[pyo3(signature = (account, key_id, *, store=None))]
pub(crate) fn revoke_key(py: Python<'_>, account: &str, key_id: &str, store: Option<PathArgument>) -> PyResult<()> {
    detached(py, || facade::revoke(account, key_id, path(store.as_ref())))
}

/// Writes a key to a new file of mode 0600.
#[pyfunction]
pub(crate) fn write_key_file(py: Python<'_>, key: &Bound<'_, PyAny>, path: PathArgument) -> PyResult<()> {
    let text = bytes_of(key, "the key")?;
    let path = path.as_ref();
    detached(py, || {
        let text = str::from_utf8(&text).map_err(|_| Error::Usage("the key is not valid UTF-8".into()))?;
        Ok(otp_store_fs::locate::write_key_file(path, text)?)
    })
}
