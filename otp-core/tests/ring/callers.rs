//! Who seals a page: only the keeper, while it holds the claim of a generation (rule 1).

use std::fs;
use std::path::{Path, PathBuf};

/// Every Rust source file below a directory that is part of a program or library.
fn sources(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        if path.is_dir() && !["target", "tests", "corpus", "node_modules"].contains(&&*name) && !name.starts_with('.') {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
}

#[test]
fn only_the_keeper_seals_a_page_and_only_behind_its_claim() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap();
    let mut files = Vec::new();
    sources(root, &mut files);
    let mut callers = Vec::new();
    for file in &files {
        let text = fs::read_to_string(file).unwrap();
        let calls = text.lines().filter(|line| {
            let code = line.trim_start();
            code.contains("seal_page(") && !code.starts_with("//") && !code.contains("fn seal_page")
        });
        let name = file.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
        callers.extend(calls.map(|_| name.clone()));
    }
    callers.sort_unstable();
    // The first page of a fresh key, the entrance marked as dangerous, and the rotation that uses it.
    let expected = ["otp-core/src/hazmat.rs", "otp-core/src/keeper/ringed/publish.rs", "otp-core/src/seal.rs"];
    assert_eq!(callers, expected, "who else seals a page of a key?");

    let publish = fs::read_to_string(root.join("otp-core/src/keeper/ringed/publish.rs")).unwrap();
    let at = |what: &str| publish.find(what).unwrap_or_else(|| panic!("publish.rs has no {what}"));
    assert!(at("self.claim(") < at("self.seal_all(") && at("self.reseal(") < at("hazmat::seal_page("));
    // `publish` claims first, and nothing else reaches the code that seals.
    assert_eq!(publish.matches("self.seal_all(").count(), 1);
    assert_eq!(publish.matches("self.reseal(").count(), 1);
    assert_eq!(publish.matches("self.claim(").count(), 1);
}
