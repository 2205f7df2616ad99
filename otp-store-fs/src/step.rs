//! The places at which a crash may cut a writer: each change of a store announces itself here.
//!
//! Outside of tests this is nothing at all. In tests the steps are counted, and the process ends at the one asked for.

#[cfg(not(test))]
pub(crate) fn step(_name: &'static str) {}

#[cfg(all(test, target_os = "linux"))]
pub(crate) use counted::nameless_files_allowed;
#[cfg(test)]
pub(crate) use counted::{record, step, without_nameless_files};

#[cfg(test)]
mod counted {
    use std::cell::{Cell, RefCell};

    thread_local! {
        static STEPS: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
        static CUT_AT: Cell<Option<usize>> = const { Cell::new(None) };
        static NAMELESS: Cell<bool> = const { Cell::new(true) };
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

    /// Runs `work` as on a file system that has no nameless files.
    pub(crate) fn without_nameless_files<T>(work: impl FnOnce() -> T) -> T {
        NAMELESS.set(false);
        let result = work();
        NAMELESS.set(true);
        result
    }

    /// Whether this thread may make nameless files.
    #[cfg(target_os = "linux")]
    pub(crate) fn nameless_files_allowed() -> bool {
        NAMELESS.get()
    }
}
