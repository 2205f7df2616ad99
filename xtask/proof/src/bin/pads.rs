//! Writes pads to standard output, as sealing draws them: `pads [BYTES]`, endless by default.
//!
//! `cargo xtask randomness` feeds them to third-party statistical suites.
#![forbid(unsafe_code)]

use std::io::{self, Write};
use std::process::ExitCode;

use otp_core::{Capacity, FreshKey, Record, Terms, UnixTime, key, random, seal};

fn main() -> ExitCode {
    let len = match std::env::args().nth(1).map(|argument| argument.parse()) {
        None => u64::MAX,
        Some(Ok(len)) => len,
        Some(Err(_)) => {
            eprintln!("usage: pads [BYTES]");
            return ExitCode::FAILURE;
        }
    };
    match write(len) {
        Ok(()) => ExitCode::SUCCESS,
        // The suite has read enough.
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("pads: {error}");
            ExitCode::FAILURE
        }
    }
}

fn write(mut len: u64) -> io::Result<()> {
    let name = "pads".parse().map_err(io::Error::other)?;
    let terms = Terms::created(UnixTime::MAX);
    let mut rng = random::system();
    let mut key_bytes = vec![0; key::MAX_LEN];
    let mut record_bytes = vec![0; Record::MAX_LEN];
    let mut out = io::stdout().lock();
    while len > 0 {
        let fresh = FreshKey::generate(&name, Capacity::MAX, &mut key_bytes[..], &mut rng).map_err(io::Error::other)?;
        // The frame of an empty payload is all zeros, so its ciphertext is the pad.
        let (_, record) = seal(fresh, &terms, &[], &mut record_bytes).map_err(io::Error::other)?;
        let pad = Record::decode(record).map_err(io::Error::other)?.ciphertext();
        let part = usize::try_from(len).unwrap_or(usize::MAX).min(pad.len());
        out.write_all(&pad[..part])?;
        len -= part as u64;
    }
    out.flush()
}
