//! Writes the seed corpora from the vectors: `cargo run -p otp-fuzz --example seeds`.

use std::fs;
use std::io::Result;
use std::path::{Path, PathBuf};

use otp_core::rand_core::Rng;

const VECTORS: &str = include_str!("../../otp-core/tests/vectors/vectors.txt");
/// Files that Secure-Python-Link wrote, and under which Python.
const OLD_FILES: [(&str, &str); 3] = [
    (
        "2.7",
        "286470300a53276c697374270a70310a286c70320a563914474a4f2103030264280c23180551483216231c614606780a70330a6156114b3419131b1d6a2c0b4f260b4e6d4a4116753108612f730b0a70340a61732e",
    ),
    (
        "3.6",
        "80037d710058040000006c69737471015d7102285819000000574406074d152720291a0f174b2252050c4e1418563606635571035819000000220d4a171046260b6237374a225744147a1446751b2d647c00710465732e",
    ),
    (
        "3.8",
        "80049547000000000000007d948c046c697374945d94288c19390f440308455d3a0e57285e1f5c39680636207711016f0413948c192c4a042b0b101d6b695d322650017c4c6f156474391b1e104d9465732e",
    ),
];
/// Longer ones slow an engine down and show nothing more.
const LONGEST: usize = 600;
/// How many seeds of each answer a target gets.
const MOST: usize = 24;

fn main() -> Result<()> {
    let corpus = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (target, kind, value) in [
        ("account", "account", "payload"),
        ("account_name", "record", "account"),
        ("account_name", "record", "holder"),
        ("account_name", "key", "id"),
        ("frame", "open", "payload"),
        ("key_text", "key", "key"),
        ("key_text", "key", "key-hex"),
        ("note", "note", "note"),
        ("record", "record", "record"),
    ] {
        let is_text = matches!(value, "account" | "holder" | "id" | "key");
        let mut counts = std::collections::BTreeMap::new();
        for case in VECTORS.split("\n\n").filter(|case| find(case, "kind") == Some(kind)) {
            let (Some(found), Some(what)) = (find(case, value), find(case, "case")) else { continue };
            let what = what.strip_prefix(kind).map_or(what, |what| what.trim_start_matches(": "));
            let bytes = if is_text { found.as_bytes().to_vec() } else { hex(found) };
            let bytes = if target == "frame" { framed(&bytes) } else { bytes };
            let count = counts.entry(find(case, "expect")).or_insert(0);
            if bytes.len() <= LONGEST && *count < MOST {
                *count += 1;
                write(&corpus.join(target), &format!("{value}-{what}"), &bytes)?;
            }
        }
    }
    for (what, name) in [
        ("every kind of character", "a/b.c-d_e0"),
        ("a device", "con"),
        ("a device with an extension", "com1.txt"),
        ("the suffix of a record", "a.otp"),
        ("an empty part", "a//b"),
        ("the folder above", "../x"),
        ("a letter outside ASCII", "\u{e9}"),
        ("a mark of text direction", "a\u{202e}b"),
        ("a separator of lines", "a\u{2028}b"),
    ] {
        write(&corpus.join("account_name"), &format!("name-{what}"), name.as_bytes())?;
    }
    for (python, file) in OLD_FILES {
        write(&corpus.join("pickle"), &format!("python-{python}"), &hex(file))?;
    }
    // Structured inputs: any bytes are some sequence of steps or changes.
    let mut rng = otp_reference::rng(1);
    for (target, count) in [("keeper", 16), ("open", 16), ("pickle", 8), ("store", 8), ("abi", 8), ("ring", 8)] {
        for number in 0..count {
            let mut bytes = vec![0; if target == "abi" { 200 + 40 * number } else { 40 + 20 * number }];
            rng.fill_bytes(&mut bytes);
            for byte in &mut bytes {
                match number % 4 {
                    0 | 2 => *byte %= 16,
                    // An odd byte is a yes: such sequences go on.
                    1 => *byte |= 1,
                    _ => {}
                }
            }
            write(&corpus.join(target), &format!("arbitrary-{number:02}"), &bytes)?;
        }
    }
    Ok(())
}

fn find<'c>(case: &'c str, name: &str) -> Option<&'c str> {
    case.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim)
}

fn hex(text: &str) -> Vec<u8> {
    (0..text.len() / 2).filter_map(|at| u8::from_str_radix(&text[2 * at..2 * at + 2], 16).ok()).collect()
}

/// A payload in a frame of 64 bytes, or as it is if that is too small.
fn framed(payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![0; 66];
    match otp_core::frame::encode(payload, &mut frame) {
        Ok(()) => frame,
        Err(_) => payload.to_vec(),
    }
}

fn write(folder: &Path, what: &str, bytes: &[u8]) -> Result<()> {
    fs::create_dir_all(folder)?;
    let name: String =
        what.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).collect();
    fs::write(folder.join(name), bytes)
}
