//! [`Fields`]: an open account as a mapping, of text or of bytes, until it is closed.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use otp_link::{Account, Template};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyString};

use crate::convert::text_of;
use crate::error::{Error, Result};

const FIELD_NAME: &str = "a field's name";

/// How a mapping gives the values.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    Text,
    Bytes,
}

/// The fields of an account that is open, until it is closed.
pub(crate) struct Fields {
    account: String,
    key_id: String,
    open: Mutex<Option<Arc<Account>>>,
}

impl Fields {
    pub(crate) fn new(account: Account) -> Self {
        Self {
            account: account.name().to_string(),
            key_id: account.key_id().to_string(),
            open: Mutex::new(Some(Arc::new(account))),
        }
    }

    pub(crate) fn account(&self) -> &str {
        &self.account
    }

    pub(crate) fn key_id(&self) -> &str {
        &self.key_id
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.slot().is_none()
    }

    pub(crate) fn close(&self) {
        drop(self.slot().take());
    }

    fn slot(&self) -> MutexGuard<'_, Option<Arc<Account>>> {
        // A panic elsewhere leaves it whole: nothing is called while it is locked.
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The open account. A thread that has it can finish with it while another one closes it.
    pub(crate) fn opened(&self) -> Result<Arc<Account>> {
        self.slot().clone().ok_or_else(|| Error::Closed { account: self.account.clone() })
    }

    pub(crate) fn value<'py>(&self, py: Python<'py>, name: &str, form: Form) -> Result<Bound<'py, PyAny>> {
        value(py, &*self.opened()?, name, form)
    }

    pub(crate) fn item<'py>(&self, name: &Bound<'py, PyAny>, form: Form) -> Result<Bound<'py, PyAny>> {
        self.value(name.py(), &text_of(name, FIELD_NAME)?, form)
    }

    pub(crate) fn get<'py>(
        &self,
        name: &Bound<'py, PyAny>,
        default: Option<Bound<'py, PyAny>>,
        form: Form,
    ) -> Result<Bound<'py, PyAny>> {
        match self.item(name, form) {
            Err(Error::NoField { .. }) => Ok(default.unwrap_or_else(|| name.py().None().into_bound(name.py()))),
            found => found,
        }
    }

    /// A template with the fields in it.
    pub(crate) fn format<'py>(&self, py: Python<'py>, template: &str, form: Form) -> Result<Bound<'py, PyAny>> {
        let account = self.opened()?;
        let template = Template::parse(template)?;
        let value = template.render(&account.fields()).map_err(of_field)?;
        match form {
            Form::Bytes => Ok(PyBytes::new(py, value.as_ref()).into_any()),
            Form::Text => {
                let text = str::from_utf8(value.as_ref()).map_err(|_| {
                    // The template itself is text.
                    let field = template.placeholders().find(|(name, _)| account.text(name).is_err());
                    otp_link::Error::FieldNotText { field: field.map_or("", |(name, _)| name).to_owned() }
                })?;
                Ok(PyString::new(py, text).into_any())
            }
        }
    }

    pub(crate) fn contains(&self, name: &Bound<'_, PyAny>) -> Result<bool> {
        let account = self.opened()?;
        Ok(text_of(name, FIELD_NAME).is_ok_and(|name| account.fields().get(&name).is_some()))
    }

    pub(crate) fn len(&self) -> Result<usize> {
        Ok(self.opened()?.fields().iter().count())
    }

    /// The names in their order, as the keys of a dict.
    pub(crate) fn names<'py>(&self, py: Python<'py>) -> Result<Bound<'py, PyDict>> {
        let names = PyDict::new(py);
        for field in self.opened()?.fields().iter() {
            names.set_item(field.name, py.None())?;
        }
        Ok(names)
    }

    /// All fields as a dict.
    pub(crate) fn dict<'py>(&self, py: Python<'py>, form: Form) -> Result<Bound<'py, PyDict>> {
        let (dict, account) = (PyDict::new(py), self.opened()?);
        for field in account.fields().iter() {
            dict.set_item(field.name, value(py, &account, field.name, form)?)?;
        }
        Ok(dict)
    }

    pub(crate) fn describe(&self) -> String {
        let state = if self.is_closed() { ", closed" } else { "" };
        format!("<otp_link.Account {} opened with key {}{state}>", self.account, self.key_id)
    }
}

fn value<'py>(py: Python<'py>, account: &Account, name: &str, form: Form) -> Result<Bound<'py, PyAny>> {
    let value = match form {
        Form::Text => account.text(name).map(|text| PyString::new(py, text).into_any()),
        Form::Bytes => account.bytes(name).map(|bytes| PyBytes::new(py, bytes).into_any()),
    };
    value.map_err(of_field)
}

fn of_field(error: otp_link::Error) -> Error {
    match error {
        otp_link::Error::NoField { field } => Error::NoField { field },
        error => error.into(),
    }
}
