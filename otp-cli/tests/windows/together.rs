//! Several processes at once.

use std::process::Stdio;

use crate::world::{World, start};

#[test]
fn of_processes_that_add_one_account_exactly_one_does() {
    let world = World::empty();
    let add = |number: usize| {
        let key = format!("--key-file={number}.key");
        let mut call = world.otp(&["add", "raced", "--username=u", "--generate", &key]);
        start(call.command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()))
    };
    let racers: Vec<_> = (0..4).map(add).collect();
    let codes: Vec<_> = racers.into_iter().map(|mut racer| racer.wait().unwrap().code().unwrap()).collect();
    let won: Vec<usize> = (0..4).filter(|number| codes[*number] == 0).collect();
    assert_eq!(won.len(), 1, "{codes:?}");
    assert!(codes.iter().all(|code| matches!(code, 0 | 9)), "{codes:?}");
    for number in 0..4 {
        let key = world.path(&format!("{number}.key"));
        assert_eq!(key.exists(), won == [number], "a key whose account is not there");
    }
    world.otp(&["get", "--key-file", &format!("{}.key", won[0])]).succeeds();
}

#[test]
fn a_reader_opens_the_old_or_the_new_secret_while_others_rotate() {
    let world = World::new();
    let mut key = world.path("nightly.key");
    for round in 0..5 {
        let dir = format!("--new-key-dir=new{round}");
        let key_file = format!("--key-file={}", key.display());
        let mut rotate = world.otp(&["rotate", "edms/reporting", &key_file, "--generate", "--grace=1h", "--yes", &dir]);
        let mut rotating = start(rotate.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null()));
        loop {
            let ended = rotating.try_wait().unwrap();
            let text = world.otp(&["get", "--key-file", key.to_str().unwrap()]).prints();
            assert!(text.starts_with("alice\n"), "{text}");
            if ended.is_some() {
                break;
            }
        }
        let line = std::io::read_to_string(rotating.stdout.take().unwrap()).unwrap();
        assert!(rotating.wait().unwrap().success(), "{line}");
        key = line.trim_end().split('\t').nth(2).unwrap().into();
    }
}
