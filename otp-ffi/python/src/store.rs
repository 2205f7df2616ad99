//! What is said of a store: its accounts, their keys, whether its records are whole.

use std::ops::ControlFlow;

use otp_core::{Coded, Holder, UnixTime};
use otp_ffi::facade::{self, Source};
use pyo3::prelude::*;

use crate::convert::{Bytes, PathArgument, bytes_of, detached, path};

/// What a store says of one key. All of it is public; times are seconds after 1970.
#[pyclass(frozen, get_all, module = "otp_link")]
pub(crate) struct KeyInfo {
    /// Its id.
    id: String,
    /// Who holds it.
    holder: Option<String>,
    /// When it was sealed.
    created: u64,
    /// From when on it does not open any more.
    expires: Option<u64>,
    /// Until when it still opens the old secret, if it has been replaced.
    grace_ends: Option<u64>,
    /// Bytes of its frame.
    capacity: usize,
}

#[pymethods]
impl KeyInfo {
    fn __repr__(&self) -> String {
        let holder = self.holder.as_deref().unwrap_or("nobody in particular");
        format!("<otp_link.KeyInfo {} for {holder}>", self.id)
    }
}

/// A record that is damaged, or a key that does not open its record.
#[pyclass(frozen, get_all, module = "otp_link")]
#[derive(Clone)]
pub(crate) struct Fault {
    /// The account.
    account: String,
    /// The key's id.
    key_id: String,
    /// What is wrong, as a code.
    code: u8,
    /// What is wrong, in words.
    message: String,
}

#[pymethods]
impl Fault {
    fn __repr__(&self) -> String {
        format!("<otp_link.Fault {} {}: {}>", self.account, self.key_id, self.message)
    }
}

/// What verify() found. It is true if all is well.
#[pyclass(frozen, module = "otp_link")]
pub(crate) struct Verification {
    /// How many records were looked at.
    #[pyo3(get)]
    records: u64,
    /// How many keys were tried.
    #[pyo3(get)]
    keys: u64,
    faults: Vec<Fault>,
}

#[pymethods]
impl Verification {
    /// What is wrong, in the order of accounts and ids.
    #[getter]
    fn faults(&self) -> Vec<Fault> {
        self.faults.clone()
    }

    fn __bool__(&self) -> bool {
        self.faults.is_empty()
    }

    fn __repr__(&self) -> String {
        let Self { records, keys, faults } = self;
        format!("<otp_link.Verification of {records} records and {keys} keys: {} faulty>", faults.len())
    }
}

/// Deletes an account: all its records, and all traces of the keys that it had.
///
/// Raises NotFoundError if there is no such account, UsageError, UnsafePermissionsError, StoreUnavailableError.
#[pyfunction]
#[pyo3(signature = (account, *, store=None))]
pub(crate) fn remove_account(py: Python<'_>, account: &str, store: Option<PathArgument>) -> PyResult<()> {
    detached(py, || facade::remove(account, path(store.as_ref())))
}

/// The names of a store's accounts that start with `prefix`, sorted. It needs no key.
///
/// Raises UnsafePermissionsError, StoreUnavailableError.
#[pyfunction]
#[pyo3(signature = (prefix="", *, store=None))]
pub(crate) fn list_accounts(py: Python<'_>, prefix: &str, store: Option<PathArgument>) -> PyResult<Vec<String>> {
    detached(py, || {
        let mut names = Vec::new();
        facade::list(prefix, path(store.as_ref()), |account| {
            names.push(account.to_string());
            ControlFlow::Continue(())
        })?;
        Ok(names)
    })
}

/// What the store says of an account's keys, sorted by id, letters before digits. It needs no key.
///
/// Raises NotFoundError if the account has none, DamagedError, UsageError, UnsafePermissionsError, StoreUnavailableError.
#[pyfunction]
#[pyo3(signature = (account, *, store=None))]
pub(crate) fn list_keys(py: Python<'_>, account: &str, store: Option<PathArgument>) -> PyResult<Vec<KeyInfo>> {
    let infos = detached(py, || facade::info(account, path(store.as_ref())))?;
    let info = |info: otp_core::keeper::KeyInfo| KeyInfo {
        id: info.header.id.to_string(),
        holder: info.header.terms.holder.as_ref().map(Holder::to_string),
        created: info.header.terms.created.as_secs(),
        expires: info.header.terms.expires.map(UnixTime::as_secs),
        grace_ends: info.grace.map(UnixTime::as_secs),
        capacity: info.header.capacity.bytes(),
    };
    Ok(infos.into_iter().map(info).collect())
}

/// Checks that every record of the accounts that start with `prefix` is whole, and that each of the given keys opens its
/// record. Nothing is opened, and expiry does not matter. What is faulty is not raised but listed:
///
///     found = otp_link.verify(key_files=["nightly.key"])
///     if not found:
///         for fault in found.faults:
///             print(fault.account, fault.key_id, fault.message)
///
/// Raises UsageError or MalformedKeyError for what is no key, UnsafePermissionsError, StoreUnavailableError.
#[pyfunction]
#[pyo3(signature = (prefix="", *, keys=None, key_files=None, store=None))]
pub(crate) fn verify(
    py: Python<'_>,
    prefix: &str,
    keys: Option<&Bound<'_, PyAny>>,
    key_files: Option<&Bound<'_, PyAny>>,
    store: Option<PathArgument>,
) -> PyResult<Verification> {
    let mut texts: Vec<Bytes> = Vec::new();
    for key in keys.map(PyAnyMethods::try_iter).transpose()?.into_iter().flatten() {
        texts.push(bytes_of(&key?, "a key")?);
    }
    let mut files: Vec<PathArgument> = Vec::new();
    for file in key_files.map(PyAnyMethods::try_iter).transpose()?.into_iter().flatten() {
        files.push(file?.extract()?);
    }
    let store = path(store.as_ref());
    detached(py, || {
        let mut faults = Vec::new();
        let records = facade::verify_store(prefix, store, |account, id, error| {
            faults.push(fault(account, id, &error));
            ControlFlow::Continue(())
        })?;
        let given = texts.iter().map(|text| Source { key: Some(text.as_slice()), store, ..Source::default() });
        let given =
            given.chain(files.iter().map(|file| Source { key_file: Some(file.as_ref()), store, ..Source::default() }));
        let mut keys = 0;
        for source in given {
            keys += 1;
            if let Some((account, id, error)) = source.check()? {
                faults.push(fault(&account, id, &error));
            }
        }
        Ok(Verification { records, keys, faults })
    })
}

fn fault(account: &otp_core::AccountName, id: otp_core::KeyId, error: &otp_ffi::fault::Error) -> Fault {
    Fault {
        account: account.to_string(),
        key_id: id.to_string(),
        code: error.code().number(),
        message: error.message(),
    }
}

/// Turns off core dumps of this process, and closes its memory to other processes of the same user. Says whether both worked.
///
/// It is not done by itself, since it changes the whole process: debuggers and profilers can't attach any more, and files below
/// /proc/self may belong to root.
#[pyfunction]
pub(crate) fn harden_process() -> bool {
    let hardened = otp_store_fs::sys::harden_process();
    hardened.no_core_dumps && hardened.not_dumpable
}
