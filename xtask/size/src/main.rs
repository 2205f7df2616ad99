//! The least program that parses a key, decodes a record and opens it: what `cargo xtask size` measures. It never runs.
#![no_std]
#![no_main]

use core::hint::black_box;
use core::panic::PanicInfo;

use otp_core::{Key, Record, open_ignoring_expiry};

/// Where a device would have read them to.
static TEXT: [u8; 256] = [0; 256];
static RECORD: [u8; 256] = [0; 256];

/// Where a device starts. Gives the sum of the secret's bytes.
#[unsafe(no_mangle)]
pub extern "C" fn _start() -> u32 {
    let mut key = [0; 160];
    let Ok(key) = Key::parse(black_box(&TEXT), &mut key[..]) else { return 0 };
    let Ok(record) = Record::decode(black_box(&RECORD)) else { return 0 };
    let Ok(secret) = open_ignoring_expiry(key, &record) else { return 0 };
    secret.expose().iter().map(|byte| u32::from(*byte)).sum()
}

#[panic_handler]
fn panic(_: &PanicInfo<'_>) -> ! {
    loop {}
}
