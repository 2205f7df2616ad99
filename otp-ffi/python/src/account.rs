//! `otp_link.Account`: an account that is open.

use std::sync::{Arc, Mutex, PoisonError};

use otp_ffi::facade::{OpenAccount, Source};
use otp_ffi::fault::Error;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use crate::convert::{self, PathArgument, path, raise, raise_as};

/// An account that is open: its fields, as attributes and as a mapping.
///
///     with otp_link.open_account() as account:
///         account.username            the field "username"
///         account["api key"]          any field
///         account.raw["certificate"]  its bytes, whether they are text or not
///
/// What it holds is wiped by close(), or when the block ends; access then raises ClosedError. It is not shown, printed,
/// pickled or copied. A str or bytes taken from it is a copy that belongs to Python. Threads may share it; after a fork the
/// child has a copy of its own, which it closes itself.
///
/// Fields named like a method (close, closed, get, items, keys, values, raw, account_name, key_id) are reached by [].
#[pyclass(frozen, mapping, weakref, module = "otp_link")]
pub(crate) struct Account {
    name: String,
    id: String,
    open: Mutex<Option<Arc<OpenAccount>>>,
}

impl Account {
    fn opened(&self, py: Python<'_>) -> PyResult<Arc<OpenAccount>> {
        self.slot().clone().ok_or_else(|| {
            let error = Error::Usage(format!("account {} is closed, and what it held is wiped", self.name));
            raise_as(py, &error, Some("ClosedError"))
        })
    }

    fn slot(&self) -> std::sync::MutexGuard<'_, Option<Arc<OpenAccount>>> {
        // It is whole whatever panicked: nothing calls out while it is locked.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn raw_value<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyBytes>> {
        let account = self.opened(py)?;
        Ok(PyBytes::new(py, value(py, &account, name)?))
    }

    fn text_value<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyString>> {
        let account = self.opened(py)?;
        let value = value(py, &account, name)?;
        // The interpreter's own error would show the whole value.
        let text = str::from_utf8(value).map_err(|_| {
            raise(py, &Error::Other(format!("field {name:?} is not UTF-8 text; take its bytes from raw[{name:?}]")))
        })?;
        Ok(PyString::new(py, text))
    }

    fn names<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let names = PyDict::new(py);
        for name in self.opened(py)?.names() {
            names.set_item(name, py.None())?;
        }
        Ok(names)
    }
}

fn value<'a>(py: Python<'_>, account: &'a OpenAccount, name: &str) -> PyResult<&'a [u8]> {
    let found = account.find(name).and_then(|index| account.field_at(index));
    found.map(|(_, value)| value).ok_or_else(|| raise(py, &account.no_field(name)))
}

/// The name that somebody asks for; one that is no text is the name of no field.
fn asked(name: &Bound<'_, PyAny>) -> PyResult<String> {
    name.extract().map_err(|_| PyTypeError::new_err("a field's name is a str"))
}

#[pymethods]
impl Account {
    /// The fields as bytes: a mapping of its own.
    #[getter]
    fn raw(slf: Bound<'_, Self>) -> RawFields {
        RawFields { account: slf.unbind() }
    }

    /// The account's name.
    #[getter]
    fn account_name(&self) -> &str {
        &self.name
    }

    /// The id of the key that opened it, which is not secret.
    #[getter]
    fn key_id(&self) -> &str {
        &self.id
    }

    /// Whether it was closed.
    #[getter]
    fn closed(&self) -> bool {
        self.slot().is_none()
    }

    /// Wipes what the account holds. Access then raises ClosedError. Closing twice is nothing.
    fn close(&self) {
        drop(self.slot().take());
    }

    fn __enter__(slf: Bound<'_, Self>) -> PyResult<Bound<'_, Self>> {
        slf.get().opened(slf.py())?;
        Ok(slf)
    }

    #[pyo3(signature = (*_error))]
    fn __exit__(&self, _error: &Bound<'_, pyo3::types::PyTuple>) {
        self.close();
    }

    fn __getattr__<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyString>> {
        // What the interpreter and others look for is no field: that must work on a closed account too.
        if name.starts_with("__") {
            return Err(raise(py, &Error::NoField { field: name.to_owned(), there: Vec::new() }));
        }
        self.text_value(py, name)
    }

    fn __getitem__<'py>(&self, py: Python<'py>, name: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyString>> {
        self.text_value(py, &asked(name)?)
    }

    fn __contains__(&self, py: Python<'_>, name: &Bound<'_, PyAny>) -> PyResult<bool> {
        let account = self.opened(py)?;
        Ok(name.extract::<String>().is_ok_and(|name| account.find(&name).is_some()))
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        Ok(self.opened(py)?.field_count())
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, pyo3::types::PyIterator>> {
        self.names(py)?.try_iter()
    }

    /// The names of the fields: the usual ones first, then the others in the order of their bytes.
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.names(py)?.call_method0("keys")
    }

    /// The values of the fields, all of which must be text.
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.texts(py)?.call_method0("values")
    }

    /// The names and values of the fields, all of which must be text.
    fn items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.texts(py)?.call_method0("items")
    }

    /// The value of a field, or default if there is none.
    #[pyo3(signature = (name, default=None, /))]
    fn get<'py>(
        &self,
        py: Python<'py>,
        name: &Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let name = asked(name)?;
        if self.opened(py)?.find(&name).is_none() {
            return Ok(default.unwrap_or_else(|| py.None().into_bound(py)));
        }
        Ok(self.text_value(py, &name)?.into_any())
    }

    fn __repr__(&self) -> String {
        let state = if self.closed() { ", closed" } else { "" };
        format!("<otp_link.Account {} opened with key {}{state}>", self.name, self.id)
    }

    #[pyo3(signature = (_protocol=None, /))]
    #[allow(clippy::unused_self, reason = "the interpreter passes it")]
    fn __reduce_ex__(&self, _protocol: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        Err(PyTypeError::new_err("an account is not pickled or copied; open it where it is needed"))
    }
}

impl Account {
    fn texts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let texts = PyDict::new(py);
        let account = self.opened(py)?;
        for name in account.names() {
            texts.set_item(name, self.text_value(py, name)?)?;
        }
        Ok(texts)
    }
}

/// The fields of an account as bytes: a mapping. It is open as long as its account is.
#[pyclass(frozen, mapping, weakref, module = "otp_link")]
pub(crate) struct RawFields {
    account: Py<Account>,
}

impl RawFields {
    fn all<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let values = PyDict::new(py);
        let account = self.account.get();
        for name in account.opened(py)?.names() {
            values.set_item(name, account.raw_value(py, name)?)?;
        }
        Ok(values)
    }
}

#[pymethods]
impl RawFields {
    fn __getitem__<'py>(&self, py: Python<'py>, name: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyBytes>> {
        self.account.get().raw_value(py, &asked(name)?)
    }

    fn __contains__(&self, py: Python<'_>, name: &Bound<'_, PyAny>) -> PyResult<bool> {
        self.account.get().__contains__(py, name)
    }

    fn __len__(&self, py: Python<'_>) -> PyResult<usize> {
        self.account.get().__len__(py)
    }

    fn __iter__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, pyo3::types::PyIterator>> {
        self.account.get().__iter__(py)
    }

    /// The names of the fields.
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.account.get().keys(py)
    }

    /// The values of the fields.
    fn values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.all(py)?.call_method0("values")
    }

    /// The names and values of the fields.
    fn items<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.all(py)?.call_method0("items")
    }

    /// The value of a field, or default if there is none.
    #[pyo3(signature = (name, default=None, /))]
    fn get<'py>(
        &self,
        py: Python<'py>,
        name: &Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        let name = asked(name)?;
        if self.account.get().opened(py)?.find(&name).is_none() {
            return Ok(default.unwrap_or_else(|| py.None().into_bound(py)));
        }
        Ok(self.account.get().raw_value(py, &name)?.into_any())
    }

    fn __repr__(&self) -> String {
        format!("<otp_link.RawFields of {}>", self.account.get().__repr__())
    }

    #[pyo3(signature = (_protocol=None, /))]
    #[allow(clippy::unused_self, reason = "the interpreter passes it")]
    fn __reduce_ex__(&self, _protocol: Option<&Bound<'_, PyAny>>) -> PyResult<()> {
        Err(PyTypeError::new_err("an account is not pickled or copied; open it where it is needed"))
    }
}

/// Opens an account: reads the key, finds its record, and opens it.
///
/// The key is `key` itself (a str, better not one that stands in a program), the file `key_file` ('-' is standard input), or
/// what the file descriptor `key_fd` gives. Without any of them it is looked for as the program otp does: the file
/// that OTP_KEY_FILE names, OTP_KEY, then systemd's credential otp-key. A key file must be its owner's alone (mode 0600).
///
/// `account` is the account that the key must be for, if you want to make sure. The record is in the store `store`, or
/// without that in the one that OTP_STORE names, or in the platform's directory for a user's data; or it is the file
/// `record`.
///
/// Raises NotFoundError, MalformedKeyError, WrongKeyError, ExpiredError, DamagedError, NewerVersionError,
/// UnsafePermissionsError, StoreUnavailableError, UsageError, or OtherError if the key file can't be read.
#[pyfunction]
#[pyo3(signature = (key=None, *, key_file=None, key_fd=None, account=None, store=None, record=None))]
pub(crate) fn open_account(
    py: Python<'_>,
    key: Option<&Bound<'_, PyAny>>,
    key_file: Option<PathArgument>,
    key_fd: Option<i32>,
    account: Option<&str>,
    store: Option<PathArgument>,
    record: Option<PathArgument>,
) -> PyResult<Account> {
    let key = convert::maybe_bytes(key, "the key")?;
    let source = Source {
        key: key.as_ref().map(|key| key.as_slice()),
        key_file: path(key_file.as_ref()),
        key_fd,
        account,
        store: path(store.as_ref()),
        record: path(record.as_ref()),
    };
    let opened = convert::detached(py, || source.open())?;
    Ok(Account {
        name: opened.name().to_string(),
        id: opened.id().to_string(),
        open: Mutex::new(Some(Arc::new(opened))),
    })
}
