//! Rotating an account that is kept in a ring: its keys keep their text.

use std::ffi::{c_char, c_int, c_void};
use std::ptr;

use otp_link::{Applied, Change, LockedBuf, Published, Randomness};

use crate::apply::{Apply, Callbacks};
use crate::code::Status;
use crate::failure::{Error, Result};
use crate::guard;
use crate::keys::{self, KeysHandle};
use crate::place;
use crate::pointer::{self, Out, Structure};
use crate::rotate::HandOver;
use crate::source::{Field, Grant};

/// A rotation of an account that is kept in a ring. Initialize it with `OTP_RENEWAL_INIT`, then set the members that
/// you need.
#[repr(C)]
pub struct Renewal {
    /// `sizeof(otp_renewal)`.
    pub size: usize,
    /// The store's directory or URL; or NULL for the one that `otp` would use.
    pub store: *const c_char,
    /// The ring's directory; or NULL for the one that `OTP_RING` names.
    pub ring: *const c_char,
    /// The account.
    pub account: *const c_char,
    /// When all keys stop opening, and the capacity and pages of new ones; or NULL. What is not set stays as it was,
    /// and the holder is ignored.
    pub grant: *const Grant,
    /// Ids of keys that the ring does not know, to be ended; 16 characters each.
    pub end_unknown: *const *const c_char,
    /// How many there are.
    pub end_unknown_count: usize,
    /// Not 0: every holder gets a new key. With 0, the call fails if some holder would need one.
    pub new_keys: c_int,
    /// Not 0: `otp_account_renew` only says what it would do. Other functions refuse it.
    pub dry_run: c_int,
    /// Changes the database; or NULL if it has been changed.
    pub apply: Apply,
    /// Takes the new keys that some holders need; or NULL.
    pub hand_over: HandOver,
    /// What both functions are called with.
    pub context: *mut c_void,
}

// SAFETY: it begins with `size`; the other members are numbers, pointers, and pointers to functions that may be NULL.
unsafe impl Structure for Renewal {}

/// What a rotation with a ring did, in numbers of keys.
#[repr(C)]
#[derive(Clone, Copy, Default)]
pub struct RenewedView {
    /// The account's generation, which each rotation raises. 0: nothing was done.
    pub generation: u64,
    /// Keys that kept their text.
    pub kept: usize,
    /// Of these, keys whose records had been of an older page: somebody rolled them back, or a rotation was cut short.
    pub behind: usize,
    /// Keys that ended.
    pub ended: usize,
    /// Records that appeared in the meantime, and that the ring does not know.
    pub unknown: usize,
    /// Keys of the ring whose records are gone.
    pub orphaned: usize,
}

impl From<&Published<LockedBuf>> for RenewedView {
    fn from(done: &Published<LockedBuf>) -> Self {
        Self {
            generation: done.generation,
            kept: done.kept.len(),
            behind: done.behind.len(),
            ended: done.ended.len(),
            unknown: done.unknown.len(),
            orphaned: done.orphaned.len(),
        }
    }
}

/// What the caller asks for.
pub(crate) struct Asked<'a> {
    pub(crate) renewal: otp_link::Renewal<'a>,
    pub(crate) callbacks: Callbacks,
    dry_run: bool,
}

impl Asked<'_> {
    /// Refuses a dry run of what has none.
    pub(crate) fn check_not_dry(&self) -> Result<()> {
        if self.dry_run { Err(Error::Reserved { what: "renewal->dry_run" }) } else { Ok(()) }
    }
}

impl Renewal {
    /// Reads what the caller asks for, and has it done.
    ///
    /// # Safety
    ///
    /// As [`pointer::structure`] and [`Field::read_all`], and each member is NULL or points to what its comment says.
    pub(crate) unsafe fn read<T>(
        pointer: *const Self,
        (fields, count): (*const Field, usize),
        act: impl FnOnce(&Asked<'_>) -> Result<T>,
    ) -> Result<T> {
        // SAFETY: the caller promises the same.
        let given = unsafe { pointer::structure(pointer, "renewal") }?.ok_or(Error::Null { what: "renewal" })?;
        // SAFETY: the caller promises that each member is NULL or points to what its comment says.
        let (account, place, terms, ids, fields) = unsafe {
            (
                pointer::text(given.account, "renewal->account")?,
                place::read(given.store, given.ring)?,
                Grant::read(given.grant)?,
                pointer::slice(given.end_unknown, given.end_unknown_count, "renewal->end_unknown")?,
                Field::read_all(fields, count)?,
            )
        };
        // SAFETY: the caller promises that each of them is NULL or ends with a NUL.
        let id = |id: &*const c_char| unsafe { pointer::text(*id, "renewal->end_unknown") }.map(str::to_owned);
        let end_unknown = ids.iter().map(id).collect::<Result<Vec<_>>>()?;
        let mut renewal = otp_link::Renewal::new(account, &fields);
        (renewal.place, renewal.terms, renewal.end_unknown) = (place, terms, &end_unknown);
        renewal.new_keys = given.new_keys != 0;
        let callbacks = Callbacks { apply: given.apply, hand_over: given.hand_over, context: given.context };
        act(&Asked { renewal, callbacks, dry_run: given.dry_run != 0 })
    }
}

/// Gives an account that is kept in a ring a new secret. Each key that has a page left keeps its text.
///
/// The fields that are not among `fields` keep their values. `renewal->apply` changes the database in between: if the
/// process dies meanwhile, or the function can't tell whether the database was changed, the new secret is kept, and
/// `otp_rotation_resume` carries on. If it says OTP_APPLIED_UNCHANGED, nothing has changed, and the result is
/// OTP_OTHER.
///
/// A key that has used its last page gets a successor, which is among the new keys, and opens until the next rotation.
/// The ring has all keys, so `otp_ring_export` can hand out each of them again.
///
/// With `renewal->dry_run`, nothing is changed, and neither function is called: `*renewed` gets what would be done, and
/// `*keys` is a handle without keys. In place of a password that is yet to be made, any value of its length will do.
///
/// `*renewed` gets what was done, and may be NULL. On success `*keys` is a new handle with the new keys, of which there
/// may be none; free it with `otp_keys_free`. On failure it is NULL, with one exception: if the new keys were made and
/// something failed after that, such as `renewal->hand_over`, `*keys` has them.
///
/// Errors: OTP_USAGE, also if some key has no page left; OTP_NOT_FOUND; OTP_WRONG_KEY if the ring does not know a
/// record; OTP_EXPIRED; OTP_LOCKED if the ring is in use; OTP_IN_DOUBT if this or an earlier rotation is unfinished;
/// OTP_STALE_RING; OTP_RANDOMNESS_FAILED; OTP_STORE_UNAVAILABLE; OTP_DENIED; OTP_OTHER.
///
/// # Safety
///
/// Each pointer and each member is NULL or points to what is said above; `keys` points to a writable pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_account_renew(
    renewal: *const Renewal,
    fields: *const Field,
    count: usize,
    renewed: *mut RenewedView,
    keys: *mut *mut KeysHandle,
) -> Status {
    guard::status(|| {
        // SAFETY: the caller promises a place for a pointer, and one for numbers or NULL.
        let (mut out, renewed) = unsafe {
            (Out::new(keys, ptr::null_mut(), "keys")?, Out::optional(renewed, RenewedView::default(), "renewed")?)
        };
        let renew = |Asked { renewal, callbacks, dry_run }: &Asked<'_>| {
            if *dry_run {
                out.set(keys::keep([]));
                return Ok(otp_link::plan_renewal(renewal)?);
            }
            // If the change can't be shown to the caller, the caller has not changed the database.
            let apply = |_: &_, change: Change<'_>| callbacks.apply(&change, Applied::Unchanged);
            let hand_over = |new| callbacks.hand_over(new, &mut out);
            otp_link::renew_account(renewal, &mut Randomness::system(), apply, hand_over)
        };
        // SAFETY: the caller promises that each is NULL or points to what it should.
        let done = unsafe { Renewal::read(renewal, (fields, count), renew) }?;
        if let Some(mut renewed) = renewed {
            renewed.set((&done).into());
        }
        Ok(())
    })
}
