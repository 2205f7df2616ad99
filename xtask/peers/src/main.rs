//! What the core costs beside AEADs, and the store beside SQLite and the bare file system, in one process: `cargo xtask
//! peers [--quick] [--lines]`.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a measurement that fails may panic")]

mod aeads;
mod ours;
mod stores;
mod turns;

use otp_test_tools::turns::Figure;

use turns::{Rounds, measure};

/// The secret's length in bytes.
const SIZES: [usize; 4] = [60, 1_000, 16_000, 65_000];

fn main() {
    let has = |option: &str| std::env::args().any(|argument| argument == option);
    let rounds = if has("--quick") { Rounds(61) } else { Rounds(301) };
    let show: fn(&[Figure]) = if has("--lines") { lines } else { table };
    for len in SIZES {
        let secret = vec![0x5a; len];
        let mut works = aeads::works(&secret);
        works.extend(ours::works(&secret));
        show(&measure(&format!("a secret of {len} bytes"), &mut works, rounds));
    }
    stores::measure(rounds, show);
}

fn lines(figures: &[Figure]) {
    figures.iter().for_each(|figure| println!("{}", figure.to_line()));
}

fn table(figures: &[Figure]) {
    println!("\n{:<46} {:>12} {:>9}  nine in ten", figures[0].table, "ns", "ratio");
    for Figure { name, seconds, ratio, low, high, .. } in figures {
        println!("  {name:<44} {:>12.0} {ratio:>9.2}  {low:.2} to {high:.2}", seconds * 1e9);
    }
}
