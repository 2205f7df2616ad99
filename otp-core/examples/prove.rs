//! Proves perfect secrecy where it can be counted, on the real frames and pads, and shows how the ancestor fails.
//!
//! Run it with `cargo run --release --example prove`; it takes a minute or two.

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

#[path = "../tests/secrecy/proof.rs"]
mod proof;

use proof::{ancestor, bytes_are_apart, payloads, stored_frames, stored_pairs};

/// The smallest frame that is really stored.
const SMALLEST_FRAME: usize = 66;

fn main() -> ExitCode {
    match prove() {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            eprintln!("NOT PROVED: {fault}");
            ExitCode::FAILURE
        }
    }
}

fn prove() -> Result<(), String> {
    let payloads = payloads();
    println!("capacity 1: {} payloads (none, and every byte), each under all {} pads", payloads.len(), proof::PADS);
    let frames = on_all_threads(payloads.len(), |index| {
        let payload = &payloads[index];
        stored_frames(payload).map_err(|frame| format!("payload {payload:02x?} is stored twice as {frame:02x?}"))
    })?;
    println!("  {frames} frames sealed: for each payload every stored value came exactly once");

    println!("two secrets of one byte, equal or not, each under a pad of its own");
    let pairs = on_all_threads(1 << 16, |index| {
        let [first, second] = u16::try_from(index).map_err(|error| error.to_string())?.to_be_bytes();
        stored_pairs(first, second).map_err(|pair| format!("{first} and {second} are stored twice as {pair:02x?}"))
    })?;
    println!(
        "  {pairs} pairs sealed: every stored pair came exactly once, also of equal secrets, where c1 ^ c2 = k1 ^ k2"
    );

    let cases = bytes_are_apart(SMALLEST_FRAME).map_err(|place| format!("byte {place} meets another's pad"))?;
    println!("a frame of {SMALLEST_FRAME} bytes: each meets its own byte of the pad and no other ({cases} cases)");

    if ancestor::is_secret() {
        return Err("the test finds nothing wrong with the ancestor's pads, so it finds nothing".into());
    }
    let (average, worst) = ancestor::lengths_left();
    println!("the ancestor's pads of {} characters fail the same test, as they should:", ancestor::alphabet().len());
    println!("  {:.2} bits of each character leak", ancestor::bits_per_character());
    println!("  a guess of 12 characters survives once in {:.0}", 1.0 / ancestor::guess_survives(12));
    println!("  of {} lengths {average:.1} stay possible on average, {worst} at worst", ancestor::lengths());
    println!("PROVED: what is stored has the same distribution whatever the secret is, if the pad is uniform");
    Ok(())
}

/// Does something for each index, on as many threads as there are processors, and sums the cases up.
fn on_all_threads(count: usize, each: impl Fn(usize) -> Result<u32, String> + Sync) -> Result<u64, String> {
    let (next, cases) = (AtomicUsize::new(0), AtomicU64::new(0));
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                return Ok::<(), String>(());
            }
            cases.fetch_add(u64::from(each(index)?), Ordering::Relaxed);
        }
    };
    thread::scope(|scope| {
        let threads = thread::available_parallelism().map_or(1, usize::from);
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
        workers.into_iter().try_for_each(|worker| worker.join().unwrap_or_else(|_| Err("a thread panicked".into())))
    })?;
    Ok(cases.into_inner())
}
