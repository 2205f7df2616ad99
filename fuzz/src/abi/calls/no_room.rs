//! Results with nowhere to go: NULL, or a misaligned place.

use std::ptr;

use otp_core::Code;
use otp_ffi::account::{otp_account_field, otp_account_field_at, otp_account_open};
use otp_ffi::add::otp_account_add;
use otp_ffi::key::otp_key_issue;
use otp_ffi::keys::otp_keys_at;
use otp_ffi::record::{otp_open, otp_seal};
use otp_ffi::renew::otp_account_renew;
use otp_ffi::ring::otp_ring_export;
use otp_ffi::rotate::otp_account_rotate;
use otp_ffi::rotation::otp_rotation_resume;

use super::{account, keys_of, watched};

/// Calls with a handle, whatever it stands for, and no place for the result.
pub(crate) fn no_room(handle: usize, misaligned: bool) {
    let mut memory = [0xa5_u8; 128];
    let start = memory.as_mut_ptr();
    // An odd address.
    let nowhere = if misaligned { start.wrapping_add(1 - start.addr() % 2) } else { ptr::null_mut() };
    let (null, name) = (ptr::null(), c"username".as_ptr());
    let (account, keys) = (account(handle), keys_of(handle));
    // SAFETY: NULL and misaligned pointers are refused before anything is read or written.
    let answers = unsafe {
        [
            watched(|| otp_account_open(ptr::null(), nowhere.cast())),
            watched(|| otp_account_field(account, name, nowhere.cast())),
            watched(|| otp_account_field_at(account, 0, nowhere.cast())),
            watched(|| otp_keys_at(keys, 0, nowhere.cast())),
            watched(|| otp_key_issue(ptr::null(), null, ptr::null(), nowhere.cast())),
            watched(|| otp_account_add(null, null, name, ptr::null(), 0, ptr::null(), nowhere.cast())),
            watched(|| {
                let context = ptr::null_mut();
                otp_account_rotate(ptr::null(), ptr::null(), 0, ptr::null(), 0, 0, None, context, nowhere.cast())
            }),
            watched(|| otp_account_renew(ptr::null(), ptr::null(), 0, ptr::null_mut(), nowhere.cast())),
            watched(|| otp_rotation_resume(ptr::null(), ptr::null_mut(), nowhere.cast())),
            watched(|| otp_ring_export(null, null, name, nowhere.cast())),
            watched(|| otp_open(null, 0, ptr::null(), 0, ptr::null_mut(), nowhere.cast())),
            watched(|| {
                let (len, buffer) = (nowhere.cast(), ptr::null_mut());
                otp_seal(name, ptr::null(), 0, ptr::null(), buffer, len, buffer.cast(), len)
            }),
        ]
    };
    assert!(answers.iter().all(|answer| *answer == Err(Code::Usage)), "{answers:?}");
    assert_eq!(memory, [0xa5; 128]);
}
