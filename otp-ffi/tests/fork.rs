//! A fork while other threads are inside the library: the child hangs in no function, and its handles work.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ffi::{c_int, c_uint};
use std::ptr;
use std::sync::atomic::{AtomicBool, Ordering};

use otp_ffi::account::otp_account_free;
use otp_ffi::code::otp_code_name;
use otp_ffi::keys::{otp_keys_count, otp_keys_free};

/// How often it forks: often enough to meet a thread that holds a table.
const FORKS: usize = 500;

unsafe extern "C" {
    fn fork() -> c_int;
    fn waitpid(process: c_int, status: *mut c_int, options: c_int) -> c_int;
    fn alarm(secs: c_uint) -> c_uint;
    fn _exit(code: c_int) -> !;
}

#[test]
fn a_child_of_a_process_with_threads_inside_the_library_hangs_nowhere() {
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    assert_eq!(otp_keys_count(ptr::without_provenance(7)), 0);
                    otp_account_free(ptr::without_provenance_mut(9));
                }
            });
        }
        let statuses: Vec<c_int> = (0..FORKS).map(|_| in_a_child()).collect();
        done.store(true, Ordering::Relaxed);
        assert!(statuses.iter().all(|status| *status == 0), "ended by a signal: {statuses:?}");
    });
}

/// Calls functions that look into each table, and gives how the child that does so ended.
fn in_a_child() -> c_int {
    // SAFETY: the child makes only calls that a child of a process with threads may make, and ends without returning.
    let child = unsafe { fork() };
    if child == 0 {
        // SAFETY: as above. A child that hangs is ended by the alarm.
        unsafe { alarm(20) };
        let count = otp_keys_count(ptr::without_provenance(7));
        otp_keys_free(ptr::without_provenance_mut(7));
        otp_account_free(ptr::without_provenance_mut(9));
        let named = !otp_code_name(2).is_null();
        // SAFETY: as above.
        unsafe { _exit(c_int::from(count != 0 || !named)) };
    }
    let mut status = 0;
    // SAFETY: the status is written to a number of this function's own.
    assert_eq!(unsafe { waitpid(child, &raw mut status, 0) }, child);
    status
}
