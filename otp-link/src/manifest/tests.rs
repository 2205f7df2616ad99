use otp_core::UnixTime;
use proptest::prelude::*;

use super::*;

fn read(format: Format, text: &[u8]) -> Result<Manifest> {
    let folder = otp_test_tools::folder();
    let path = folder.path().join("source");
    std::fs::write(&path, text).unwrap();
    let (mapping, when) = (Mapping::default(), |_: &str| None::<UnixTime>);
    Manifest::read(&path, format, &Reading::new(&mapping, &when))
}

fn password(manifest: &Manifest, entry: usize) -> Vec<u8> {
    let entry = &manifest.entries[entry];
    manifest.fields(entry).find(|(name, _)| *name == "password").unwrap().1.to_vec()
}

/// A JSON string for text, with each character as itself or as an escape.
fn written(text: &str, escapes: &[bool]) -> String {
    let mut out = String::from("\"");
    for (number, c) in text.chars().enumerate() {
        let is_escaped = escapes.get(number % escapes.len().max(1)).copied().unwrap_or(false);
        if is_escaped || c < ' ' || matches!(c, '"' | '\\') {
            for unit in c.encode_utf16(&mut [0; 2]) {
                out.push_str(&format!("\\u{unit:04X}"));
            }
        } else {
            out.push(c);
        }
    }
    out + "\""
}

proptest! {
    #[test]
    fn a_value_in_json_comes_back_however_it_is_escaped(text in "\\PC{1,40}|[\\x00-\\x7f]{1,40}", escapes: Vec<bool>) {
        let value = written(&text, &escapes);
        prop_assert_eq!(&serde_json::from_str::<String>(&value).unwrap(), &text, "another reader agrees");
        let manifest = read(Format::Jsonl, format!("{{\"account\": \"a\", \"password\": {value}}}").as_bytes()).unwrap();
        prop_assert_eq!(password(&manifest, 0), text.as_bytes());
    }

    #[test]
    fn what_another_reader_refuses_is_refused(value in "\"([a-z]|\\\\[a-z\"\\\\/]|\\\\u[dD][89a-fA-F][0-9a-f]{2}|\\\\u00[0-9a-f]{2}){1,6}\"") {
        let line = format!("{{\"account\": \"a\", \"password\": {value}}}");
        let read = read(Format::Jsonl, line.as_bytes());
        match serde_json::from_str::<String>(&value) {
            Ok(text) => prop_assert_eq!(password(&read.unwrap(), 0), text.as_bytes()),
            Err(_) => prop_assert!(read.is_err()),
        }
    }

    #[test]
    fn a_table_gives_back_every_cell(cells in proptest::collection::vec("[a-z,\"\r\n \u{e4}]{1,20}", 1..20)) {
        let mut table = String::from("password,account\n");
        for (number, cell) in cells.iter().enumerate() {
            table.push_str(&format!("\"{}\",a{number}\r\n", cell.replace('"', "\"\"")));
        }
        let manifest = read(Format::Csv, table.as_bytes()).unwrap();
        prop_assert_eq!(manifest.entries.len(), cells.len());
        let mut line = 2;
        for (number, cell) in cells.iter().enumerate() {
            prop_assert_eq!(password(&manifest, number), cell.as_bytes());
            prop_assert_eq!(manifest.entries[number].line, Some(line));
            line += 1 + cell.matches('\n').count();
        }
    }

    #[test]
    fn no_source_is_too_strange(text in proptest::collection::vec(any::<u8>(), 0..200)) {
        for format in [Format::Jsonl, Format::Json, Format::Csv, Format::Dotenv] {
            if let Ok(manifest) = read(format, &text) {
                prop_assert!(!manifest.entries.is_empty());
            }
        }
    }
}

#[test]
fn a_document_names_the_line_of_each_account() {
    let manifest = read(Format::Json, b"{\n\"a\": {\"password\": \"x\"},\n\n\"b\":\n {\"password\": \"y\"}}").unwrap();
    let lines: Vec<_> = manifest.entries.iter().map(|entry| (entry.account.as_str(), entry.line)).collect();
    assert_eq!(lines, [("a", Some(2)), ("b", Some(5))]);
}
