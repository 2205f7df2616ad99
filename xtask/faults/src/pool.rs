//! Independent trials on all processors.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use xtask::Result;

/// Runs `work` on each item, one at a time on each processor. Returns the results in the order of the items.
///
/// `work` also gets the number of its worker, from 0. The first error ends everything.
pub(crate) fn each<I: Sync, T: Send>(items: &[I], work: impl Fn(usize, &I) -> Result<T> + Sync) -> Result<Vec<T>> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    let next = AtomicUsize::new(0);
    let results = Mutex::new(Vec::with_capacity(items.len()));
    std::thread::scope(|scope| {
        let (next, results, work) = (&next, &results, &work);
        let workers: Vec<_> = (0..workers)
            .map(|worker| {
                scope.spawn(move || -> Result<()> {
                    loop {
                        let number = next.fetch_add(1, Ordering::Relaxed);
                        let Some(item) = items.get(number) else {
                            return Ok(());
                        };
                        let result = work(worker, item).inspect_err(|_| next.store(items.len(), Ordering::Relaxed))?;
                        results.lock().map_err(|_| "a worker panicked")?.push((number, result));
                    }
                })
            })
            .collect();
        workers.into_iter().try_for_each(|worker| worker.join().map_err(|_| "a worker panicked")?)
    })?;
    let mut results = results.into_inner().map_err(|_| "a worker panicked")?;
    results.sort_by_key(|(number, _)| *number);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}
