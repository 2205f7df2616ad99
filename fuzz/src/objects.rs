//! What a store holds.

use std::ops::ControlFlow;

use otp_core::store::{Scope, Slot, Store};

/// Longer than any object that a sequence puts.
const ROOM: usize = 16_384;

/// The slots of a scope, in the store's order; it breaks the list behind some.
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
