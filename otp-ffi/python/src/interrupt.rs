//! Ctrl-C, and whatever else a signal handler of the script raises during a wait for a store on the network.

use std::cell::RefCell;

use pyo3::prelude::*;

thread_local! {
    /// What a signal handler raised in this thread, until it is raised where the script called.
    static RAISED: RefCell<Option<PyErr>> = const { RefCell::new(None) };
}

/// Lets Python run the handlers of signals that came, in the main thread only, and says whether one raised something.
pub(crate) fn is_wanted() -> bool {
    let raised = Python::attach(|py| py.check_signals().err());
    let is_wanted = raised.is_some();
    if is_wanted {
        RAISED.with(|place| *place.borrow_mut() = raised);
    }
    is_wanted
}

/// What was raised, once.
pub(crate) fn take() -> Option<PyErr> {
    RAISED.with(RefCell::take)
}
