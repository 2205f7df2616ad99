//! The points at which a crash may cut off a writer: each change of a store announces itself here.
//!
//! Outside of tests this does nothing. Tests count the steps, and end the process at the one that they ask for.

#[cfg(not(test))]
pub(crate) fn step(_name: &'static str) {}

#[cfg(all(test, unix))]
pub(crate) use counted::is_plain;
#[cfg(test)]
pub(crate) use counted::{on_plain_file_system, record, step};

#[cfg(test)]
mod counted {
    use std::cell::{Cell, RefCell};

    thread_local! {
        static STEPS: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
        static CUT_AT: Cell<Option<usize>> = const { Cell::new(None) };
        static PLAIN: Cell<bool> = const { Cell::new(false) };
    }

    /// Counts a step, and ends the process if it is the one to be cut at.
    pub(crate) fn step(name: &'static str) {
        let count = STEPS.with_borrow_mut(|steps| {
            steps.push(name);
            steps.len()
        });
        if CUT_AT.get() == Some(count) {
            std::process::abort();
        }
    }

    /// Runs `work` on this thread, ends the process before the step of that number (from 1), and returns all steps.
    pub(crate) fn record(cut_at: Option<usize>, work: impl FnOnce()) -> Vec<&'static str> {
        STEPS.take();
        CUT_AT.set(cut_at);
        work();
        CUT_AT.set(None);
        STEPS.take()
    }

    /// Runs `work` as if the file system had no unnamed files and could not exchange two names.
    pub(crate) fn on_plain_file_system<T>(work: impl FnOnce() -> T) -> T {
        PLAIN.set(true);
        let result = work();
        PLAIN.set(false);
        result
    }

    /// Whether this thread is to work as on such a file system.
    #[cfg(unix)]
    pub(crate) fn is_plain() -> bool {
        PLAIN.get()
    }
}
