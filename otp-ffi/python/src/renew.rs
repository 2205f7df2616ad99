//! Rotating an account that is kept in a ring, and rotations that were cut short.

use otp_core::{Code, Coded, KeyId};
use otp_link::{Applied, Change, KeyTerms, LockedBuf, NewKey, Place, Published, Randomness, Renewal};
use pyo3::prelude::*;
use pyo3::types::{PyList, PyMapping};

use crate::apply::Apply;
use crate::convert::{FieldArguments, PathArgument, TextArgument, new_key, place, terms, texts};
use crate::error::{Error, Result};
use crate::{interrupt, warning};

/// What a rotation with a ring takes besides fields, and where its new keys go.
pub(crate) struct Asked<'a> {
    pub(crate) account: &'a str,
    pub(crate) terms: KeyTerms<'a>,
    pub(crate) new_keys: bool,
    pub(crate) end_unknown: &'a [String],
    pub(crate) place: Place<'a>,
    pub(crate) apply: &'a Apply,
    pub(crate) hand_over: Option<&'a Py<PyAny>>,
    pub(crate) new: &'a Py<PyList>,
}

impl Asked<'_> {
    fn renewal<'a>(&'a self, fields: &'a [(&'a str, &'a [u8])]) -> Renewal<'a> {
        let mut renewal = Renewal::new(self.account, fields);
        (renewal.terms, renewal.new_keys, renewal.end_unknown) = (self.terms, self.new_keys, self.end_unknown);
        (renewal.place, renewal.as_text) = (self.place, self.apply.is_given());
        renewal
    }

    fn hand_over(&self, keys: &[NewKey]) -> Result<()> {
        Python::attach(|py| {
            for key in keys {
                self.new.bind(py).append(new_key(py, key)?)?;
            }
            if let Some(hand_over) = self.hand_over.filter(|_| !keys.is_empty()) {
                hand_over.call1(py, (self.new,))?;
            }
            Ok(())
        })
    }

    /// Rotates the account. The interpreter is not attached.
    pub(crate) fn rotate(&self, fields: &[(&str, &[u8])]) -> Result<()> {
        let mut raised = None;
        let done = otp_link::renew_account(
            &self.renewal(fields),
            &mut Randomness::system(),
            // What can't be shown to the function has not changed the database.
            |_, change: Change<'_>| self.apply.call(&change, Applied::Unchanged, &mut raised),
            |keys| self.hand_over(&keys),
        );
        self.report(&done.map_err(|error| with_cause(error, raised))?);
        Ok(())
    }

    /// What a rotation would do. The interpreter is not attached.
    fn plan(&self, fields: &[(&str, &[u8])]) -> Result<RotationPlan> {
        let planned = otp_link::plan_renewal(&self.renewal(fields))?;
        let ids = |ids: &[KeyId]| ids.iter().map(KeyId::to_string).collect();
        Ok(RotationPlan {
            generation: planned.generation,
            kept: ids(&planned.kept),
            behind: ids(&planned.behind),
            ended: ids(&planned.ended),
            orphaned: ids(&planned.orphaned),
        })
    }

    /// Resumes a rotation. Tells whether there was one to resume.
    fn resume(&self) -> Result<bool> {
        let mut raised = None;
        let done = otp_link::resume_rotation(
            &self.renewal(&[]),
            &mut Randomness::system(),
            // An earlier run may have changed the database.
            |_, change: Change<'_>| self.apply.call(&change, Applied::InDoubt, &mut raised),
            |keys| self.hand_over(&keys),
        );
        let done = done.map_err(|error| with_cause(error, raised))?;
        if let Some(done) = &done {
            self.report(done);
        }
        Ok(done.is_some())
    }

    /// Warns of what a rotation found.
    fn report(&self, done: &Published<LockedBuf>) {
        for (ids, what) in [
            (&done.behind, "records had been rolled back, and are current again"),
            (&done.orphaned, "the ring has keys whose records are gone"),
            (&done.unknown, "the ring does not know these records"),
        ] {
            if !ids.is_empty() {
                let ids: Vec<String> = ids.iter().map(KeyId::to_string).collect();
                warning::say(&format!("account {}: {what}: {}", self.account, ids.join(", ")));
            }
        }
    }
}

/// An error, with what the function raised as its cause, or what a signal handler did once the database had changed.
fn with_cause(error: Error, raised: Option<PyErr>) -> Error {
    let raised = match &error {
        Error::Link(error) if error.code() == Code::InDoubt => raised.or_else(interrupt::take),
        _ => raised,
    };
    match (error, raised) {
        (Error::Link(error), Some(cause)) => Error::Applied { error, cause: Box::new(cause) },
        (error, _) => error,
    }
}

/// What rotate_account() would do with the keys of an account that is kept in a ring. Keys are named by their ids.
#[pyclass(frozen, get_all, module = "otp_link")]
pub(crate) struct RotationPlan {
    /// The generation that the account would reach.
    generation: u64,
    /// The keys that would keep their text.
    kept: Vec<String>,
    /// Of these, the keys whose records are of an older page than they should be.
    behind: Vec<String>,
    /// The keys that would end.
    ended: Vec<String>,
    /// Keys of the ring whose records are gone.
    orphaned: Vec<String>,
}

#[pymethods]
impl RotationPlan {
    fn __repr__(&self) -> String {
        let Self { generation, kept, ended, .. } = self;
        format!("<otp_link.RotationPlan to generation {generation}: {} kept, {} ended>", kept.len(), ended.len())
    }
}

/// Says what rotate_account() would do to an account that is kept in a ring. Nothing is changed.
///
/// The arguments are those of rotate_account(). In place of a password that is yet to be made, any value of its length
/// will do.
///
/// Raises what rotate_account() raises before anything has changed.
#[pyfunction]
#[pyo3(signature = (account, *, username=None, password=None, fields=None, expires=None, capacity=None, pages=None,
    allow_empty=false, new_keys=false, end_unknown=None, store=None, ring=None))]
#[allow(clippy::too_many_arguments, reason = "Python passes them by name")]
pub(crate) fn plan_rotation(
    py: Python<'_>,
    account: TextArgument,
    username: Option<&Bound<'_, PyAny>>,
    password: Option<&Bound<'_, PyAny>>,
    fields: Option<&Bound<'_, PyMapping>>,
    expires: Option<&Bound<'_, PyAny>>,
    capacity: Option<&Bound<'_, PyAny>>,
    pages: Option<&Bound<'_, PyAny>>,
    allow_empty: bool,
    new_keys: bool,
    end_unknown: Option<&Bound<'_, PyAny>>,
    store: Option<PathArgument>,
    ring: Option<PathArgument>,
) -> Result<RotationPlan> {
    let fields = FieldArguments::new(username, password, fields)?;
    let (fields, mut terms) = (fields.list(), terms(None, expires, capacity, pages)?);
    terms.allow_empty_password = allow_empty;
    let (apply, end_unknown) = (Apply::new(None)?, texts(end_unknown)?);
    let new = PyList::empty(py).unbind();
    let asked = Asked {
        account: &account,
        terms,
        new_keys,
        end_unknown: &end_unknown,
        place: place(store.as_ref(), ring.as_ref()),
        apply: &apply,
        hand_over: None,
        new: &new,
    };
    py.detach(|| asked.plan(&fields))
}

/// Resumes a rotation that was cut short, with the secret and the options that it began with: you need not give them
/// again. Returns the new keys, or None if the database had not been touched or all was done: then it is forgotten.
///
/// `apply` gets the same credentials again, and finds out whether the change was made: it logs in with the old one, else with
/// the new one. For the other arguments see rotate_account().
///
/// Raises what rotate_account() does with a ring, and NotFoundError if no rotation of the account is unfinished.
#[pyfunction]
#[pyo3(signature = (account, *, apply=None, new_keys=false, end_unknown=None, expires=None, capacity=None, pages=None, store=None,
    ring=None, hand_over=None))]
#[allow(clippy::too_many_arguments, reason = "Python passes them by name")]
pub(crate) fn resume_rotation(
    py: Python<'_>,
    account: TextArgument,
    apply: Option<Bound<'_, PyAny>>,
    new_keys: bool,
    end_unknown: Option<&Bound<'_, PyAny>>,
    expires: Option<&Bound<'_, PyAny>>,
    capacity: Option<&Bound<'_, PyAny>>,
    pages: Option<&Bound<'_, PyAny>>,
    store: Option<PathArgument>,
    ring: Option<PathArgument>,
    hand_over: Option<Py<PyAny>>,
) -> Result<Option<Py<PyList>>> {
    let (apply, end_unknown) = (Apply::new(apply)?, texts(end_unknown)?);
    let new = PyList::empty(py).unbind();
    let asked = Asked {
        account: &account,
        terms: terms(None, expires, capacity, pages)?,
        new_keys,
        end_unknown: &end_unknown,
        place: place(store.as_ref(), ring.as_ref()),
        apply: &apply,
        hand_over: hand_over.as_ref(),
        new: &new,
    };
    let resumed = py.detach(|| asked.resume())?;
    Ok(resumed.then_some(new))
}

/// Goes back to the old secret after a rotation that was cut short.
///
/// `apply` is called with the credentials in reverse, so that the database gets the old one. If it raises or returns
/// False, the rotation stays unfinished.
///
/// Raises InDoubtError then, and if a record has the new secret, so that the rotation can only be resumed; NotFoundError if no
/// rotation of the account is unfinished; UsageError, LockedError, StaleRingError, StoreUnavailableError.
#[pyfunction]
#[pyo3(signature = (account, apply, *, store=None, ring=None))]
pub(crate) fn abort_rotation(
    py: Python<'_>,
    account: TextArgument,
    apply: Bound<'_, PyAny>,
    store: Option<PathArgument>,
    ring: Option<PathArgument>,
) -> Result<()> {
    let (apply, place) = (Apply::new(Some(apply))?, place(store.as_ref(), ring.as_ref()));
    py.detach(|| {
        let mut raised = None;
        let call = |_: &_, change: Change<'_>| apply.call(&change, Applied::InDoubt, &mut raised);
        let aborted = otp_link::abort_rotation(&account, place, call);
        aborted.map_err(|error| with_cause(error.into(), raised))
    })
}

/// Forgets a rotation that was cut short, and its new secret. If the database has it, nobody can log in any more.
///
/// Raises NotFoundError if no rotation of the account is unfinished, UsageError, LockedError, StaleRingError,
/// StoreUnavailableError.
#[pyfunction]
#[pyo3(signature = (account, *, store=None, ring=None))]
pub(crate) fn forget_rotation(
    py: Python<'_>,
    account: TextArgument,
    store: Option<PathArgument>,
    ring: Option<PathArgument>,
) -> Result<()> {
    let place = place(store.as_ref(), ring.as_ref());
    Ok(py.detach(|| otp_link::forget_rotation(&account, place))?)
}
