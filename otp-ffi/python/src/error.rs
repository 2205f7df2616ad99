//! [`Error`]: why a call failed, and raising it.

use std::io;
use std::path::PathBuf;

use otp_core::{Code, Coded};
use otp_link::{Hint, RemoteError, StoreError, redact};
use pyo3::exceptions::{PyKeyboardInterrupt, PyTypeError};
use pyo3::prelude::*;
use pyo3::types::PyList;

use crate::{hint, interrupt};

/// The result of a call.
pub(crate) type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a call failed. Python sees it as an exception of `otp_link.errors`, or as a `TypeError`.
pub(crate) enum Error {
    /// Everything that is not Python's own.
    Link(otp_link::Error),
    /// As [`Error::Link`], about a file that the message would not name.
    InFile { path: PathBuf, error: otp_link::Error },
    /// The old keys of a rotation could not all be ended; the new ones open.
    Unfinished { error: otp_link::Error, keys: Py<PyList> },
    /// As [`Error::Link`], because of what a function of the script raised.
    Applied { error: otp_link::Error, cause: Box<PyErr> },
    /// What was asked for means nothing with a ring.
    NotWithRing { message: &'static str, hint: &'static str },
    /// A key is to be issued from a ring, and no account is named.
    NoAccount,
    /// The account is closed.
    Closed { account: String },
    /// The account has no such field.
    NoField { field: String },
    /// An argument is of a type that it can't have.
    WrongType { argument: String, needs: &'static str, given: String },
    /// An argument is a number that it can't be.
    OutOfRange { argument: &'static str, needs: &'static str },
    /// A value has a surrogate, for which there is no UTF-8.
    Surrogate { argument: String },
    /// An argument has to be text, and is not UTF-8.
    NotUtf8 { argument: &'static str },
    /// What a file of `workflow_security` holds is not text.
    NotText { account: &'static str },
    /// A file can't be read or written.
    Io { action: &'static str, path: PathBuf, source: io::Error },
    /// Python raised it.
    Python(PyErr),
}

impl Error {
    fn code(&self) -> Code {
        match self {
            Self::Link(error)
            | Self::InFile { error, .. }
            | Self::Unfinished { error, .. }
            | Self::Applied { error, .. } => error.code(),
            Self::Closed { .. }
            | Self::NotWithRing { .. }
            | Self::NoAccount
            | Self::WrongType { .. }
            | Self::OutOfRange { .. }
            | Self::Surrogate { .. }
            | Self::NotUtf8 { .. } => Code::Usage,
            Self::NoField { .. } | Self::NotText { .. } | Self::Io { .. } | Self::Python(_) => Code::Other,
        }
    }

    /// The class, where the code has more than one.
    fn class(&self) -> Option<&'static str> {
        match self {
            Self::Closed { .. } => Some("ClosedError"),
            Self::NoField { .. } => Some("NoFieldError"),
            _ => None,
        }
    }

    /// The cause, and where.
    fn message(&self) -> String {
        match self {
            Self::Link(error) | Self::Unfinished { error, .. } | Self::Applied { error, .. } => error.message(),
            Self::NotWithRing { message, .. } => (*message).to_owned(),
            Self::NoAccount => "no account is named".to_owned(),
            Self::InFile { path, error } => format!("{}: {}", path.display(), error.message()),
            Self::Closed { account } => format!("account {account} is closed"),
            Self::NoField { field, .. } => format!("the account has no field {field:?}"),
            Self::WrongType { argument, needs, given } => format!("{argument} must be {needs}, not {given}"),
            Self::OutOfRange { argument, .. } => format!("{argument} is out of range"),
            Self::Surrogate { argument } => format!("{argument} has a surrogate, which UTF-8 can't encode"),
            Self::NotUtf8 { argument } => format!("{argument} is not UTF-8 text"),
            Self::NotText { account } => format!("the {account} is not UTF-8 text"),
            Self::Io { action, path, source } => format!("can't {action} {}: {source}", path.display()),
            Self::Python(error) => error.to_string(),
        }
    }

    /// The remedy.
    fn hint(&self) -> Option<String> {
        match self {
            Self::Link(error)
            | Self::InFile { error, .. }
            | Self::Unfinished { error, .. }
            | Self::Applied { error, .. } => hint::for_error(error),
            Self::NotWithRing { hint, .. } => Some((*hint).to_owned()),
            Self::NoAccount => Some("pass account=..., to whose keys the ring has one; or pass a key".into()),
            Self::Closed { .. } => Some("open the account again, or use it inside its with block".into()),
            Self::NoField { .. } => Some("list(account) gives the names of those there are".into()),
            Self::OutOfRange { needs, .. } => Some(format!("pass {needs}")),
            Self::Surrogate { .. } => Some("pass bytes instead of a str".into()),
            Self::Io { path, source, .. } => Hint::of_io(path, source).and_then(|hint| hint::words(&hint)),
            Self::WrongType { .. } | Self::NotUtf8 { .. } | Self::NotText { .. } | Self::Python(_) => None,
        }
    }

    /// The exception: an instance of the class of its code.
    fn exception<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        let errors = py.import("otp_link.errors")?;
        let class = match self.class() {
            Some(name) => errors.getattr(name)?,
            None => errors.getattr("BY_CODE")?.get_item(self.code().number())?,
        };
        let exception = class.call1((redact(&self.message()),))?;
        if let Some(hint) = self.hint() {
            let hint = redact(&hint);
            // A traceback shows notes below the message, from Python 3.11 on.
            exception.setattr("__notes__", [format!("hint: {hint}")])?;
            exception.setattr("hint", hint)?;
        }
        if let Self::Unfinished { keys, .. } = self {
            exception.setattr("keys", keys)?;
        }
        if let Self::Applied { cause, .. } = self {
            exception.setattr("__cause__", cause.clone_ref(py).into_value(py))?;
        }
        Ok(exception)
    }
}

/// What is said of an error that is not raised: number, cause and remedy.
pub(crate) fn described(error: &otp_link::Error) -> (u8, String, Option<String>) {
    let hint = hint::for_error(error).map(|hint| redact(&hint));
    (error.code().number(), redact(&error.message()), hint)
}

impl From<Error> for PyErr {
    fn from(error: Error) -> Self {
        match error {
            Error::Python(raised) => raised,
            Error::Link(otp_link::Error::Store(StoreError::Remote(RemoteError::Interrupted))) => {
                interrupt::take().unwrap_or_else(|| PyKeyboardInterrupt::new_err(()))
            }
            Error::WrongType { .. } => PyTypeError::new_err(redact(&error.message())),
            error => Python::attach(|py| error.exception(py).map_or_else(|failed| failed, PyErr::from_value)),
        }
    }
}

impl From<PyErr> for Error {
    fn from(error: PyErr) -> Self {
        Self::Python(error)
    }
}

impl From<otp_link::Error> for Error {
    fn from(error: otp_link::Error) -> Self {
        Self::Link(error)
    }
}
