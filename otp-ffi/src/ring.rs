//! The administrator's ring: a private directory with a copy of each key that was handed out.

use std::ffi::{CString, c_char, c_int, c_void};
use std::ptr;

use otp_core::UnixTime;
use otp_core::keeper::ringed::{Held, HeldKey};
use otp_link::ring;

use crate::code::Status;
use crate::failure::Error;
use crate::guard;
use crate::keys::{self, KeysHandle};
use crate::pointer::{self, Out, c_text};
use crate::source::Source;

/// A key in a ring.
#[repr(C)]
pub struct RingKeyView {
    /// The key's id: 16 characters.
    pub id: *const c_char,
    /// Who holds it; or NULL.
    pub holder: *const c_char,
    /// When it stops opening, in seconds after 1970; 0: never.
    pub expires: u64,
    /// How many pages it has.
    pub pages: u32,
    /// For how many more secrets it keeps its text.
    pub pages_left: u32,
    /// Whether it opens its record: 0 or 1.
    pub opens: c_int,
}

/// What a ring has of one account, never the secret part. All of it is valid only until the function that gets it
/// returns.
#[repr(C)]
pub struct RingAccountView {
    /// The account.
    pub account: *const c_char,
    /// The account's generation, which each rotation raises; 0 before the first.
    pub generation: u64,
    /// Its keys, sorted by id.
    pub keys: *const RingKeyView,
    /// How many there are.
    pub count: usize,
    /// Whether a rotation is unfinished: 0 or 1.
    pub unfinished: c_int,
}

/// Gets what a ring has of one account. 0 goes on, anything else ends the list. It must return, without an exception or
/// `longjmp`.
pub type VisitRing = Option<unsafe extern "C" fn(context: *mut c_void, account: *const RingAccountView) -> c_int>;

/// Makes a ring, in a directory that is empty or does not exist. Back it up apart from the store: together they open
/// everything.
///
/// `store` is a directory or URL; NULL means the one that `otp` would use. `ring` must be neither in it nor around it.
///
/// Errors: OTP_USAGE, OTP_EXISTS, OTP_UNSAFE_PERMISSIONS, OTP_OTHER.
///
/// # Safety
///
/// Each pointer is NULL or points to text that ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_ring_init(store: *const c_char, ring: *const c_char) -> Status {
    guard::status(|| {
        // SAFETY: the caller promises that each is NULL or ends with a NUL.
        let (store, ring) = unsafe { (pointer::optional_path(store, "store")?, pointer::path(ring, "ring")?) };
        Ok(ring::init_ring(ring, store)?)
    })
}

/// Puts a key that was handed out without the ring into it, once the key opens its record.
///
/// `source` gives the key; NULL means that it is found as the program `otp` finds it. `ring` is the ring's directory;
/// NULL means the one that `OTP_RING` names.
///
/// Errors: as `otp_key_verify`, OTP_LOCKED, OTP_STALE_RING.
///
/// # Safety
///
/// `source` is NULL or points to an `otp_source` whose members are valid; `ring` is NULL or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_ring_add(source: *const Source, ring: *const c_char) -> Status {
    guard::status(|| {
        // SAFETY: the caller promises that the members are valid, and that the path is NULL or ends with a NUL.
        let (source, ring) = unsafe { (Source::read_for_store(source)?, pointer::optional_path(ring, "ring")?) };
        Ok(ring::put_into_ring(&source.key.read_for(source.account)?, ring, source.store)?)
    })
}

/// Calls `visit` with what a ring has of each account whose name starts with `prefix`, sorted by name, and with
/// `context`.
///
/// `store` is a directory or URL; NULL means the one that `otp` would use. `ring` is the ring's directory; NULL means
/// the one that `OTP_RING` names. A `prefix` of NULL stands for all accounts.
///
/// Errors: OTP_USAGE, OTP_UNSAFE_PERMISSIONS, OTP_STORE_UNAVAILABLE, OTP_LOCKED, OTP_STALE_RING, OTP_OTHER.
///
/// # Safety
///
/// Each pointer is NULL or points to text that ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_ring_show(
    store: *const c_char,
    ring: *const c_char,
    prefix: *const c_char,
    visit: VisitRing,
    context: *mut c_void,
) -> Status {
    guard::status(|| {
        // SAFETY: the caller promises that each is NULL or ends with a NUL.
        let (store, ring, prefix) = unsafe {
            (
                pointer::optional_path(store, "store")?,
                pointer::optional_path(ring, "ring")?,
                pointer::optional_text(prefix, "prefix")?,
            )
        };
        let visit = visit.ok_or(Error::Null { what: "visit" })?;
        for Held { account, generation, keys, unfinished, .. } in
            ring::show_ring(prefix.unwrap_or_default(), ring, store)?.accounts
        {
            let (account, texts): (_, Vec<Texts>) = (c_text(&account), keys.iter().map(Texts::of).collect());
            let keys: Vec<RingKeyView> = keys.iter().zip(&texts).map(|(key, texts)| texts.view(key)).collect();
            let view = RingAccountView {
                account: account.as_ptr(),
                generation,
                keys: keys.as_ptr(),
                count: keys.len(),
                unfinished: unfinished.into(),
            };
            // SAFETY: the caller promises a function of that type; the view and all that it points to live until it returns.
            if unsafe { visit(context, &raw const view) } != 0 {
                break;
            }
        }
        Ok(())
    })
}

/// Adopts a ring that was moved here; no other copy of it may be used any more.
///
/// `ring` is the ring's directory; NULL means the one that `OTP_RING` names. If the ring was restored from a backup,
/// rotations since then may have used pages that it does not know of: renew each account with `new_keys` after this.
///
/// Errors: OTP_USAGE, OTP_UNSAFE_PERMISSIONS, OTP_LOCKED, OTP_OTHER.
///
/// # Safety
///
/// `ring` is NULL or ends with a NUL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_ring_adopt(ring: *const c_char) -> Status {
    guard::status(|| {
        // SAFETY: the caller promises that it is NULL or ends with a NUL.
        let ring = unsafe { pointer::optional_path(ring, "ring") }?;
        let ring = ring::find_ring(ring).ok_or(otp_link::Error::NoRing)?;
        Ok(ring::adopt_ring(&ring)?)
    })
}

/// Returns a ring's copy of a key, to hand it out again.
///
/// `store` is a directory or URL; NULL means the one that `otp` would use. `ring` is the ring's directory; NULL means
/// the one that `OTP_RING` names. `key_id` has 16 characters. On success `*keys` is a new handle with one key, to be
/// freed with `otp_keys_free`; on failure it is NULL.
///
/// Errors: OTP_USAGE, OTP_NOT_FOUND, OTP_UNSAFE_PERMISSIONS, OTP_STORE_UNAVAILABLE, OTP_LOCKED, OTP_STALE_RING,
/// OTP_OTHER.
///
/// # Safety
///
/// Each pointer is NULL or points to text that ends with a NUL; `keys` points to a writable pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn otp_ring_export(
    store: *const c_char,
    ring: *const c_char,
    key_id: *const c_char,
    keys: *mut *mut KeysHandle,
) -> Status {
    guard::status(|| {
        // SAFETY: the caller promises a place for a pointer.
        let mut out = unsafe { Out::new(keys, ptr::null_mut(), "keys") }?;
        // SAFETY: the caller promises that each is NULL or ends with a NUL.
        let (store, ring, key_id) = unsafe {
            (
                pointer::optional_path(store, "store")?,
                pointer::optional_path(ring, "ring")?,
                pointer::text(key_id, "key_id")?,
            )
        };
        out.set(keys::keep([ring::export_key(key_id, ring, store)?]));
        Ok(())
    })
}

/// The texts of a key that a view points to.
struct Texts {
    id: CString,
    holder: Option<CString>,
}

impl Texts {
    fn of(key: &HeldKey) -> Self {
        let holder = key.header.as_ref().and_then(|header| header.terms.holder.as_ref());
        Self { id: c_text(&key.id), holder: holder.map(c_text) }
    }

    fn view(&self, key: &HeldKey) -> RingKeyView {
        let expires = key.header.as_ref().and_then(|header| header.terms.expires);
        RingKeyView {
            id: self.id.as_ptr(),
            holder: self.holder.as_ref().map_or(ptr::null(), |holder| holder.as_ptr()),
            expires: expires.map_or(0, UnixTime::as_secs),
            pages: key.pages.into(),
            pages_left: key.pages_left.into(),
            opens: key.header.is_some().into(),
        }
    }
}
