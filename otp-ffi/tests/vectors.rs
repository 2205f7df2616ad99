//! The vectors of `otp-core/tests/vectors/vectors.txt`, through the functions that C calls.

use std::collections::BTreeMap;
use std::ffi::CStr;
use std::path::Path;

use otp_core::UnixTime;
use otp_ffi::code::otp_code_name;
use otp_ffi::error::otp_error_message;
use otp_ffi::record::otp_open;

type Case<'a> = BTreeMap<&'a str, &'a str>;

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")).collect()
}

/// The name of the code that `otp_open` ends with, and what it opened.
fn open(key: &str, record: &[u8]) -> (String, Vec<u8>) {
    let mut secret = vec![0xaa; 65_535];
    let mut len = secret.len();
    // SAFETY: the buffers have these lengths and don't overlap.
    let status = unsafe {
        otp_open(
            key.as_ptr().cast(),
            key.len(),
            record.as_ptr().cast(),
            record.len(),
            secret.as_mut_ptr().cast(),
            &raw mut len,
        )
    };
    // SAFETY: both texts end with a NUL.
    let (name, message) =
        unsafe { (CStr::from_ptr(otp_code_name(status as i32)), CStr::from_ptr(otp_error_message())) };
    assert!(name == c"ok" || !message.is_empty());
    assert!(name == c"ok" || secret.iter().all(|byte| *byte == 0xaa), "a failure wrote to the buffer");
    secret.truncate(len);
    (name.to_string_lossy().into_owned(), secret)
}

#[test]
fn the_vectors_open_as_they_say() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../otp-core/tests/vectors/vectors.txt");
    let text = std::fs::read_to_string(path).unwrap();
    let case = |lines: &'static str| -> Case<'static> {
        lines.lines().filter_map(|line| line.split_once(':')).map(|(name, value)| (name, value.trim())).collect()
    };
    let cases: Vec<Case<'static>> = text.leak().split("\n\n").map(case).collect();
    let mut seen = 0;
    for case in cases.iter().filter(|case| case.get("kind") == Some(&"open")) {
        let expected = case["expect"];
        // The call goes by the clock, which may be before or after the expiry of the vectors.
        let end = UnixTime::from_secs(1_800_086_400).unwrap();
        let timely = if UnixTime::now() >= end { "expired" } else { "ok" };
        let lasting = case["case"].contains("without an expiry");
        let expected = if matches!(expected, "ok" | "expired") && !lasting { timely } else { expected };
        let (name, secret) = open(case["key"], &bytes(case["record"]));
        assert_eq!(name, expected, "{}", case["case"]);
        if name == "ok" && case.contains_key("payload") {
            assert_eq!(secret, bytes(case["payload"]), "{}", case["case"]);
        }
        seen += 1;
    }
    assert!(seen >= 30, "{seen}");
}
