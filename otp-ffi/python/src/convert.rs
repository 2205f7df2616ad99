//! Between Python's values and ours: text and bytes, times, errors.

use std::path::{Path, PathBuf};

use otp_core::Coded;
use otp_ffi::fault::Error;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyMapping, PyString};
use zeroize::Zeroizing;

/// Bytes that are wiped.
pub(crate) type Bytes = Zeroizing<Vec<u8>>;

/// An error of ours as Python raises it: the class of its code.
pub(crate) fn raise(py: Python<'_>, error: &Error) -> PyErr {
    raise_as(py, error, class_of(error))
}

/// The name of an error's class, where it has one of its own.
fn class_of(error: &Error) -> Option<&'static str> {
    matches!(error, Error::NoField { .. }).then_some("NoFieldError")
}

/// An error of ours as an instance of a class of `otp_link.errors`.
pub(crate) fn raise_as(py: Python<'_>, error: &Error, class: Option<&str>) -> PyErr {
    let make = || {
        let errors = py.import("otp_link.errors")?;
        let class = match class {
            Some(name) => errors.getattr(name)?,
            None => errors.getattr("BY_CODE")?.get_item(error.code().number())?,
        };
        Ok(PyErr::from_value(class.call1((error.message(),))?))
    };
    make().unwrap_or_else(|error: PyErr| error)
}

pub(crate) fn usage(py: Python<'_>, message: &str) -> PyErr {
    raise(py, &Error::Usage(message.to_owned()))
}

/// Makes a call without the interpreter's lock, and raises why it failed.
pub(crate) fn detached<T: Send>(py: Python<'_>, call: impl FnOnce() -> Result<T, Error> + Send) -> PyResult<T> {
    py.detach(call).map_err(|error| raise(py, &error))
}

/// A value's bytes: of a str its UTF-8, of a bytes itself. Our copy is wiped; Python's is Python's.
pub(crate) fn bytes_of(value: &Bound<'_, PyAny>, what: &str) -> PyResult<Bytes> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(Zeroizing::new(bytes.as_bytes().to_vec()));
    }
    let Ok(text) = value.cast::<PyString>() else {
        let kind = value.get_type().name()?;
        return Err(PyTypeError::new_err(format!("{what} must be str or bytes, not {kind}")));
    };
    // The interpreter's own error would show the whole text.
    let encoded = text.encode_utf8().map_err(|_| {
        usage(value.py(), &format!("{what} has a character that UTF-8 does not have (a surrogate); give it as bytes"))
    })?;
    Ok(Zeroizing::new(encoded.as_bytes().to_vec()))
}

/// As [`bytes_of`], of what may be left out.
pub(crate) fn maybe_bytes(value: Option<&Bound<'_, PyAny>>, what: &str) -> PyResult<Option<Bytes>> {
    value.map(|value| bytes_of(value, what)).transpose()
}

/// A path: a str, a bytes, or whatever has `__fspath__`.
pub(crate) struct PathArgument(PathBuf);

impl<'a, 'py> FromPyObject<'a, 'py> for PathArgument {
    type Error = PyErr;

    fn extract(value: Borrowed<'a, 'py, PyAny>) -> PyResult<Self> {
        // Imported since the interpreter started.
        let text = value.py().import("os")?.call_method1("fsdecode", (value,))?;
        Ok(Self(text.extract()?))
    }
}

impl AsRef<Path> for PathArgument {
    fn as_ref(&self) -> &Path {
        &self.0
    }
}

/// A path that may be left out.
pub(crate) fn path(argument: Option<&PathArgument>) -> Option<&Path> {
    argument.map(AsRef::as_ref)
}

/// The fields that a call gives: username, password, and a mapping of others.
pub(crate) fn fields(
    username: Option<&Bound<'_, PyAny>>,
    password: Option<&Bound<'_, PyAny>>,
    others: Option<&Bound<'_, PyMapping>>,
) -> PyResult<Vec<(String, Bytes)>> {
    let mut fields = Vec::new();
    for (name, value) in [("username", username), ("password", password)] {
        if let Some(value) = maybe_bytes(value, name)? {
            fields.push((name.to_owned(), value));
        }
    }
    let Some(others) = others else {
        return Ok(fields);
    };
    for item in others.items()? {
        let (name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
        let name = bytes_of(&name, "a field's name")?;
        let name =
            String::from_utf8(name.to_vec()).map_err(|_| usage(others.py(), "a field's name is not valid UTF-8"))?;
        let value = bytes_of(&value, &format!("field {name:?}"))?;
        fields.push((name, value));
    }
    Ok(fields)
}

pub(crate) fn borrowed(fields: &[(String, Bytes)]) -> Vec<(&str, &[u8])> {
    fields.iter().map(|(name, value)| (name.as_str(), value.as_slice())).collect()
}

/// A time in seconds after 1970: of an int itself, of a timedelta from now on, of a datetime its timestamp.
pub(crate) fn when(value: Option<&Bound<'_, PyAny>>) -> PyResult<Option<u64>> {
    let Some(value) = value else {
        return Ok(None);
    };
    if let Some(secs) = duration_of(value)? {
        return Ok(Some(otp_core::UnixTime::now().as_secs().saturating_add(secs)));
    }
    let value = if value.hasattr("timestamp")? {
        value.call_method0("timestamp")?.call_method0("__int__")?
    } else {
        value.clone()
    };
    whole(&value, "expires must be a datetime, a timedelta, or seconds after 1970 as an int").map(Some)
}

/// A duration in seconds: of an int itself, or of a timedelta.
pub(crate) fn duration(value: Option<&Bound<'_, PyAny>>) -> PyResult<Option<u64>> {
    let Some(value) = value else {
        return Ok(None);
    };
    match duration_of(value)? {
        Some(secs) => Ok(Some(secs)),
        None => whole(value, "grace must be a timedelta, or seconds as an int").map(Some),
    }
}

/// The seconds of a timedelta; `None` if it is none.
fn duration_of(value: &Bound<'_, PyAny>) -> PyResult<Option<u64>> {
    if !value.hasattr("total_seconds")? {
        return Ok(None);
    }
    let secs = value.call_method0("total_seconds")?.call_method0("__int__")?;
    whole(&secs, "a duration must be longer than nothing").map(Some)
}

fn whole(value: &Bound<'_, PyAny>, message: &str) -> PyResult<u64> {
    match value.extract::<u64>() {
        Ok(0) => Err(usage(value.py(), message)),
        Ok(number) => Ok(number),
        // Too large, negative, or no whole number at all.
        Err(error) if error.is_instance_of::<PyTypeError>(value.py()) => Err(PyTypeError::new_err(message.to_owned())),
        Err(_) => Err(usage(value.py(), message)),
    }
}
