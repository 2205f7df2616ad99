//! Measuring in turns.

use std::time::Instant;

/// Rounds that count, of each work.
const ROUNDS: usize = 301;
/// How long one measurement should take, at least, so that the clock's own cost does not show.
const ROUND_NANOS: f64 = 20_000.0;

/// Something to measure: its name, and one run of it.
pub(crate) struct Work {
    pub(crate) name: &'static str,
    pub(crate) run: Box<dyn FnMut()>,
}

pub(crate) fn work(name: &'static str, run: impl FnMut() + 'static) -> Work {
    Work { name, run: Box::new(run) }
}

/// The median time of one run of each, in nanoseconds.
pub(crate) fn medians(works: &mut [Work]) -> Vec<f64> {
    let repeats: Vec<usize> = works
        .iter_mut()
        .map(|work| {
            let once = nanos(work, 3).min(nanos(work, 3)).max(1.0);
            (ROUND_NANOS / once).ceil() as usize
        })
        .collect();
    let mut times = vec![Vec::with_capacity(ROUNDS); works.len()];
    for _ in 0..ROUNDS {
        for ((work, repeats), times) in works.iter_mut().zip(&repeats).zip(&mut times) {
            times.push(nanos(work, *repeats));
        }
    }
    times.iter_mut().for_each(|times| times.sort_by(f64::total_cmp));
    times.iter().map(|times| times[ROUNDS / 2]).collect()
}

/// The time of one run, in nanoseconds, from several in a row.
fn nanos(work: &mut Work, repeats: usize) -> f64 {
    let start = Instant::now();
    for _ in 0..repeats {
        (work.run)();
    }
    start.elapsed().as_nanos() as f64 / repeats as f64
}
