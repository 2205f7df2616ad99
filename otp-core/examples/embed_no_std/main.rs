//! Embeds the core where there is no operating system and no allocator: in a device that keeps a few records in slots.
//!
//! All of `device` is `no_std`; `main` stands for the board, and runs on the host. Run it with
//! `cargo run -p otp-core --example embed_no_std`.

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;

mod device;

fn main() -> Result<(), device::Failure> {
    // On a board this is its hardware source, under `HealthTested`, and the seed is nobody's choice.
    let mut rng = ChaCha20Rng::from_seed([7; 32]);
    let flash = device::Flash::new();

    let mut key = [0; device::KEY_TEXT_LEN];
    let len = device::provision(&flash, &mut rng, b"correct horse", &mut key)?;
    println!("sealed: {} of {} slots used, a key of {len} characters", flash.used(), device::SLOTS);

    let mut secret = [0; 64];
    let opened = device::unlock(&flash, &key[..len], &mut secret)?;
    println!("opened: {} bytes", opened.len());
    assert_eq!(opened, b"correct horse");

    key[80] = if key[80] == b'a' { b'b' } else { b'a' };
    let refused = device::unlock(&flash, &key[..len], &mut secret);
    println!("a mistyped key: {refused:?}");
    assert_eq!(refused, Err(device::Failure::Core(otp_core::Error::MalformedKey(otp_core::error::KeyFault::Checksum))));

    let device::Failure::Full = device::fill(&flash, &mut rng) else {
        panic!("a flash of {} slots takes no more than that", device::SLOTS);
    };
    println!("full: {} of {} slots used, and nothing was overwritten", flash.used(), device::SLOTS);
    assert_eq!(flash.used(), device::SLOTS);
    Ok(())
}
