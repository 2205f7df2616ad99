//! Between Python's values and ours: bytes, text, paths, fields, times, keys.

use std::ops::Deref;
use std::path::{Path, PathBuf};
use std::time::Duration;

use otp_core::{Holder, UnixTime};
use otp_link::{KeyFileMode, KeySource, KeyTerms, NewKey, Place};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyMapping, PyString};

use crate::error::{Error, Result};

const EXPIRES: Argument =
    Argument { name: "expires", needs: "a datetime, a timedelta, or seconds after 1970 as an int" };
const GRACE: Argument = Argument { name: "grace", needs: "a timedelta or an int, of one second or more" };
const CAPACITY: Argument = Argument { name: "capacity", needs: "an int: 64, 128, 256 and so on" };
const PAGES: Argument = Argument { name: "pages", needs: "an int from 1 to 255" };
const LOCK_TIMEOUT: Argument = Argument { name: "seconds", needs: "an int of 0 or more" };
const KEY_FD: Argument = Argument { name: "key_fd", needs: "an int: the number of an open file descriptor" };

/// An argument that is a number or a time: its name, and what it has to be.
#[derive(Clone, Copy)]
struct Argument {
    name: &'static str,
    needs: &'static str,
}

impl Argument {
    fn out_of_range(self) -> Error {
        Error::OutOfRange { argument: self.name, needs: self.needs }
    }
}

/// A name or id: a str.
#[derive(Default)]
pub(crate) struct TextArgument(String);

impl<'a, 'py> FromPyObject<'a, 'py> for TextArgument {
    type Error = Error;

    fn extract(value: Borrowed<'a, 'py, PyAny>) -> Result<Self> {
        Ok(Self(text_of(&value, "a name or id")?))
    }
}

impl Deref for TextArgument {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

/// A path: a str, bytes, or anything that has `__fspath__`.
pub(crate) struct PathArgument(PathBuf);

impl<'a, 'py> FromPyObject<'a, 'py> for PathArgument {
    type Error = Error;

    fn extract(value: Borrowed<'a, 'py, PyAny>) -> Result<Self> {
        // The interpreter imports it when it starts.
        let text = value.py().import("os")?.call_method1("fsdecode", (value,))?;
        // It may have a surrogate that does not stand for a byte.
        Ok(Self(text.extract().map_err(|_| Error::Surrogate { argument: "a path".to_owned() })?))
    }
}

impl Deref for PathArgument {
    type Target = Path;

    fn deref(&self) -> &Path {
        &self.0
    }
}

/// A value's bytes: those of a bytes, or the UTF-8 of a str. They are Python's, which are not wiped.
pub(crate) fn bytes_of<'py>(value: &Bound<'py, PyAny>, argument: &str) -> Result<Bound<'py, PyBytes>> {
    if let Ok(bytes) = value.cast::<PyBytes>() {
        return Ok(bytes.clone());
    }
    let text = value.cast::<PyString>().map_err(|_| wrong_type(value, argument, "str or bytes"))?;
    // The interpreter's own error would hold the whole text.
    text.encode_utf8().map_err(|_| Error::Surrogate { argument: argument.to_owned() })
}

/// Like [`bytes_of`], for an argument that may be left out.
pub(crate) fn maybe_bytes<'py>(
    value: Option<&Bound<'py, PyAny>>,
    argument: &str,
) -> Result<Option<Bound<'py, PyBytes>>> {
    value.map(|value| bytes_of(value, argument)).transpose()
}

/// The text of a str.
pub(crate) fn text_of(value: &Bound<'_, PyAny>, argument: &'static str) -> Result<String> {
    let text = value.cast::<PyString>().map_err(|_| wrong_type(value, argument, "str"))?;
    // As above: one with a surrogate.
    let bytes = text.encode_utf8().map_err(|_| Error::NotUtf8 { argument })?;
    Ok(utf8(&bytes, argument)?.to_owned())
}

/// Bytes as the text that they have to be.
pub(crate) fn utf8<'a>(bytes: &'a Bound<'_, PyBytes>, argument: &'static str) -> Result<&'a str> {
    str::from_utf8(bytes.as_bytes()).map_err(|_| Error::NotUtf8 { argument })
}

fn wrong_type(value: &Bound<'_, PyAny>, argument: &str, needs: &'static str) -> Error {
    match value.get_type().name() {
        Ok(given) => Error::WrongType { argument: argument.to_owned(), needs, given: given.to_string() },
        Err(error) => error.into(),
    }
}

/// The fields of a call: username, password, and a mapping of others.
pub(crate) struct FieldArguments<'py>(Vec<(String, Bound<'py, PyBytes>)>);

impl<'py> FieldArguments<'py> {
    pub(crate) fn new(
        username: Option<&Bound<'py, PyAny>>,
        password: Option<&Bound<'py, PyAny>>,
        others: Option<&Bound<'py, PyMapping>>,
    ) -> Result<Self> {
        let mut fields = Vec::new();
        for (name, value) in [("username", username), ("password", password)] {
            if let Some(value) = maybe_bytes(value, name)? {
                fields.push((name.to_owned(), value));
            }
        }
        for item in others.map(PyMappingMethods::items).transpose()?.into_iter().flatten() {
            let (name, value): (Bound<'_, PyAny>, Bound<'_, PyAny>) = item.extract()?;
            let name = bytes_of(&name, "a field's name")?;
            let name = utf8(&name, "a field's name")?.to_owned();
            let value = bytes_of(&value, &format!("field {name:?}"))?;
            fields.push((name, value));
        }
        Ok(Self(fields))
    }

    pub(crate) fn list(&self) -> Vec<(&str, &[u8])> {
        self.0.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect()
    }
}

/// Where a key is; at most one place may be given.
pub(crate) fn key_source<'a>(
    text: Option<&'a Bound<'_, PyBytes>>,
    file: Option<&'a PathArgument>,
    fd: Option<&Bound<'_, PyAny>>,
    credential: Option<&'a str>,
    mode: Option<&str>,
) -> Result<KeySource<'a>> {
    let mut source = KeySource::default();
    source.text = text.map(PyBytesMethods::as_bytes);
    source.file = file.map(|path| &**path);
    source.fd = fd.map(|value| number(value, KEY_FD)).transpose()?;
    source.credential = credential;
    source.mode = match mode {
        None | Some("private") => KeyFileMode::Private,
        Some("any") => KeyFileMode::Any,
        Some(_) => return Err(Error::OutOfRange { argument: "key_file_mode", needs: "'private' or 'any'" }),
    };
    source.check_single()?;
    Ok(source)
}

/// Where records are, and the ring.
pub(crate) fn place<'a>(store: Option<&'a PathArgument>, ring: Option<&'a PathArgument>) -> Place<'a> {
    let mut place = Place::from(store.map(|path| &**path));
    place.ring = ring.map(|path| &**path);
    place
}

/// The texts that an iterable gives; none for `None`.
pub(crate) fn texts(given: Option<&Bound<'_, PyAny>>) -> Result<Vec<String>> {
    let each = given.map(PyAnyMethods::try_iter).transpose()?.into_iter().flatten();
    each.map(|text| text_of(&text?, "a name or id")).collect()
}

/// What a new key is given.
pub(crate) fn terms<'a>(
    holder: Option<&'a str>,
    expires: Option<&Bound<'_, PyAny>>,
    capacity: Option<&Bound<'_, PyAny>>,
    pages: Option<&Bound<'_, PyAny>>,
) -> Result<KeyTerms<'a>> {
    let mut terms = KeyTerms::default();
    terms.holder = holder;
    terms.expires = expires.map(time).transpose()?;
    terms.capacity = capacity.map(|value| number(value, CAPACITY)).transpose()?;
    let number_of = |value| otp_link::pages(number(value, PAGES)?).map_err(|_| PAGES.out_of_range());
    terms.pages = pages.map(number_of).transpose()?;
    Ok(terms)
}

/// A time in seconds after 1970: an int's own, a datetime's timestamp, or a timedelta from now on.
fn time(value: &Bound<'_, PyAny>) -> Result<u64> {
    if value.hasattr("total_seconds")? {
        let secs = seconds_by(value, "total_seconds", EXPIRES)?;
        return Ok(UnixTime::now().as_secs().saturating_add(secs));
    }
    if value.hasattr("timestamp")? { seconds_by(value, "timestamp", EXPIRES) } else { seconds(value, EXPIRES) }
}

/// A grace period in seconds: an int's own, or a timedelta's.
pub(crate) fn grace(value: &Bound<'_, PyAny>) -> Result<u64> {
    if value.hasattr("total_seconds")? { seconds_by(value, "total_seconds", GRACE) } else { seconds(value, GRACE) }
}

/// How long to wait for a lock.
pub(crate) fn lock_timeout(value: &Bound<'_, PyAny>) -> Result<Duration> {
    Ok(Duration::from_secs(number(value, LOCK_TIMEOUT)?))
}

/// The whole seconds that a method gives. It calls methods, since the module datetime may not have been imported.
fn seconds_by(value: &Bound<'_, PyAny>, method: &str, argument: Argument) -> Result<u64> {
    let secs = value.call_method0(method).and_then(|secs| secs.call_method0("__int__"));
    // A datetime before the year 1 in UTC has no timestamp.
    seconds(&secs.map_err(|_| argument.out_of_range())?, argument)
}

fn seconds(value: &Bound<'_, PyAny>, argument: Argument) -> Result<u64> {
    match number(value, argument) {
        Ok(0) => Err(argument.out_of_range()),
        number => number,
    }
}

fn number<'py, T>(value: &Bound<'py, PyAny>, argument: Argument) -> Result<T>
where
    T: FromPyObjectOwned<'py, Error = PyErr>,
{
    value.extract().map_err(|error: PyErr| {
        let is_of_wrong_type = error.is_instance_of::<PyTypeError>(value.py());
        if is_of_wrong_type { wrong_type(value, argument.name, argument.needs) } else { argument.out_of_range() }
    })
}

/// A new key as Python has it, an `otp_link.Key`.
pub(crate) fn new_key<'py>(py: Python<'py>, key: &NewKey) -> PyResult<Bound<'py, PyAny>> {
    // From here on it is a Python object, which Python looks at.
    otp_sys::hand_over(key.text().as_bytes());
    let (id, replaces) = (key.id().to_string(), key.replaces().map(|id| id.to_string()));
    let arguments = (key.text(), key.account().as_str(), id, key.holder().map(Holder::as_str), replaces);
    py.import("otp_link")?.getattr("Key")?.call1(arguments)
}
