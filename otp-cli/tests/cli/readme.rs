//! The commands of the README do what they say, one after the other, in an empty directory.

use std::fs;
use std::path::Path;

use crate::world::World;

/// Stands between what two blocks print.
const BETWEEN: &str = "--- next block ---\n";

/// A block of commands, and what it prints, if the document says so.
#[derive(Debug, PartialEq)]
struct Block<'d> {
    commands: &'d str,
    output: Option<&'d str>,
}

/// The blocks of a document that are marked as `sh` alone; what a block needs beforehand is marked otherwise. What it prints
/// is in the block behind it, if that is marked as `output`.
fn blocks(document: &str) -> Vec<Block<'_>> {
    let behind = |rest: &'_ str| rest.find("\n```").unwrap();
    let block = |rest| {
        let (commands, rest) = str::split_at(rest, behind(rest));
        let output = rest.strip_prefix("\n```\n\n```output\n").map(|output| &output[..=behind(output)]);
        Block { commands, output }
    };
    document.split("\n```sh\n").skip(1).map(block).collect()
}

#[test]
fn every_command_of_the_readme_runs_and_prints_what_the_readme_shows() {
    let readme = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../README.md")).unwrap();
    let blocks = blocks(&readme);
    assert!(blocks.len() >= 3 && blocks.iter().any(|block| block.commands.contains("otp run")), "{blocks:?}");
    assert!(blocks.iter().any(|block| block.output.is_some()), "{blocks:?}");
    let world = World::empty();
    let between = format!("\nprintf '%s' '{BETWEEN}'\n");
    let commands: Vec<&str> = blocks.iter().map(|block| block.commands).collect();
    let outcome = world.sh(&commands.join(&between), &[]).outcome();
    assert_eq!(outcome.code(), 0, "{}\n{}", outcome.text(), outcome.stderr);
    assert!(world.path("store").is_dir(), "the store of this directory was used");
    let text = outcome.text();
    let printed: Vec<&str> = text.split(BETWEEN).collect();
    assert_eq!(printed.len(), blocks.len());
    for (block, printed) in blocks.iter().zip(printed) {
        if let Some(output) = block.output {
            assert_eq!(printed, output, "{}", block.commands);
        }
    }
}

#[test]
fn only_blocks_that_are_plain_sh_are_run() {
    let document = "a\n```sh\none\n```\nb\n```sh,setup\ntwo\n```\n\n```output\nthree\n```\n```sh\nfour\nfive\n```\n\n\
                    ```output\nsix\n\nseven\n```\n";
    let expected =
        [Block { commands: "one", output: None }, Block { commands: "four\nfive", output: Some("six\n\nseven\n") }];
    assert_eq!(blocks(document), expected);
}
