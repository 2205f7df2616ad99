//! Doing the same with many things, several at a time, as a store on the network needs it.

use std::convert::Infallible;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::any_store::AnyStore;

/// How many are in progress at once.
const SIDE_BY_SIDE: usize = 32;

/// Does something with each of many, several at a time, and returns the outcomes in order. After the first failure,
/// nothing more is begun.
pub(crate) fn side_by_side<T: Sync, R: Send, E: Send>(
    items: &[T],
    act: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let next = AtomicUsize::new(0);
    let outcomes = Mutex::new((Vec::with_capacity(items.len()), None));
    let lock = || outcomes.lock().unwrap_or_else(PoisonError::into_inner);
    std::thread::scope(|scope| {
        for _ in 0..SIDE_BY_SIDE.min(items.len()) {
            scope.spawn(|| {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { return };
                    match act(item) {
                        Ok(outcome) => lock().0.push((index, outcome)),
                        Err(error) => {
                            next.store(items.len(), Ordering::Relaxed);
                            lock().1.get_or_insert(error);
                        }
                    }
                }
            });
        }
    });
    let (mut outcomes, failed) = outcomes.into_inner().unwrap_or_else(PoisonError::into_inner);
    if let Some(error) = failed {
        return Err(error);
    }
    outcomes.sort_unstable_by_key(|(index, _)| *index);
    Ok(outcomes.into_iter().map(|(_, outcome)| outcome).collect())
}

/// Does the same for each, side by side where each needs the network, and returns the outcomes in order. After the
/// first failure, nothing more is begun.
pub(crate) fn try_spread<T: Sync, R: Send, E: Send>(
    store: &AnyStore,
    items: &[T],
    act: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    match store {
        AnyStore::Remote(_) => side_by_side(items, act),
        AnyStore::Files(_) => items.iter().map(act).collect(),
    }
}

/// Like [`try_spread`], for what can't fail as a whole.
pub(crate) fn spread<T: Sync, R: Send>(store: &AnyStore, items: &[T], act: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let Ok(done) = try_spread(store, items, |item| Ok::<R, Infallible>(act(item)));
    done
}
