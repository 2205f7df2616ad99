//! Forks while other threads are in the library: the child never waits for a lock that nobody will release, finds the
//! handle tables whole, and has its secrets locked again.
//!
//! Meanwhile, the forking thread holds the tables, as the C library does with its allocator's.

use std::cell::RefCell;
use std::ffi::c_int;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::handle::Held;
use crate::{account, code, keys};

unsafe extern "C" {
    fn pthread_atfork(
        prepare: Option<extern "C" fn()>,
        parent: Option<extern "C" fn()>,
        child: Option<extern "C" fn()>,
    ) -> c_int;
}

thread_local! {
    /// The tables, while this thread forks.
    static HELD: RefCell<Option<(Held<account::Opened>, Held<keys::NewKeys>)>> = const { RefCell::new(None) };
}

/// Has the C library call the functions below around every fork of this process. Every call of the ABI comes by here.
pub(crate) fn prepare_for_forks() {
    static PREPARED: AtomicBool = AtomicBool::new(false);
    if !PREPARED.load(Ordering::Relaxed) && !PREPARED.swap(true, Ordering::Relaxed) {
        // SAFETY: the three functions take nothing, don't unwind, and exist as long as this library; the C library
        // forgets them when it is unloaded. Without memory for the entry, forks are as dangerous as with other
        // libraries.
        unsafe { pthread_atfork(Some(before), Some(after), Some(in_child)) };
    }
}

extern "C" fn before() {
    code::make_texts();
    // A thread that is ending can no longer hold them, and forks without.
    let _ = HELD.try_with(|held| {
        if let Ok(mut held) = held.try_borrow_mut() {
            *held = Some((account::ACCOUNTS.hold(), keys::KEYS.hold()));
        }
    });
}

extern "C" fn after() {
    let _ = HELD.try_with(|held| held.try_borrow_mut().map(|mut held| held.take()));
}

extern "C" fn in_child() {
    after();
    otp_link::relock();
}
