//! Embeds the core where there is no operating system and no allocator: in a device that keeps a few records in slots.
//!
//! `device` and `flash` are `no_std`; `main` stands for the board, and runs on the host. Run it with
//! `cargo run -p otp-core --example embed_no_std`.

mod device;
mod flash;

use core::ops::ControlFlow;

use chacha20::ChaCha20Rng;
use chacha20::rand_core::SeedableRng;
use otp_core::error::KeyFault;
use otp_core::store::Scope;
use otp_core::{Error, Note, Slot, Store, UnixTime};

fn main() -> Result<(), device::Failure> {
    // On a board, this is the hardware's source under `HealthTested`.
    let mut rng = ChaCha20Rng::from_seed([7; 32]);
    let flash = flash::Flash::new();

    let mut key = [0; device::KEY_TEXT_LEN];
    let len = device::provision(&flash, &mut rng, b"correct horse", &mut key)?;
    println!("sealed: {} of {} slots used, a key of {len} characters", flash.used(), flash::SLOTS);

    let mut secret = [0; 64];
    let opened = device::unlock(&flash, &key[..len], &mut secret)?;
    println!("opened: {} bytes", opened.len());
    assert_eq!(opened, b"correct horse");

    key[80] = if key[80] == b'a' { b'b' } else { b'a' };
    let refused = device::unlock(&flash, &key[..len], &mut secret);
    println!("a mistyped key: {refused:?}");
    assert_eq!(refused, Err(device::Failure::Core(Error::MalformedKey(KeyFault::Checksum))));

    let device::Failure::Full = device::fill(&flash, &mut rng) else {
        panic!("a flash of {} slots takes no more than that", flash::SLOTS);
    };
    println!("full: {} of {} slots used, and nothing was overwritten", flash.used(), flash::SLOTS);
    assert_eq!(flash.used(), flash::SLOTS);

    // A record makes room for the note that ends its key.
    let mut slots = Vec::new();
    flash.list(Scope::All, &mut |slot| {
        slots.push(slot.clone());
        ControlFlow::Continue(())
    })?;
    assert!(slots.len() == flash::SLOTS && slots.is_sorted());
    let (record, note) = (&slots[0], Slot::note(&slots[0].account, slots[0].id));
    let revoked = Note::Revoked { at: UnixTime::from_secs(0).ok_or(Error::InvalidTime)? }.encode();
    assert_eq!(flash.put(&note, &revoked), Err(flash::Full));
    assert!(flash.remove(record)? && flash.put(&note, &revoked)?);
    let later = Note::Revoked { at: UnixTime::MAX }.encode();
    assert!(flash.replace(&(), &note, &revoked, &later)? && !flash.replace(&(), &note, &revoked, &later)?);
    println!("revoked: {record:?} is gone, and {note:?} is there");
    Ok(())
}
