//! The vectors: the committed file is what the generator writes, and each case gets its expected answer.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod generate;
mod read;

use std::process::Command;

use otp_core::{Record, key};
use read::read;

const FILE: &str = include_str!("vectors.txt");

/// The lines of a case.
#[derive(Clone, Copy)]
struct Case<'a>(&'a str);

impl<'a> Case<'a> {
    fn all(self, name: &str) -> impl Iterator<Item = &'a str> + use<'a, '_> {
        let lines = self.0.lines();
        lines.filter_map(move |line| line.strip_prefix(name)?.strip_prefix(':').map(str::trim_start))
    }

    fn find(self, name: &str) -> Option<&'a str> {
        self.all(name).next()
    }

    fn text(self, name: &str) -> &'a str {
        self.find(name).unwrap_or_else(|| panic!("no {name} in case {}", self.0))
    }

    fn bytes(self, name: &str) -> Vec<u8> {
        hex(self.text(name))
    }

    fn number(self, name: &str) -> Option<u64> {
        self.find(name).map(|number| number.parse().unwrap())
    }

    fn key(self) -> Vec<u8> {
        self.find("key").map_or_else(|| self.bytes("key-hex"), |text| text.as_bytes().to_vec())
    }
}

fn hex(text: &str) -> Vec<u8> {
    assert!(text.len().is_multiple_of(2));
    (0..text.len() / 2).map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).unwrap()).collect()
}

fn cases() -> Vec<Case<'static>> {
    FILE.split("\n\n").map(Case).filter(|case| case.find("case").is_some()).collect()
}

#[test]
fn the_committed_file_is_what_the_generator_writes() {
    let file = generate::file();
    if std::env::var_os("OTP_WRITE_VECTORS").is_some() {
        std::fs::write(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/vectors/vectors.txt"), &file).unwrap();
        return;
    }
    let how = "OTP_WRITE_VECTORS=1 cargo test -p otp-core --all-features --test vectors";
    assert!(file == FILE, "vectors.txt is not what the generator writes; to write it: {how}");
}

#[test]
fn every_case_gets_the_answer_that_it_asks_for() {
    let mut kinds = std::collections::BTreeMap::new();
    for case in cases() {
        let answer = read(case).map_or_else(|refusal| (refusal.name, refusal.fault), |()| ("ok", None));
        assert_eq!(answer, (case.text("expect"), case.find("fault")), "{}", case.text("case"));
        *kinds.entry((case.text("kind"), answer.0 == "ok")).or_insert(0) += 1;
    }
    // Good ones of all ten kinds, and bad ones of those that can be misread.
    assert_eq!(kinds.len(), 10 + 6, "{kinds:?}");
    assert!(kinds.values().all(|count| *count >= 2), "{kinds:?}");
}

#[test]
fn a_decoder_written_from_the_specification_gives_the_same_answers() {
    let dir = env!("CARGO_MANIFEST_DIR");
    let python = if cfg!(windows) { "python" } else { "python3" };
    let output = Command::new(python)
        .arg(format!("{dir}/tests/decoder.py"))
        .output()
        .expect("python3 runs the decoder that is written from docs/format.md: install Python 3");
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains(&format!("{} cases", cases().len())), "{text}");
}

#[test]
fn the_example_of_the_specification_is_the_one_of_the_vectors() {
    let page = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/format.md")).unwrap();
    let lines =
        |after: &str| page.split(after).nth(1).unwrap().split("```text\n").nth(1).unwrap().split("```").next().unwrap();
    let block = |after: &str| {
        let block = lines(after);
        hex(&block.lines().map(|line| line.split("  ").next().unwrap().replace(' ', "")).collect::<String>())
    };
    let case = cases().into_iter().find(|case| case.text("kind") == "open").unwrap();
    assert_eq!(block("The payload, 24 bytes:"), case.bytes("payload"));
    assert_eq!(block("The record:"), case.bytes("record"));
    let mut key = block("The key's bytes:");
    key.truncate(key.len() - 4);
    assert_eq!(otp_reference::key_text(&key), case.text("key"));
    assert_eq!(lines("Its text, on one line:").replace('\n', ""), case.text("key"));
    let decoded = case.bytes("record");
    let header = Record::decode(&decoded).unwrap().header_bytes().len();
    assert!(page.contains(&format!("the first {header} bytes")));
    for longest in [key::MAX_LEN, Record::MAX_LEN] {
        assert!(page.contains(&longest.to_string()), "{longest}");
    }
}
