//! The administrator's ring: a private directory with a copy of each key that was handed out.

use otp_core::keeper::ringed::{Held, HeldKey};
use otp_core::{Holder, UnixTime};
use otp_link::ring;
use pyo3::prelude::*;

use crate::convert::{PathArgument, TextArgument, key_source, maybe_bytes, new_key};
use crate::error::{Error, Result};

/// A key in a ring, without its secret part.
#[pyclass(frozen, get_all, module = "otp_link")]
#[derive(Clone)]
pub(crate) struct RingKey {
    /// The key's id.
    id: String,
    /// Who holds it.
    holder: Option<String>,
    /// When it stops opening, in seconds after 1970.
    expires: Option<u64>,
    /// How many pages it has.
    pages: u8,
    /// For how many more secrets it keeps its text.
    pages_left: u8,
    /// Whether it opens its record.
    opens: bool,
}

#[pymethods]
impl RingKey {
    fn __repr__(&self) -> String {
        let Self { id, pages, pages_left, .. } = self;
        format!("<otp_link.RingKey {id}: {pages_left} of {pages} pages left>")
    }
}

impl From<&HeldKey> for RingKey {
    fn from(key: &HeldKey) -> Self {
        let terms = key.header.as_ref().map(|header| &header.terms);
        Self {
            id: key.id.to_string(),
            holder: terms.and_then(|terms| terms.holder.as_ref()).map(Holder::to_string),
            expires: terms.and_then(|terms| terms.expires).map(UnixTime::as_secs),
            pages: key.pages,
            pages_left: key.pages_left,
            opens: key.header.is_some(),
        }
    }
}

/// What a ring has of one account.
#[pyclass(frozen, module = "otp_link")]
pub(crate) struct RingAccount {
    /// The account's name.
    #[pyo3(get)]
    account: String,
    /// The account's generation, which each rotation raises; 0 before the first.
    #[pyo3(get)]
    generation: u64,
    /// Whether a rotation is unfinished.
    #[pyo3(get)]
    unfinished: bool,
    keys: Vec<RingKey>,
}

#[pymethods]
impl RingAccount {
    /// Its keys, sorted by id.
    #[getter]
    fn keys(&self) -> Vec<RingKey> {
        self.keys.clone()
    }

    fn __repr__(&self) -> String {
        let Self { account, generation, keys, .. } = self;
        format!("<otp_link.RingAccount {account} of generation {generation}: {} keys>", keys.len())
    }
}

impl From<Held> for RingAccount {
    fn from(held: Held) -> Self {
        let Held { account, generation, keys, unfinished, .. } = held;
        let keys = keys.iter().map(RingKey::from).collect();
        Self { account: account.to_string(), generation, unfinished, keys }
    }
}

/// Makes a ring, in a directory that is empty or does not exist, and that is neither in the store nor around it.
///
/// Back it up apart from the store: together they open everything.
///
/// Raises ExistsError, UsageError, UnsafePermissionsError, OtherError.
#[pyfunction]
#[pyo3(signature = (ring, *, store=None))]
pub(crate) fn init_ring(py: Python<'_>, ring: PathArgument, store: Option<PathArgument>) -> Result<()> {
    Ok(py.detach(|| ring::init_ring(&ring, store.as_deref()))?)
}

/// Puts a key that was handed out without the ring into it, once the key opens its record.
///
/// The key comes from `key`, `key_file` or `key_fd`, or is found; see open_account(). The ring is `ring`, or the one
/// that OTP_RING names.
///
/// Raises what open_account() does, LockedError, StaleRingError, and InDoubtError if a rotation is unfinished.
#[pyfunction]
#[pyo3(signature = (key=None, *, key_file=None, key_fd=None, key_file_mode=None, account=None, store=None, ring=None))]
#[allow(clippy::too_many_arguments, reason = "Python passes them by name")]
pub(crate) fn put_into_ring(
    py: Python<'_>,
    key: Option<&Bound<'_, PyAny>>,
    key_file: Option<PathArgument>,
    key_fd: Option<&Bound<'_, PyAny>>,
    key_file_mode: Option<TextArgument>,
    account: Option<TextArgument>,
    store: Option<PathArgument>,
    ring: Option<PathArgument>,
) -> Result<()> {
    let key = maybe_bytes(key, "key")?;
    let source = key_source(key.as_ref(), key_file.as_ref(), key_fd, None, key_file_mode.as_deref())?;
    py.detach(|| {
        let key = source.read_for(account.as_deref())?;
        Ok(ring::put_into_ring(&key, ring.as_deref(), store.as_deref())?)
    })
}

/// What the ring has of the accounts whose names start with `prefix`, sorted by name: never the secret part of a key.
///
/// Raises UsageError, UnsafePermissionsError, StoreUnavailableError, LockedError, StaleRingError.
#[pyfunction]
#[pyo3(
    signature = (prefix=TextArgument::default(), *, store=None, ring=None),
    text_signature = "(prefix='', *, store=None, ring=None)"
)]
pub(crate) fn show_ring(
    py: Python<'_>,
    prefix: TextArgument,
    store: Option<PathArgument>,
    ring: Option<PathArgument>,
) -> Result<Vec<RingAccount>> {
    let found = py.detach(|| ring::show_ring(&prefix, ring.as_deref(), store.as_deref()))?;
    Ok(found.accounts.into_iter().map(RingAccount::from).collect())
}

/// Adopts a ring that was moved to where it is now; no other copy of it may be used any more.
///
/// If it was restored from a backup, rotations since then may have used pages that it does not know of: rotate each account
/// with new_keys=True after this.
///
/// Raises UsageError, UnsafePermissionsError, LockedError, OtherError.
#[pyfunction]
#[pyo3(signature = (ring=None))]
pub(crate) fn adopt_ring(py: Python<'_>, ring: Option<PathArgument>) -> Result<()> {
    py.detach(|| {
        let ring = ring::find_ring(ring.as_deref()).ok_or(otp_link::Error::NoRing)?;
        Ok(ring::adopt_ring(&ring)?)
    })
}

/// The ring's copy of a key, to hand it out again. `key_id` is its id, as show_ring() and key.id give it.
///
/// Raises NotFoundError if the ring has no such key, UsageError, LockedError, StaleRingError, StoreUnavailableError.
#[pyfunction]
#[pyo3(signature = (key_id, *, store=None, ring=None))]
pub(crate) fn export_key(
    py: Python<'_>,
    key_id: TextArgument,
    store: Option<PathArgument>,
    ring: Option<PathArgument>,
) -> Result<Py<PyAny>> {
    let key = py.detach(|| ring::export_key(&key_id, ring.as_deref(), store.as_deref()).map_err(Error::from))?;
    Ok(new_key(py, &key)?.unbind())
}
