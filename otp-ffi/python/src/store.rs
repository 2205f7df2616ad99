//! What a store says: its accounts, their keys, whether its records are whole. And deleting an account.

use std::ops::ControlFlow;

use otp_core::keeper::ringed::RingFinding;
use otp_core::{Holder, UnixTime};
use otp_link::ring::{find_ring, verify_ring};
use otp_link::{Key, KeySource};
use pyo3::prelude::*;

use crate::convert::{self, PathArgument, TextArgument, bytes_of, place};
use crate::error::{Result, described};
use crate::hint;
use crate::warning;

/// What a store says of one key. All of it is public; times are seconds after 1970.
#[pyclass(frozen, get_all, module = "otp_link")]
pub(crate) struct KeyInfo {
    /// The key's id.
    id: String,
    /// Who holds it.
    holder: Option<String>,
    /// When it was sealed.
    created: u64,
    /// When it stops opening.
    expires: Option<u64>,
    /// When it stops opening the old secret, if it has been replaced.
    grace_ends: Option<u64>,
    /// The capacity of its frame in bytes.
    capacity: usize,
    /// The page that its record belongs to, from 0 up.
    page: u8,
    /// How many pages it has.
    pages: u8,
}

#[pymethods]
impl KeyInfo {
    fn __repr__(&self) -> String {
        let holder = self.holder.as_deref().map(|holder| format!(" for {holder}")).unwrap_or_default();
        format!("<otp_link.KeyInfo {}{holder}>", self.id)
    }
}

impl From<otp_link::KeyInfo> for KeyInfo {
    fn from(info: otp_link::KeyInfo) -> Self {
        let terms = &info.header.terms;
        Self {
            id: info.header.id.to_string(),
            holder: terms.holder.as_ref().map(Holder::to_string),
            created: terms.created.as_secs(),
            expires: terms.expires.map(UnixTime::as_secs),
            grace_ends: info.grace.map(UnixTime::as_secs),
            capacity: info.header.capacity.bytes(),
            page: info.header.page,
            pages: info.header.pages,
        }
    }
}

/// A record that is damaged, a key that does not open its record, or something that does not agree with a ring.
#[pyclass(frozen, get_all, module = "otp_link")]
#[derive(Clone)]
pub(crate) struct Fault {
    /// The account.
    account: String,
    /// The key's id, or that of an unfinished rotation; None if it is about the whole account.
    key_id: Option<String>,
    /// What is wrong, as a code.
    code: u8,
    /// What is wrong, in words.
    message: String,
    /// What to do about it, or None.
    hint: Option<String>,
}

#[pymethods]
impl Fault {
    fn __repr__(&self) -> String {
        let key_id = self.key_id.as_deref().map(|id| format!(" {id}")).unwrap_or_default();
        format!("<otp_link.Fault {}{key_id}: {}>", self.account, self.message)
    }
}

impl From<otp_link::Fault> for Fault {
    fn from(fault: otp_link::Fault) -> Self {
        let (code, message, hint) = described(&fault.error);
        Self { account: fault.account.to_string(), key_id: Some(fault.key_id.to_string()), code, message, hint }
    }
}

impl From<RingFinding> for Fault {
    fn from(finding: RingFinding) -> Self {
        Self {
            account: finding.account.to_string(),
            key_id: finding.id.map(|id| id.to_string()),
            code: finding.fault.code().number(),
            message: finding.fault.to_string(),
            hint: hint::for_finding(&finding),
        }
    }
}

/// What verify() found. It is true if nothing is wrong.
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
    /// What is wrong: records in the order of accounts and ids, then keys in the order in which you passed them, then what
    /// does not agree with the ring.
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

/// Deletes an account: all its records and tombstones, and its keys in the ring, if there is one.
///
/// While a rotation is unfinished, this takes `force=True`: what is staged may be the only copy of the password that
/// the database has.
///
/// Raises NotFoundError if there is no such account, InDoubtError if a rotation is unfinished, UsageError,
/// UnsafePermissionsError, StoreUnavailableError; with a ring also LockedError, StaleRingError.
#[pyfunction]
#[pyo3(signature = (account, *, force=false, store=None, ring=None))]
pub(crate) fn remove_account(
    py: Python<'_>,
    account: TextArgument,
    force: bool,
    store: Option<PathArgument>,
    ring: Option<PathArgument>,
) -> Result<()> {
    let place = place(store.as_ref(), ring.as_ref());
    Ok(py.detach(|| otp_link::remove_account(&account, force, place))?)
}

/// The names of a store's accounts that start with `prefix`, sorted. It takes no key.
///
/// Raises UnsafePermissionsError, StoreUnavailableError.
#[pyfunction]
#[pyo3(
    signature = (prefix=TextArgument::default(), *, store=None),
    text_signature = "(prefix='', *, store=None)"
)]
pub(crate) fn list_accounts(py: Python<'_>, prefix: TextArgument, store: Option<PathArgument>) -> Result<Vec<String>> {
    py.detach(|| {
        let mut names = Vec::new();
        otp_link::list_accounts(&prefix, store.as_deref(), |account| {
            names.push(account.to_string());
            ControlFlow::Continue(())
        })?;
        Ok(names)
    })
}

/// What the store says of an account's keys, sorted by id, letters before digits. It takes no key.
///
/// A key whose record is damaged is left out, with a UserWarning; if there is no other, DamagedError is raised.
///
/// Raises NotFoundError if the account has no key, DamagedError, UsageError, UnsafePermissionsError, StoreUnavailableError.
#[pyfunction]
#[pyo3(signature = (account, *, store=None))]
pub(crate) fn list_keys(py: Python<'_>, account: TextArgument, store: Option<PathArgument>) -> Result<Vec<KeyInfo>> {
    let mut found = py.detach(|| otp_link::list_keys(&account, store.as_deref()))?;
    if found.keys.is_empty() && !found.faults.is_empty() {
        return Err(found.faults.remove(0).error.into());
    }
    found.faults.iter().for_each(warning::fault);
    Ok(found.keys.into_iter().map(KeyInfo::from).collect())
}

/// Checks that every record of the accounts whose names start with `prefix` is whole, and that each of the given keys opens
/// its record. Nothing is opened, and expiry does not matter. Faults are not raised but listed:
///
///     found = otp_link.verify(key_files=["nightly.key"])
///     if not found:
///         for fault in found.faults:
///             print(fault.account, fault.key_id, fault.message)
///
/// With `ring`, or OTP_RING, also whether each record belongs to a key of the ring and is of the page that it should be, and
/// whether a rotation is unfinished.
///
/// Raises MalformedKeyError if what you pass is not a key, OtherError if a key file can't be read, UsageError,
/// UnsafePermissionsError, StoreUnavailableError; with a ring also LockedError, StaleRingError.
#[pyfunction]
#[pyo3(
    signature = (prefix=TextArgument::default(), *, keys=None, key_files=None, store=None, ring=None),
    text_signature = "(prefix='', *, keys=None, key_files=None, store=None, ring=None)"
)]
pub(crate) fn verify(
    py: Python<'_>,
    prefix: TextArgument,
    keys: Option<&Bound<'_, PyAny>>,
    key_files: Option<&Bound<'_, PyAny>>,
    store: Option<PathArgument>,
    ring: Option<PathArgument>,
) -> Result<Verification> {
    let mut given: Vec<Key> = Vec::new();
    for key in keys.map(PyAnyMethods::try_iter).transpose()?.into_iter().flatten() {
        let key = bytes_of(&key?, "a key")?;
        let mut source = KeySource::default();
        source.text = Some(key.as_bytes());
        given.push(source.read()?);
    }
    for file in key_files.map(PyAnyMethods::try_iter).transpose()?.into_iter().flatten() {
        let file: PathArgument = file?.extract()?;
        let mut source = KeySource::default();
        source.file = Some(&file);
        given.push(py.detach(|| source.read())?);
    }
    let found = py.detach(|| otp_link::verify(&prefix, &given, store.as_deref(), |_| ControlFlow::Continue(())))?;
    let with_ring = find_ring(ring.as_deref()).is_some();
    let findings =
        with_ring.then(|| py.detach(|| verify_ring(&prefix, ring.as_deref(), store.as_deref()))).transpose()?;
    let findings = findings.into_iter().flatten().map(Fault::from);
    let faults = found.faults.into_iter().map(Fault::from).chain(findings).collect();
    Ok(Verification { records: found.records, keys: found.keys, faults })
}

/// Turns off this process's core dumps, and closes its memory to other processes of the same user. Tells whether both worked.
///
/// Nothing does this for you, since it changes the whole process: debuggers and profilers can no longer attach, and its files
/// in /proc may belong to root.
#[pyfunction]
pub(crate) fn harden_process() -> bool {
    let hardened = otp_link::harden_process();
    hardened.no_core_dumps && hardened.not_dumpable
}

/// Sets how many seconds calls of this process wait, from now on, for the lock of an account or a ring; 0: not at all.
/// After that they raise LockedError. The default is a minute.
#[pyfunction]
pub(crate) fn set_lock_timeout(seconds: &Bound<'_, PyAny>) -> Result<()> {
    otp_link::set_lock_timeout(convert::lock_timeout(seconds)?);
    Ok(())
}

/// Locks again what a fork has unlocked. The package has it called in every child.
#[pyfunction]
pub(crate) fn relock() {
    otp_link::relock();
}
