//! Calls about the accounts of a store, and the functions that the library calls back.

use std::ffi::{c_char, c_int, c_void};
use std::ptr;

use otp_core::Code;
use otp_ffi::add::otp_account_add;
use otp_ffi::info::{KeyInfoView, VisitKey, otp_account_info};
use otp_ffi::keys::KeysHandle;
use otp_ffi::remove::otp_account_remove;
use otp_ffi::rotate::{self, otp_account_rotate};
use otp_ffi::store::{FaultView, VisitAccount, VisitFault, otp_store_list, otp_store_verify};

use super::super::given::{Fields, Granted, Sourced, Text};
use super::{Answer, KeyView, all_keys, handle, text, texts, watched};

/// What a store says about a key.
#[derive(Debug)]
pub(crate) struct Info {
    pub(crate) id: String,
    pub(crate) holder: Option<String>,
    pub(crate) expires: u64,
    pub(crate) has_grace: bool,
}

pub(crate) fn account_add(store: &Text, account: &Text, fields: &Fields, grant: &Granted) -> Result<usize, Code> {
    texts([store, account], |[store, account]| {
        fields.with(|fields, count| {
            grant.with(|grant| {
                // SAFETY: each leads to what it says, or can't.
                handle(|out| unsafe { otp_account_add(store, ptr::null(), account, fields, count, grant, out) })
            })
        })
    })
}

/// The callback's answer to a rotation's new keys, and what they were.
pub(crate) struct HandOver {
    pub(crate) answer: c_int,
    pub(crate) seen: Option<Vec<KeyView>>,
}

unsafe extern "C" fn hand_over(context: *mut c_void, keys: *const KeysHandle) -> c_int {
    // SAFETY: the context is that of `account_rotate`, which nobody else uses meanwhile.
    let context = unsafe { &mut *context.cast::<HandOver>() };
    assert!(context.seen.is_none(), "once");
    context.seen = Some(all_keys(keys.addr()));
    context.answer
}

pub(crate) fn account_rotate(
    source: &Sourced,
    fields: &Fields,
    grant: &Granted,
    grace: u64,
    context: Option<&mut HandOver>,
) -> Result<usize, Code> {
    let (call_back, context): (rotate::HandOver, _) = match context {
        Some(context) => (Some(hand_over), ptr::from_mut(context)),
        None => (None, ptr::null_mut()),
    };
    source.with(|source| {
        fields.with(|fields, count| {
            grant.with(|grant| {
                // SAFETY: each leads to what it says, or can't; the function takes that context.
                handle(|out| unsafe {
                    otp_account_rotate(source, fields, count, grant, grace, 0, call_back, context.cast(), out)
                })
            })
        })
    })
}

pub(crate) fn account_remove(store: &Text, account: &Text) -> Answer {
    texts([store, account], |[store, account]| {
        // SAFETY: each is NULL or ends with a NUL.
        watched(|| unsafe { otp_account_remove(store, ptr::null(), account, 0) })
    })
}

/// What a visitor was given, and how many it wants.
struct Visits<T> {
    given: Vec<T>,
    most: usize,
}

impl<T> Visits<T> {
    /// # Safety
    ///
    /// The context leads to `Self`, which nobody else uses.
    unsafe fn take(context: *mut c_void, one: T) -> c_int {
        // SAFETY: the caller says so.
        let visits = unsafe { &mut *context.cast::<Self>() };
        visits.given.push(one);
        assert!(visits.given.len() <= visits.most, "it has enough");
        (visits.given.len() == visits.most).into()
    }
}

unsafe extern "C" fn visit_key(context: *mut c_void, key: *const KeyInfoView) -> c_int {
    // SAFETY: the library gives a key, whose members lead to what they say; the context is ours.
    unsafe {
        let key = &*key;
        let (id, holder) = (text(key.id).unwrap(), text(key.holder));
        Visits::take(context, Info { id, holder, expires: key.expires, has_grace: key.grace_ends != 0 })
    }
}

unsafe extern "C" fn visit_account(context: *mut c_void, account: *const c_char) -> c_int {
    // SAFETY: the context is ours.
    unsafe { Visits::take(context, text(account).unwrap()) }
}

unsafe extern "C" fn visit_fault(context: *mut c_void, fault: *const FaultView) -> c_int {
    // SAFETY: the library gives a fault, whose members lead to what they say; the context is ours.
    unsafe {
        let fault = &*fault;
        assert!(!text(fault.message).unwrap().is_empty() && text(fault.hint).is_some());
        Visits::take(context, (text(fault.account).unwrap(), text(fault.key_id).unwrap(), fault.code))
    }
}

pub(crate) fn account_info(store: &Text, account: &Text, most: usize) -> Result<Vec<Info>, Code> {
    let mut visits = Visits { given: Vec::new(), most };
    let visit: VisitKey = if most == 0 { None } else { Some(visit_key) };
    let context = ptr::from_mut(&mut visits).cast();
    texts([store, account], |[store, account]| {
        // SAFETY: each is NULL or ends with a NUL; the visitor takes that context.
        watched(|| unsafe { otp_account_info(store, account, visit, context) })
    })?;
    Ok(visits.given)
}

pub(crate) fn store_list(store: &Text, prefix: &Text, most: usize) -> Result<Vec<String>, Code> {
    let mut visits = Visits { given: Vec::new(), most };
    let visit: VisitAccount = if most == 0 { None } else { Some(visit_account) };
    let context = ptr::from_mut(&mut visits).cast();
    texts([store, prefix], |[store, prefix]| {
        // SAFETY: as above.
        watched(|| unsafe { otp_store_list(store, prefix, visit, context) })
    })?;
    Ok(visits.given)
}

/// The faults, if they are asked for, and the numbers of records and faults.
type Faults = (Vec<(String, String, c_int)>, u64, u64);

pub(crate) fn store_verify(store: &Text, prefix: &Text, ask: bool) -> Result<Faults, Code> {
    let mut visits = Visits { given: Vec::new(), most: usize::MAX };
    let visit: VisitFault = if ask { Some(visit_fault) } else { None };
    let context = ptr::from_mut(&mut visits).cast();
    let (mut records, mut faults) = (99, 99);
    texts([store, prefix], |[store, prefix]| {
        // SAFETY: as above, and there is room for both numbers.
        watched(|| unsafe {
            otp_store_verify(store, ptr::null(), prefix, visit, context, &raw mut records, &raw mut faults)
        })
    })?;
    Ok((visits.given, records, faults))
}
