//! Changing a database in the middle of a rotation: what the caller's function is given, and what it answers.

use std::ffi::{CString, c_char, c_int, c_void};

use otp_core::Fields;
use otp_link::{Applied, Change, NewKey};
use zeroize::Zeroizing;

use crate::failure::Error;
use crate::keys::{self, KeysHandle};
use crate::pointer::{Out, c_text};
use crate::rotate::HandOver;
use crate::source::Field;

/// What became of the database, as an `otp_apply` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(C)]
#[allow(clippy::enum_variant_names, reason = "the names are those of C, which has one space for all")]
pub enum AppliedCode {
    /// The database has the new credential.
    OtpAppliedDone = 0,
    /// Nobody knows which credential the database has. Every answer but the other two means this.
    OtpAppliedInDoubt = 1,
    /// The database still has the old credential, for certain: a login with it worked, and it was not changed.
    OtpAppliedUnchanged = 75,
}

/// What is to change in a database: the credential that it has, and the one that it is to have. All of it is valid only
/// until the function that gets it returns. Names end with a NUL; values don't.
#[repr(C)]
pub struct ChangeView {
    /// The account.
    pub account: *const c_char,
    /// The fields that the database has, unless the change was made before.
    pub old_fields: *const Field,
    /// How many there are.
    pub old_count: usize,
    /// The fields that it is to have.
    pub new_fields: *const Field,
    /// How many there are.
    pub new_count: usize,
}

/// Changes the database, and returns an `otp_applied`. It logs in with the old credential and sets the new one. If the
/// old one is refused, it tries the new one; if that works, the change was made before, and it returns
/// OTP_APPLIED_DONE.
///
/// The ring is locked meanwhile: call nothing of this library that needs it. The function must return, without an
/// exception or `longjmp`.
pub type Apply = Option<unsafe extern "C" fn(context: *mut c_void, change: *const ChangeView) -> c_int>;

/// The functions of a caller, with what they are called with.
#[derive(Clone, Copy)]
pub(crate) struct Callbacks {
    pub(crate) apply: Apply,
    pub(crate) hand_over: HandOver,
    pub(crate) context: *mut c_void,
}

impl Callbacks {
    /// Has the caller change the database. `unread` is the answer if they can't even be shown the change.
    pub(crate) fn apply(&self, change: &Change<'_>, unread: Applied) -> Applied {
        // Without a function, the caller has already changed the database.
        let Some(apply) = self.apply else { return Applied::Done };
        let (Some(old), Some(new)) = (Side::of(change.old), Side::of(change.new)) else { return unread };
        let account = c_text(change.account);
        let view = ChangeView {
            account: account.as_ptr(),
            old_fields: old.fields.as_ptr(),
            old_count: old.fields.len(),
            new_fields: new.fields.as_ptr(),
            new_count: new.fields.len(),
        };
        // SAFETY: the caller promises a function of that type; the view and all that it points to live until it returns.
        let answer = unsafe { apply(self.context, &raw const view) };
        if answer == AppliedCode::OtpAppliedDone as c_int {
            Applied::Done
        } else if answer == AppliedCode::OtpAppliedUnchanged as c_int {
            Applied::Unchanged
        } else {
            Applied::InDoubt
        }
    }

    /// Gives the new keys to the caller, both as a result and through the function that they pass.
    pub(crate) fn hand_over(&self, new: Vec<NewKey>, out: &mut Out<*mut KeysHandle>) -> Result<(), Error> {
        let is_empty = new.is_empty();
        let new = keys::keep(new);
        out.set(new);
        let Some(hand_over) = self.hand_over.filter(|_| !is_empty) else { return Ok(()) };
        // SAFETY: the caller promises a function of that type; the handle is open until the caller frees it.
        match unsafe { hand_over(self.context, new) } {
            0 => Ok(()),
            answer => Err(Error::LeftInRing { answer }),
        }
    }
}

/// The fields of a payload in the form that C takes.
struct Side {
    /// What the fields point to. The names belong to the secret.
    _names: Vec<Zeroizing<CString>>,
    fields: Vec<Field>,
}

impl Side {
    fn of(payload: &[u8]) -> Option<Self> {
        let decoded = Fields::decode(payload).ok()?;
        let (mut names, mut fields) = (Vec::new(), Vec::new());
        for field in decoded.iter() {
            let name = Zeroizing::new(CString::new(field.name).ok()?);
            let value = field.value.as_ptr().cast();
            fields.push(Field { name: name.as_ptr(), value, value_len: field.value.len() });
            names.push(name);
        }
        Some(Self { _names: names, fields })
    }
}
