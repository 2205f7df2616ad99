//! What otp-link warns of, as Python's warnings.

use std::ffi::CString;

use otp_link::{Fault, Warning, redact};
use pyo3::exceptions::PyUserWarning;
use pyo3::prelude::*;

use crate::hint;

/// Warns the script. If it has turned warnings into errors, this one is printed instead: what it is about has worked.
pub(crate) fn raise(warning: &Warning<'_>) {
    say(&redact(&warning.to_string()));
}

/// Warns of a key whose record is damaged, and says what to do about it.
pub(crate) fn fault(fault: &Fault) {
    let hint = fault.error.hint().and_then(|hint| hint::words(&hint)).map(|hint| format!("; {hint}"));
    say(&redact(&format!("{}{}", fault.error.message(), hint.unwrap_or_default())));
}

/// Like [`raise`], in these words.
pub(crate) fn say(message: &str) {
    let Ok(message) = CString::new(message) else { return };
    Python::attach(|py| {
        if let Err(error) = PyErr::warn(py, &py.get_type::<PyUserWarning>(), &message, 1) {
            error.write_unraisable(py, None);
        }
    });
}
