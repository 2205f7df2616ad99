//! Looking at every record of some accounts: several at a time where each one needs the network.

use std::ops::ControlFlow;

use otp_core::keeper::KeyInfo;
use otp_core::{Kind, Slot, Store};

use crate::any_store::{AnyStore, StoreError};
use crate::error::{Error, Result};
use crate::list::{has_prefix, in_prefix};
use crate::side_by_side::side_by_side;
use crate::store;

/// How many are looked at before the first one is reported.
pub(crate) const CHUNK: usize = 256;

/// What a look at a record finds.
pub(crate) enum Look {
    /// What is known of its key, unless that has ended in the meantime.
    Key(Option<Box<KeyInfo>>),
    /// What is wrong with it.
    Fault(Error),
    /// Something other than a file is in its place.
    Obstacle(Error),
}

/// Looks at each record of the accounts whose names start with `prefix`, and calls `each` with them, sorted by account
/// and id, until it returns `Break`.
///
/// # Errors
///
/// The store's. In a directory, a record that can't be read is a fault; on the network it ends the search, since every further
/// look would wait as long.
pub(crate) fn look_at_records(
    store: &AnyStore,
    prefix: &str,
    mut each: impl FnMut(&Slot, Look) -> ControlFlow<()>,
) -> Result<()> {
    let keeper = store::keeper(store);
    let is_meant = |slot: &Slot| slot.kind == Kind::Record && has_prefix(&slot.account, prefix);
    if let AnyStore::Files(_) = store {
        return in_prefix(prefix, |scope| {
            Ok(store.list_with_obstacles(scope, &mut |slot, obstacle| match obstacle {
                _ if !is_meant(slot) => ControlFlow::Continue(()),
                Some(obstacle) => each(slot, Look::Obstacle(obstacle.into())),
                None => match keeper.key_info(&slot.account, slot.id) {
                    Ok(info) => each(slot, Look::Key(info.map(Box::new))),
                    Err(error) => each(slot, Look::Fault(error.into())),
                },
            })?)
        });
    }
    let look = |slot: &Slot| match keeper.key_info(&slot.account, slot.id) {
        Ok(info) => Ok(Look::Key(info.map(Box::new))),
        Err(error) => fault(error.into()).map(Look::Fault),
    };
    let mut slots = Vec::new();
    in_prefix(prefix, |scope| {
        Ok(store.list(scope, &mut |slot| {
            slots.extend(is_meant(slot).then(|| slot.clone()));
            ControlFlow::Continue(())
        })?)
    })?;
    for slots in slots.chunks(CHUNK) {
        for (slot, look) in slots.iter().zip(side_by_side(slots, look)?) {
            if each(slot, look).is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// What is wrong with one record; an error if it is the store on the network that failed, as it would for the next one.
pub(crate) fn fault(error: Error) -> Result<Error> {
    match &error {
        Error::Store(StoreError::Remote(remote)) if !remote.is_about_an_object() => Err(error),
        _ => Ok(error),
    }
}
