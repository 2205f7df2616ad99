//! Every claim in the README and the threat model names a check that could refute it, and that check exists.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::Path;
use std::{fs, iter};

use xtask::sh::root;

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap()
}

/// The part of a document below a heading, up to the next heading of the same level.
fn section<'d>(document: &'d str, heading: &str) -> &'d str {
    let start = document.find(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("there is no {heading}"));
    let rest = &document[start + heading.len() + 2..];
    &rest[..rest.find("\n## ").unwrap_or(rest.len())]
}

/// The claims in a list, one for each item.
fn items(section: &str) -> impl Iterator<Item = &str> {
    iter::once(section).flat_map(|section| section.split("\n- ").skip(1)).map(|item| item.split("\n\n").next().unwrap())
}

/// The checks in the last column of each table of claims, one for each row.
fn rows(section: &str) -> impl Iterator<Item = &str> {
    let is_claim = |line: &&str| line.starts_with("| ") && !line.starts_with("| ---") && !line.starts_with("| claim |");
    section.lines().filter(is_claim)
}

/// The text between backticks.
fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// This program's commands.
fn commands() -> BTreeSet<String> {
    let main = read("xtask/src/main.rs");
    let usage = |rest: &str| rest.trim_start().trim_start_matches('"').split([' ', '"']).next().unwrap().to_owned();
    main.split("task(").skip(1).map(usage).collect()
}

/// Whether a text names an existing check: a task, or a file or folder of tests.
fn is_check(quoted: &str, commands: &BTreeSet<String>) -> bool {
    match quoted.strip_prefix("cargo xtask ") {
        Some(task) => commands.contains(task.split(' ').next().unwrap()),
        None => quoted.contains('/') && root().join(quoted).exists(),
    }
}

#[test]
fn every_claim_names_a_check_that_exists() {
    let commands = commands();
    assert!(commands.contains("fuzz") && commands.contains("ct"), "{commands:?}");
    let (readme, model) = (read("README.md"), read("docs/threat-model.md"));
    let (promises, holds) = (section(&readme, "## What holds"), section(&model, "## What holds"));
    let rings = section(&model, "## Rings, and keys with pages");
    assert!(rows(rings).count() > 4, "{rings}");
    let checks = |row: &'_ str| row.trim_end_matches(" |").rsplit(" | ").next().unwrap().to_owned();
    let claims: Vec<(&str, String)> = items(promises)
        .map(|claim| (claim, claim.to_owned()))
        .chain(rows(holds).chain(rows(rings)).map(|claim| (claim, checks(claim))))
        .collect();
    assert!(claims.len() > 15, "{claims:#?}");
    for (claim, checks) in claims {
        assert!(quoted(&checks).any(|check| is_check(check, &commands)), "no check: {claim}");
    }
}

#[test]
fn every_path_in_the_documents_exists() {
    let commands = commands();
    let folders =
        ["otp-core/", "otp-link/", "otp-store-fs/", "otp-cli/", "otp-ffi/", "fuzz/", "xtask/", "docs/", "examples/"];
    let mut documents: Vec<_> = fs::read_dir(root().join("docs")).unwrap().map(|entry| entry.unwrap().path()).collect();
    documents.retain(|path| path.extension().is_some_and(|extension| extension == "md"));
    documents.extend(["README.md", "CONTRIBUTING.md", "SECURITY.md"].map(|name| root().join(name)));
    for document in documents {
        for quoted in quoted(&fs::read_to_string(&document).unwrap()) {
            let is_path =
                folders.iter().any(|folder| quoted.starts_with(folder)) && !quoted.contains([' ', '*', '{', '<']);
            let is_task = quoted.starts_with("cargo xtask ");
            assert!(
                !(is_path || is_task) || is_check(quoted, &commands) || Path::new(quoted).starts_with("fuzz/artifacts"),
                "{}: {quoted}",
                document.display()
            );
        }
    }
}
