//! Perfect secrecy, proved by enumeration on the code that seals. `cargo xtask prove` runs the test that takes minutes.

#[cfg(feature = "alloc")]
mod pages;
mod proof;
mod secure_python_link;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

use proof::{PADS, bytes_are_apart, payloads, stored_frames, stored_pairs, stored_triples};

/// The smallest frame in a record.
const SMALLEST_FRAME: usize = 66;

#[test]
fn every_pad_stores_another_frame_whatever_the_payload_is() {
    for payload in [&b""[..], &[0], &[1], &[0xff]] {
        assert_eq!(stored_frames(payload), Ok(PADS));
    }
}

#[test]
fn two_seals_of_one_secret_store_every_pair_once_and_so_do_two_secrets() {
    for secret in 0..=u8::MAX {
        // Equal ones, like two seals of one secret, or an equal username and password; then different ones.
        assert_eq!(stored_pairs(secret, secret), Ok(1 << 16));
        assert_eq!(stored_pairs(secret, !secret), Ok(1 << 16));
    }
}

#[test]
fn two_pages_and_a_recovery_record_store_every_triple_once_whatever_the_secrets_are() {
    for (first, second) in [(0, 0), (0x5a, 0xa5)] {
        assert_eq!(stored_triples(first, second), Ok(PADS));
    }
}

#[test]
fn each_byte_of_a_frame_meets_its_own_byte_of_the_pad() {
    assert_eq!(bytes_are_apart(4), Ok(4 << 16));
}

#[test]
fn the_same_test_fails_for_the_pads_of_secure_python_link() {
    use secure_python_link::{alphabet, bits_per_character, guess_survives, is_secret, lengths, lengths_left};

    assert_eq!(alphabet().len(), 72);
    assert!(!is_secret());
    let (average, worst) = lengths_left();
    println!("its pads have {} characters, and {:.2} bits of each leak", alphabet().len(), bits_per_character());
    println!("a guess of 12 characters survives once in {:.0}", 1.0 / guess_survives(12));
    println!("of {} lengths {average:.1} stay possible on average, {worst} at worst", lengths());
    // What the documents say about it.
    assert_eq!(format!("{:.2}", bits_per_character()), "0.78");
    assert_eq!(format!("{average:.0} {worst} {}", lengths()), "18 2 24");
    assert_eq!(format!("{:.0}", 1.0 / guess_survives(12)), "460");
}

#[test]
#[ignore = "minutes long: cargo xtask prove"]
fn what_is_stored_has_one_distribution_whatever_the_secret_is() {
    let payloads = payloads();
    println!("capacity 1: {} payloads (none, and every byte), each under all {PADS} pads", payloads.len());
    let frames = on_all_threads(payloads.len(), |index| {
        let payload = &payloads[index];
        stored_frames(payload).map_err(|frame| format!("payload {payload:02x?} is stored twice as {frame:02x?}"))
    });
    println!("  {frames} frames sealed: for each payload every stored value came exactly once");
    assert_eq!(frames, 257 << 24);

    println!("two secrets of one byte, equal or not, each under a pad of its own");
    let pairs = on_all_threads(1 << 16, |index| {
        let [_, _, first, second] = u32::try_from(index).map_err(|error| error.to_string())?.to_be_bytes();
        stored_pairs(first, second).map_err(|pair| format!("{first} and {second} are stored twice as {pair:02x?}"))
    });
    println!(
        "  {pairs} pairs sealed: every stored pair came exactly once, also of equal secrets, where c1 ^ c2 = k1 ^ k2"
    );
    assert_eq!(pairs, 1 << 32);

    println!("a rotation with a ring: one secret under a page, the next under another page and under the recovery key");
    let triples = on_all_threads(512, |index| {
        let [.., high, first] = u32::try_from(index).map_err(|error| error.to_string())?.to_be_bytes();
        let second = if high == 0 { first } else { first.wrapping_mul(167).wrapping_add(13) };
        stored_triples(first, second)
            .map_err(|triple| format!("{first} and {second} are stored twice as {triple:02x?}"))
    });
    println!("  {triples} triples sealed: every stored triple came exactly once");
    assert_eq!(triples, 512 << 24);

    let cases = bytes_are_apart(SMALLEST_FRAME);
    println!("a frame of {SMALLEST_FRAME} bytes: each meets its own byte of the pad and no other ({cases:?} cases)");
    assert_eq!(cases, Ok(66 << 16));
    println!("PROVED: what is stored has the same distribution whatever the secret is, if the pad is uniform");
}

/// Calls a function for each index, on as many threads as there are processors, and sums the cases up.
fn on_all_threads(count: usize, each: impl Fn(usize) -> Result<u32, String> + Sync) -> u64 {
    let (next, cases) = (AtomicUsize::new(0), AtomicU64::new(0));
    let work = || {
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= count {
                break;
            }
            let more = each(index).unwrap_or_else(|fault| panic!("not proved: {fault}"));
            cases.fetch_add(u64::from(more), Ordering::Relaxed);
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    cases.into_inner()
}
