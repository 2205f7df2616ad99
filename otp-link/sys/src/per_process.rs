//! [`PerProcess`]: a value that a process and each of its forked children have for themselves.
#![allow(unsafe_code, reason = "what is left behind by a fork can be neither used nor dropped")]

use std::sync::atomic::{AtomicPtr, Ordering};

/// A value for a `static`, made when it is first asked for. A child of a fork gets a new one: in its copy of the old one, a
/// lock may be held by a thread that is not there any more.
#[derive(Debug)]
pub struct PerProcess<T> {
    current: AtomicPtr<Owned<T>>,
}

#[derive(Debug)]
struct Owned<T> {
    process: u32,
    value: T,
}

impl<T: Default + Send + Sync> PerProcess<T> {
    /// For a `static`.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "only a `static` makes sense")]
    pub const fn new() -> Self {
        Self { current: AtomicPtr::new(std::ptr::null_mut()) }
    }

    /// This process's value.
    pub fn get(&'static self) -> &'static T {
        let process = std::process::id();
        let mut seen = self.current.load(Ordering::Acquire);
        let mut made = None;
        loop {
            // SAFETY: it is null, or a pointer that was published below, and what it points to is never freed.
            if let Some(owned) = unsafe { seen.as_ref() }
                && owned.process == process
            {
                return &owned.value;
            }
            let new = *made.get_or_insert_with(|| Box::into_raw(Box::new(Owned { process, value: T::default() })));
            // Once for each process that asks, unless another thread was faster.
            match self.current.compare_exchange(seen, new, Ordering::AcqRel, Ordering::Acquire) {
                Ok(_) => seen = new,
                Err(other) => seen = other,
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn all_threads_of_a_process_have_the_same_value() {
        static COUNT: PerProcess<Mutex<u32>> = PerProcess::new();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| *COUNT.get().lock().unwrap() += 1);
            }
        });
        assert_eq!(*COUNT.get().lock().unwrap(), 8);
    }
}
