//! `otp_link.Account`: an open account, and opening one.

use std::sync::Arc;

use otp_link::Source;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyIterator, PyTuple};

use crate::convert::{PathArgument, TextArgument, key_source, maybe_bytes};
use crate::error::{Error, Result};
use crate::fields::{Fields, Form};

/// An open account: its fields, as attributes and as a mapping.
///
///     with otp_link.open_account() as account:
///         account.username            the field "username"
///         account["api key"]          any field
///         account.raw["certificate"]  its bytes, whether or not they are text
///
/// close(), or the end of the block, wipes what the account holds; access then raises ClosedError. An account does not show
/// its values, and can't be pickled or copied. A str or bytes that you take from it is a copy that belongs to Python. Threads
/// may share an account. After a fork the child has a copy of its own, which it closes itself.
///
/// A field whose name is that of a method (close, closed, format, get, items, keys, values, raw, account_name, key_id) is reached by [].
#[pyclass(frozen, mapping, weakref, module = "otp_link")]
pub(crate) struct Account(Arc<Fields>);

#[pymethods]
impl Account {
    /// The fields as bytes, in a mapping of their own.
    #[getter]
    fn raw(&self) -> RawFields {
        RawFields(Arc::clone(&self.0))
    }

    /// The account's name.
    #[getter]
    fn account_name(&self) -> &str {
        self.0.account()
    }

    /// The id of the key that opened it, which is public.
    #[getter]
    fn key_id(&self) -> &str {
        self.0.key_id()
    }

    /// Whether it has been closed.
    #[getter]
    fn closed(&self) -> bool {
        self.0.is_closed()
    }

    /// Wipes what the account holds. Access then raises ClosedError. Closing it again does nothing.
    fn close(&self) {
        self.0.close();
    }

    fn __enter__(slf: Bound<'_, Self>) -> Result<Bound<'_, Self>> {
        slf.get().0.opened()?;
        Ok(slf)
    }

    #[pyo3(signature = (*_error))]
    fn __exit__(&self, _error: &Bound<'_, PyTuple>) {
        self.0.close();
    }

    fn __getattr__<'py>(&self, py: Python<'py>, name: TextArgument) -> Result<Bound<'py, PyAny>> {
        // The interpreter and libraries look for these on a closed account too, and no field is meant.
        if name.starts_with("__") {
            return Err(Error::NoField { field: name.to_string() });
        }
        self.0.value(py, &name, Form::Text)
    }

    fn __getitem__<'py>(&self, name: &Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>> {
        self.0.item(name, Form::Text)
    }

    fn __contains__(&self, name: &Bound<'_, PyAny>) -> Result<bool> {
        self.0.contains(name)
    }

    fn __len__(&self) -> Result<usize> {
        self.0.len()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyIterator>> {
        Ok(self.0.names(py)?.try_iter()?)
    }

    /// The names of the fields: well-known names first, then the others in the order of their bytes.
    fn keys<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        Ok(self.0.names(py)?.call_method0("keys")?)
    }

    /// The values of the fields, all of which must be text.
    fn values<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        Ok(self.0.dict(py, Form::Text)?.call_method0("values")?)
    }

    /// The names and values of the fields, all of which must be text.
    fn items<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        Ok(self.0.dict(py, Form::Text)?.call_method0("items")?)
    }

    /// The value of a field, or default if the account has no such field.
    #[pyo3(signature = (name, default=None, /))]
    fn get<'py>(&self, name: &Bound<'py, PyAny>, default: Option<Bound<'py, PyAny>>) -> Result<Bound<'py, PyAny>> {
        self.0.get(name, default, Form::Text)
    }

    /// A template with the fields in it, each encoded for the client that reads it.
    ///
    /// {name} stands for a field as it is and {name|encoder} for one that is encoded; {{ and }} stand for a brace. The
    /// encoders are raw, url, conninfo, pgpass, mycnf, odbc, adonet, netrc, json, sh, fish, powershell and base64:
    /// account.format("postgresql://{username|url}:{password|url}@{host}/{database|url}"). account.raw.format gives bytes.
    ///
    /// Raises UsageError for a bad template, NoFieldError, and OtherError if an encoder can't carry a value.
    #[pyo3(signature = (template, /))]
    fn format<'py>(&self, py: Python<'py>, template: TextArgument) -> Result<Bound<'py, PyAny>> {
        self.0.format(py, &template, Form::Text)
    }

    fn __repr__(&self) -> String {
        self.0.describe()
    }

    #[pyo3(signature = (_protocol=None, /))]
    #[allow(clippy::unused_self, reason = "the interpreter passes it")]
    fn __reduce_ex__(&self, _protocol: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        Err(no_copies())
    }
}

/// The fields of an account as bytes, in a mapping. It is open as long as its account.
#[pyclass(frozen, mapping, weakref, module = "otp_link")]
pub(crate) struct RawFields(Arc<Fields>);

#[pymethods]
impl RawFields {
    fn __getitem__<'py>(&self, name: &Bound<'py, PyAny>) -> Result<Bound<'py, PyAny>> {
        self.0.item(name, Form::Bytes)
    }

    fn __contains__(&self, name: &Bound<'_, PyAny>) -> Result<bool> {
        self.0.contains(name)
    }

    fn __len__(&self) -> Result<usize> {
        self.0.len()
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyIterator>> {
        Ok(self.0.names(py)?.try_iter()?)
    }

    /// The names of the fields.
    fn keys<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        Ok(self.0.names(py)?.call_method0("keys")?)
    }

    /// The values of the fields.
    fn values<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        Ok(self.0.dict(py, Form::Bytes)?.call_method0("values")?)
    }

    /// The names and values of the fields.
    fn items<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyAny>> {
        Ok(self.0.dict(py, Form::Bytes)?.call_method0("items")?)
    }

    /// The value of a field, or default if the account has no such field.
    #[pyo3(signature = (name, default=None, /))]
    fn get<'py>(&self, name: &Bound<'py, PyAny>, default: Option<Bound<'py, PyAny>>) -> Result<Bound<'py, PyAny>> {
        self.0.get(name, default, Form::Bytes)
    }

    /// Like account.format, but returns bytes.
    #[pyo3(signature = (template, /))]
    fn format<'py>(&self, py: Python<'py>, template: TextArgument) -> Result<Bound<'py, PyAny>> {
        self.0.format(py, &template, Form::Bytes)
    }

    fn __repr__(&self) -> String {
        format!("<otp_link.RawFields of {}>", self.0.describe())
    }

    #[pyo3(signature = (_protocol=None, /))]
    #[allow(clippy::unused_self, reason = "the interpreter passes it")]
    fn __reduce_ex__(&self, _protocol: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        Err(no_copies())
    }
}

fn no_copies() -> PyErr {
    PyTypeError::new_err("an account can't be pickled or copied; open it where it is needed")
}

/// Opens an account: reads the key, finds its record, and opens it.
///
/// The key is `key` itself (a str or bytes; better not in the source), in the file `key_file` ('-' is standard input),
/// or read from the file descriptor `key_fd`. Without any of them it is found as the program otp finds it: in the file
/// that OTP_KEY_FILE names, in OTP_KEY, then in systemd's credential otp-key. A key file must be its owner's alone
/// (mode 0600), or one that systemd or a container runtime provides; key_file_mode='any' accepts any other one too. On
/// Windows, `key_credential` names a credential of this user in Credential Manager.
///
/// With `account`, the key must be for that account. The record is in the store `store`, or else in the one that OTP_STORE
/// names, or in the platform's directory for a user's data; or it is the file `record`.
///
/// Raises NotFoundError, MalformedKeyError, WrongKeyError, ExpiredError, DamagedError, NewerVersionError,
/// UnsafePermissionsError, StoreUnavailableError, AuditFailedError, UsageError, or OtherError if the key can't be read.
#[pyfunction]
#[pyo3(signature = (key=None, *, key_file=None, key_fd=None, key_credential=None, key_file_mode=None, account=None, store=None, record=None))]
#[allow(clippy::too_many_arguments, reason = "Python passes them by name")]
pub(crate) fn open_account(
    py: Python<'_>,
    key: Option<&Bound<'_, PyAny>>,
    key_file: Option<PathArgument>,
    key_fd: Option<&Bound<'_, PyAny>>,
    key_credential: Option<TextArgument>,
    key_file_mode: Option<TextArgument>,
    account: Option<TextArgument>,
    store: Option<PathArgument>,
    record: Option<PathArgument>,
) -> Result<Account> {
    let key = maybe_bytes(key, "key")?;
    let mut source = Source::default();
    source.key =
        key_source(key.as_ref(), key_file.as_ref(), key_fd, key_credential.as_deref(), key_file_mode.as_deref())?;
    source.account = account.as_deref();
    source.store = store.as_deref();
    source.record = record.as_deref();
    let opened = py.detach(|| otp_link::open_account(&source))?;
    Ok(Account(Arc::new(Fields::new(opened))))
}
