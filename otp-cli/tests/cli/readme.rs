//! The commands in the README do what they say, one after another, in an empty directory.

use std::fs;
use std::path::Path;

use crate::world::World;

/// Separates the outputs of two blocks.
const BETWEEN: &str = "--- next block ---\n";

/// A block of commands, and its output, if the document gives it.
#[derive(Debug, PartialEq)]
struct Block<'d> {
    commands: &'d str,
    output: Option<&'d str>,
}

/// The document's blocks that are marked `sh` alone; setup for a block is marked differently. If the next block is
/// marked `output`, it holds what the commands print.
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

/// The script in `docs/rotation.md` that a unit runs at boot.
fn resume_script() -> String {
    let document = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/rotation.md")).unwrap();
    let (_, block) = document.split_once("\n```sh,resume\n").unwrap();
    block[..=block.find("\n```").unwrap()].to_owned()
}

#[test]
fn the_script_that_resumes_at_boot_finishes_what_was_cut_short_and_nothing_else() {
    let world = World::empty();
    world.otp(&["ring", "init", "ring"]).succeeds();
    let apply = |script: &str| {
        world.write("apply", script);
        world.chmod("apply", 0o700);
    };
    apply("#!/bin/sh\nexec cat >> applied\n");
    for account in ["a", "b/c", "d"] {
        let add = ["add", account, "--username=alice", "--generate", "--pages=9", "--ring=ring", "--new-key-file"];
        assert_eq!(world.otp(&add).arg(format!("{}.key", account.replace('/', "-"))).outcome().code(), 0);
    }
    let rotate =
        |account| world.otp(&["rotate", account, "--ring=ring", "--generate", "--apply=false"]).outcome().code();
    assert_eq!((rotate("a"), rotate("b/c")), (15, 15));
    let script = resume_script();
    let resume = || {
        let call = world.sh(&script, &[]).env("OTP_RING", world.path("ring"));
        call.env("APPLY", world.path("apply")).env("NEW_KEYS", "new-keys").outcome().code()
    };
    let applied = || String::from_utf8(world.read("applied")).unwrap().lines().count();
    assert_eq!((resume(), applied()), (0, 2));
    assert_eq!(world.otp(&["verify", "--ring=ring"]).prints(), "3 records: all well");
    assert_eq!((resume(), applied()), (0, 2), "nothing is left to resume");
    // If the database can't be reached, the unit fails and tries again.
    assert_eq!(rotate("d"), 15);
    apply("#!/bin/sh\nexit 1\n");
    assert_eq!(resume(), 15);
}

#[test]
fn only_blocks_that_are_plain_sh_are_run() {
    let document = "a\n```sh\none\n```\nb\n```sh,setup\ntwo\n```\n\n```output\nthree\n```\n```sh\nfour\nfive\n```\n\n\
                    ```output\nsix\n\nseven\n```\n";
    let expected =
        [Block { commands: "one", output: None }, Block { commands: "four\nfive", output: Some("six\n\nseven\n") }];
    assert_eq!(blocks(document), expected);
}
