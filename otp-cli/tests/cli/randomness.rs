//! `otp doctor --rng`: a sound source passes, a broken one is found.

use serde_json::Value;

use crate::world::World;

/// What the program says of a source in the place of the system's: exit code, and which tests failed.
#[cfg(target_os = "linux")]
fn examined(name: &str, body: &str) -> (i32, Vec<String>) {
    let world = World::empty();
    let library = world.random_source(name, body);
    let outcome = world.otp(&["doctor", "--rng=1M", "--json"]).env("LD_PRELOAD", library).outcome();
    let report: Value = serde_json::from_slice(&outcome.stdout).unwrap();
    let tests = report["tests"].as_array().unwrap();
    let failed: Vec<&Value> = tests.iter().filter(|test| test["passed"] == false).collect();
    assert_eq!(report["passed"], failed.is_empty());
    (outcome.code(), failed.iter().map(|test| test["name"].as_str().unwrap().to_owned()).collect())
}

#[test]
fn the_systems_source_passes_and_the_report_claims_no_more() {
    let world = World::empty();
    let text = world.otp(&["doctor", "--rng"]).prints();
    assert!(text.starts_with("16,777,216 bytes of the system's source"), "{text}");
    for test in ["repetition-count", "adaptive-proportion", "monobit", "runs", "byte-frequency"] {
        assert!(text.contains(&format!("\n{test:<20} passed  ")), "{test}: {text}");
    }
    assert_eq!(text.matches("; p = ").count(), 3, "{text}");
    assert!(text.ends_with("a generator whose seed somebody knows passes all of it"), "{text}");
    assert!(world.otp(&["doctor", "--rng", "64K"]).prints().starts_with("65,536 bytes"));
    assert!(!world.path("store").exists());
}

#[cfg(target_os = "linux")]
#[test]
fn broken_sources_in_the_place_of_the_systems_are_found() {
    let some = |names: &[&str]| (11, names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>());
    assert_eq!(examined("zeros", "memset(b, 0, n); return n;"), some(&["repetition-count"]));
    let alternating = "for (size_t i = 0; i < n; i++) b[i] = i % 2 ? 0xff : 0; return n;";
    assert_eq!(examined("alternating", alternating), some(&["adaptive-proportion"]));
    // Each value as often as any other, in a fixed order: as even as no random source is.
    let (code, failed) = examined("cycle", "for (size_t i = 0; i < n; i++) b[i] = 73 * i; return n;");
    assert!(code == 11 && failed.contains(&"byte-frequency".to_owned()), "{failed:?}");
    // A known seed (splitmix64) is as bad, and nothing shows it: what the report says of itself.
    let known = "static unsigned long s = 7; for (size_t i = 0; i < n; i++) { unsigned long z = s += 0x9e3779b97f4a7c15ul; \
        z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ul; z = (z ^ z >> 27) * 0x94d049bb133111ebul; b[i] = (z ^ z >> 31) >> 56; } \
        return n;";
    assert_eq!(examined("known", known), (0, vec![]));
}

#[cfg(target_os = "linux")]
#[test]
fn a_source_that_cannot_be_read_is_told_without_a_report() {
    let world = World::empty();
    let library = world.random_source("failing", "errno = EIO; return -1;");
    let message = world.otp(&["doctor", "--rng"]).env("LD_PRELOAD", library).fails(11);
    assert!(message.contains("the source of randomness can't be read"), "{message}");
}

#[test]
fn what_is_no_number_of_bytes_is_refused() {
    let world = World::empty();
    for bytes in ["--rng=", "--rng=63K", "--rng=2T", "--rng=16m", "--rng=-1", "--rng=x"] {
        assert!(world.otp(&["doctor", bytes]).fails(2).contains("--rng"), "{bytes}");
    }
    world.otp(&["doctor", "--rng", "--fix"]).fails(2);
    world.otp(&["doctor", "--rng", "--key-file=a"]).fails(2);
}
