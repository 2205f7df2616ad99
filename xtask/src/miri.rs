//! `cargo xtask miri`: the core's unit tests under Miri, without those that enumerate millions of cases, and the C
//! interface as far as it needs no store.

use std::process::Command;

use xtask::Result;
use xtask::cargo::{cargo_of, target};
use xtask::sh::{answers, run};

/// Tests that would take hours under Miri. Similar tests do the same with less.
const TOO_LONG: [&str; 9] = [
    "every_frame_of_capacity_one",
    "every_length_of_the_smaller_classes",
    "the_largest_frame",
    "capacities_are_the_public_classes",
    "any_text",
    "a_sound_source_is_handed_on",
    "the_cutoffs_keep",
    "a_favoured_value",
    "a_run_alarms_at_exactly",
];

pub(crate) fn miri() -> Result<()> {
    if !answers(&mut cargo_of("nightly", &["miri", "--version"])) {
        return Err("this needs Miri: rustup toolchain install nightly --component miri --component rust-src".into());
    }
    let skipped = TOO_LONG.iter().flat_map(|test| ["--skip", test]);
    run(miri_test().args(["-p", "otp-core", "--features", "alloc", "--lib", "--"]).args(skipped))?;
    run(miri_test().args(["-p", "otp-ffi", "--lib", "--test", "pointers"]))
}

fn miri_test() -> Command {
    let mut command = cargo_of("nightly", &["miri", "test", "--locked", "--target-dir"]);
    command.arg(target().join("miri"));
    // The C interface asks for the time, and reads a file.
    let flags = "-Zmiri-strict-provenance -Zmiri-symbolic-alignment-check -Zmiri-disable-isolation";
    command.env("MIRIFLAGS", flags);
    command
}
