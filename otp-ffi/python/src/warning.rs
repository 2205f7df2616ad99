//! What otp-link warns of, as Python's warnings.

use std::ffi::CString;

use otp_link::{Warning, redact};
use pyo3::exceptions::PyUserWarning;
use pyo3::prelude::*;

/// Warns the script. Where it has turned warnings into errors, this one is printed instead: what it is about has worked.
pub(crate) fn raise(warning: &Warning<'_>) {
    say(&redact(&warning.to_string()));
}

/// As [`raise`], in these words.
pub(crate) fn say(message: &str) {
    let Ok(message) = CString::new(message) else { return };
    Python::attach(|py| {
        if let Err(error) = PyErr::warn(py, &py.get_type::<PyUserWarning>(), &message, 1) {
            error.write_unraisable(py, None);
        }
    });
}
