//! Measuring in turns.

use std::time::Instant;

use otp_test_tools::turns::{Figure, figures};

/// How long one measurement should take at least, in seconds, so that the clock's own cost does not show.
const ROUND: f64 = 20e-6;

/// How many turns each work gets.
#[derive(Clone, Copy)]
pub(crate) struct Rounds(pub(crate) usize);

/// Something to measure: its name, and one run of it.
pub(crate) struct Work {
    pub(crate) name: &'static str,
    pub(crate) run: Box<dyn FnMut()>,
    /// A run counts as so many parts.
    pub(crate) parts: u32,
}

pub(crate) fn work(name: &'static str, run: impl FnMut() + 'static) -> Work {
    Work { name, run: Box::new(run), parts: 1 }
}

/// What each costs relative to the first.
pub(crate) fn measure(table: &str, works: &mut [Work], rounds: Rounds) -> Vec<Figure> {
    let repeats: Vec<usize> = works
        .iter_mut()
        .map(|work| {
            let once = seconds(work, 3).min(seconds(work, 3)).max(1e-9) * f64::from(work.parts);
            (ROUND / once).ceil() as usize
        })
        .collect();
    let mut times = vec![Vec::with_capacity(rounds.0); works.len()];
    for _ in 0..rounds.0 {
        for ((work, repeats), times) in works.iter_mut().zip(&repeats).zip(&mut times) {
            times.push(seconds(work, *repeats));
        }
    }
    let names: Vec<_> = works.iter().map(|work| work.name).collect();
    figures(table, &names, &times)
}

/// The time of one part, from several runs in a row.
fn seconds(work: &mut Work, repeats: usize) -> f64 {
    let start = Instant::now();
    for _ in 0..repeats {
        (work.run)();
    }
    start.elapsed().as_secs_f64() / repeats as f64 / f64::from(work.parts)
}
