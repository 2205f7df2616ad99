//! Changing a database in the middle of a rotation, with a function of the script.

use otp_core::Fields;
use otp_link::{Applied, Change};
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBool, PyDict};

use crate::error::{Error, Result};

/// The function that changes a database; `None` if it has been changed.
pub(crate) struct Apply(Option<Py<PyAny>>);

impl Apply {
    pub(crate) fn new(function: Option<Bound<'_, PyAny>>) -> Result<Self> {
        match function {
            Some(given) if !given.is_callable() => {
                let (argument, given) = ("apply".to_owned(), given.get_type().name()?.to_string());
                Err(Error::WrongType { argument, needs: "callable", given })
            }
            function => Ok(Self(function.map(Bound::unbind))),
        }
    }

    pub(crate) fn is_given(&self) -> bool {
        self.0.is_some()
    }

    /// Calls it, and says what became of the change. `unread` is the answer if it can't even be called; anything that
    /// it raised goes to `raised`.
    pub(crate) fn call(&self, change: &Change<'_>, unread: Applied, raised: &mut Option<PyErr>) -> Applied {
        let Some(function) = &self.0 else { return Applied::Done };
        Python::attach(|py| {
            let sides = dict(py, change.old).and_then(|old| Ok((old, dict(py, change.new)?)));
            let (answer, otherwise) = match sides {
                Ok((old, new)) => {
                    let arguments = (change.account.as_str(), old, new);
                    (function.bind(py).call1(arguments).and_then(|answer| meaning(&answer)), Applied::InDoubt)
                }
                Err(error) => (Err(error), unread),
            };
            answer.unwrap_or_else(|error| {
                *raised = Some(error);
                otherwise
            })
        })
    }
}

/// What the function's answer says. A mistake in it leaves the change in doubt.
fn meaning(answer: &Bound<'_, PyAny>) -> PyResult<Applied> {
    if answer.is_none() {
        return Ok(Applied::Done);
    }
    match answer.cast::<PyBool>() {
        Ok(answer) if answer.is_true() => Ok(Applied::Done),
        Ok(_) => Ok(Applied::Unchanged),
        Err(_) => {
            let given = answer.get_type().name()?;
            Err(PyTypeError::new_err(format!("apply must return None, True or False, not {given}")))
        }
    }
}

/// The fields of a payload. They are Python's, which are not wiped.
fn dict<'py>(py: Python<'py>, payload: &[u8]) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    for field in Fields::decode(payload).map_err(|error| Error::Link(error.into()))?.iter() {
        let value = str::from_utf8(field.value).map_err(|_| Error::NotUtf8 { argument: "a field's value" })?;
        dict.set_item(field.name, value)?;
    }
    Ok(dict)
}
