//! The smallest program that parses a key, decodes a record and opens it. `cargo xtask size` measures it, and `cargo
//! xtask bench` runs it on emulated devices to see how much stack it uses.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::panic::PanicInfo;
use core::sync::atomic::{AtomicU32, Ordering};

use otp_core::{Key, Record, open_ignoring_expiry};

/// What a device would have read from somewhere: a key and a record of capacity 64.
static TEXT: &[u8] = include_bytes!("../../../otp-cli/tests/formats/1/keys/account.key");
static RECORD: &[u8] = include_bytes!("../../../otp-cli/tests/formats/1/store/edms/reporting/r2uh26rrtbvfguka.otp");

/// The sum of the secret's bytes once it is open; [`FAILED`] if it does not open.
#[unsafe(no_mangle)]
static ANSWER: AtomicU32 = AtomicU32::new(0);
const FAILED: u32 = u32::MAX;

/// The device's entry point.
#[unsafe(no_mangle)]
pub extern "C" fn _start() -> ! {
    ANSWER.store(opened().unwrap_or(FAILED), Ordering::Relaxed);
    loop {}
}

fn opened() -> Option<u32> {
    let mut key = [0; 160];
    let key = Key::parse(black_box(TEXT), &mut key[..]).ok()?;
    let record = Record::decode(black_box(RECORD)).ok()?;
    let secret = open_ignoring_expiry(key, &record).ok()?;
    Some(secret.expose().iter().map(|byte| u32::from(*byte)).sum())
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}
