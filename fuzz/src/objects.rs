//! The contents of a store.

use std::ops::ControlFlow;

use otp_core::store::{Scope, Slot, Store};

/// Longer than any object in a sequence.
const ROOM: usize = 16_384;

/// The slots in a scope, in the store's order; stops listing after some.
pub(crate) fn slots<S: Store>(store: &S, scope: Scope<'_>, stop: usize) -> Result<Vec<Slot>, S::Error> {
    let mut slots = Vec::new();
    store.list(scope, &mut |slot| {
        slots.push(slot.clone());
        if slots.len() > stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(slots)
}

/// Every object, sorted by its slot.
pub(crate) fn objects<S: Store>(store: &S) -> Result<Vec<(Slot, Vec<u8>)>, S::Error> {
    let mut buffer = vec![0; ROOM];
    let object = |slot: Slot| {
        let len = store.get(&slot, &mut buffer)?.expect("it was listed");
        Ok((slot, buffer[..len].to_vec()))
    };
    slots(store, Scope::All, usize::MAX)?.into_iter().map(object).collect()
}
