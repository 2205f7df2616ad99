//! What the core costs beside AEADs, and the store beside SQLite, in one process: `cargo xtask peers`.
//!
//! Everything runs in turns with everything else, so that a busy machine slows all of it down alike, and each figure is a
//! median. Ratios carry over to another machine; nanoseconds don't.
#![forbid(unsafe_code)]
#![allow(clippy::unwrap_used, reason = "a measurement that fails may panic")]

mod aeads;
mod ours;
mod stores;
mod turns;

use turns::{Work, medians};

/// Bytes of the secret.
const SIZES: [usize; 4] = [60, 1_000, 16_000, 65_000];

fn main() {
    for len in SIZES {
        let secret = vec![0x5a; len];
        let mut works = ours::works(&secret);
        works.extend(aeads::works(&secret));
        let times = medians(&mut works);
        let find = |name: &str| times[works.iter().position(|work| work.name == name).unwrap()];
        let floors = ["ring ChaCha20-Poly1305, open", "RustCrypto ChaCha20-Poly1305, open", "memcpy of key and record"];
        println!("\n{len} bytes{:33}{:>12} {:>9} {:>9} {:>9}", "", "ns", "/ ring", "/ RustC", "/ memcpy");
        for (Work { name, .. }, time) in works.iter().zip(&times) {
            let ratios = floors.map(|floor| format!("{:>9.2}", time / find(floor)));
            println!("  {name:<38} {time:>12.0} {}", ratios.join(" "));
        }
    }

    let home = tempfile::tempdir().unwrap();
    let mut works = stores::works(home.path());
    let times = medians(&mut works);
    println!("\none of many records{:21}{:>12} {:>9}", "", "ns", "/ SQLite");
    for (pair, times) in works.chunks(2).zip(times.chunks(2)) {
        for (Work { name, .. }, time) in pair.iter().zip(times) {
            println!("  {name:<38} {time:>12.0} {:>9.2}", time / times[1]);
        }
    }
}
