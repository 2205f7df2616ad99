//! The commands of the README do what they say, one after the other, in an empty directory.

use std::fs;
use std::path::Path;

use crate::world::World;

/// The blocks of a document that are marked as `sh` alone; what a block needs beforehand is marked otherwise.
fn blocks(document: &str) -> Vec<&str> {
    document.split("\n```sh\n").skip(1).map(|rest| rest.split("\n```").next().unwrap()).collect()
}

#[test]
fn every_command_of_the_readme_runs() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap();
    let blocks = blocks(&readme);
    assert!(blocks.len() >= 3 && blocks.iter().any(|block| block.contains("otp run")), "{blocks:?}");
    let world = World::empty();
    let outcome = world.sh(&blocks.join("\n"), &[]).outcome();
    assert_eq!(outcome.code(), 0, "{}\n{}", outcome.text(), outcome.stderr);
    assert!(world.path("store").is_dir(), "the store of this directory was used");
}

#[test]
fn only_blocks_that_are_plain_sh_are_run() {
    let document = "a\n```sh\none\n```\nb\n```sh,setup\ntwo\n```\n```text\nthree\n```\n```sh\nfour\nfive\n```\n";
    assert_eq!(blocks(document), ["one", "four\nfive"]);
}
