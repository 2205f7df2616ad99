//! The committed seeds, and every input that once failed, through the same functions on a stable compiler.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use otp_fuzz::TARGETS;

fn folder(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(name)
}

fn stems(name: &str) -> BTreeSet<String> {
    let files = fs::read_dir(folder(name)).unwrap();
    files.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

#[test]
fn every_seed_holds_what_its_target_says() {
    for (name, target) in TARGETS {
        let mut seeds = 0;
        for file in fs::read_dir(folder("corpus").join(name)).unwrap() {
            let path = file.unwrap().path();
            println!("{}", path.display());
            target(&fs::read(&path).unwrap());
            seeds += 1;
        }
        assert!(seeds >= 3, "{name} has {seeds} seeds");
    }
}

#[test]
fn every_target_has_its_binary_and_its_seeds() {
    let names: BTreeSet<String> = TARGETS.iter().map(|(name, _)| (*name).to_owned()).collect();
    assert_eq!(stems("fuzz_targets"), names);
    assert_eq!(stems("corpus"), names);
    assert!(stems("dictionaries").is_subset(&names));
}

#[test]
fn no_input_at_all_and_long_ones_hold_too() {
    for (_, target) in TARGETS {
        target(b"");
        for byte in [0, 1, b'a', 0xff] {
            target(&vec![byte; 70_000]);
        }
    }
}
