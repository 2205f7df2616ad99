//! `otp run` becomes the command, and changes nothing but what it was told to.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

use otp_test_tools::lacks;
use rustix::process::{Pid, Signal, kill_process};

use crate::call::{Call, hint};
use crate::world::World;

/// `otp run` with a shell script as its command.
fn run(world: &World, options: &[&str], script: &str) -> Call {
    world.otp(&["run", "--key-file=nightly.key"]).args(options).args(&["--", "sh", "-euc", script])
}

#[test]
fn the_command_has_username_and_password_and_the_process() {
    let world = World::new();
    let outcome = run(&world, &[], "echo $$; echo \"$OTP_USERNAME\"; echo \"$OTP_PASSWORD\"").outcome();
    assert_eq!(outcome.text(), format!("{}\nalice\ncorrect horse\n", outcome.pid));
    assert_eq!(outcome.code(), 0);
}

#[test]
fn exit_codes_and_signals_are_the_commands_own() {
    let world = World::new();
    for code in [0, 1, 5, 12, 42, 255] {
        assert_eq!(run(&world, &[], &format!("exit {code}")).outcome().code(), code);
    }
    assert_eq!(run(&world, &[], "kill -KILL $$").outcome().code(), -9);

    let mut call = world.otp(&["run", "--key-file=nightly.key", "--", "cat"]);
    let mut child = call.command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    child.stdin.as_mut().unwrap().write_all(b"I am cat\n").unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "I am cat\n");
    kill_process(Pid::from_child(&child), Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(15));
}

#[test]
fn the_key_stays_behind() {
    let world = World::new();
    let run = ["run", "--env", "P=password", "--", "env"];
    let call = world.otp(&run).env("OTP_KEY", world.key("nightly.key")).env("OTHER", "stays");
    let outcome = call.env("OTP_KEY_FILE", world.path("nightly.key")).outcome();
    let text = outcome.text();
    let names: Vec<&str> = text.lines().filter_map(|line| line.split_once('=')).map(|(name, _)| name).collect();
    assert!(names.contains(&"OTHER") && names.contains(&"P") && names.contains(&"OTP_STORE"), "{names:?}");
    assert!(!names.contains(&"OTP_KEY") && !names.contains(&"OTP_KEY_FILE"), "{names:?}");
    assert!(!names.contains(&"OTP_PASSWORD") && !names.contains(&"OTP_USERNAME"), "{names:?}");
    assert!(!text.contains("otpk1_"));
}

#[cfg(target_os = "linux")]
#[test]
fn the_command_has_the_descriptors_that_it_is_given_and_no_others() {
    let world = World::new();
    let list = "for f in /proc/$$/fd/*; do echo \"${f##*/}\"; done";
    let open = |script: &str| -> Vec<u32> {
        let mut numbers: Vec<u32> =
            world.sh(script, &[list]).prints().lines().map(|line| line.parse().unwrap()).collect();
        numbers.sort_unstable();
        numbers
    };
    let plain = open("exec sh -euc \"$1\"");
    let with = |options: &str| open(&format!("exec otp run {options} -- sh -euc \"$1\" 7<nightly.key"));
    let and = |more: &[u32]| {
        let mut numbers = [&plain[..], more].concat();
        numbers.sort_unstable();
        numbers
    };
    let free = (10..1024).find(|number| !plain.contains(number)).unwrap();
    assert_eq!(with("--key-fd 7"), plain, "the key's own is closed");
    assert_eq!(with("--key-fd 7 --fd 5=password --fd 6=username"), and(&[5, 6]));
    assert_eq!(with("--key-fd 7 --file F=password"), and(&[free]));
    assert_eq!(with("--key-fd 7 --fd 7=password"), and(&[7]), "in the place of the key's own");
    assert_eq!(with("--key-file nightly.key"), and(&[7]), "what others opened stays open");
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_is_in_memory_only_and_gone_with_the_command() {
    let world = World::new();
    let before = world.everything();
    let script =
        "echo \"$F\"; readlink \"$F\"; cat \"$F\"; echo; cat <\"$F\"; echo; sh -c 'cat \"$F\"; echo; (cat \"$F\")'";
    let text = run(&world, &["--file=F=password"], script).prints();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].starts_with("/proc/"), "{text}");
    assert!(lines[1].starts_with("/memfd:"), "{text}");
    assert_eq!(lines[2..], ["correct horse"; 4], "the command reads it twice, and its children too");
    assert!(!std::path::Path::new(lines[0]).exists());
    assert_eq!(world.everything(), before);
    assert!(run(&world, &["--file=F=password"], "echo more >\"$F\"").outcome().code() != 0, "nobody changes it");
}

#[cfg(target_os = "linux")]
#[test]
fn files_keep_out_of_the_way_of_the_callers_descriptors() {
    if lacks("bash") {
        return;
    }
    let world = World::new();
    let script = "exec otp run --key-file=nightly.key --file=U=username --file=P=password -- \
        sh -euc 'cat \"$U\"; echo; cat \"$P\"; echo; cat /proc/self/fd/10' 10<inherited";
    world.write("inherited", "untouched");
    assert_eq!(world.shell("bash", script, &[]).prints(), "alice\ncorrect horse\nuntouched");
}

#[test]
fn the_command_inherits_folder_mask_and_ignored_signals() {
    let world = World::new();
    std::fs::create_dir(world.path("below")).unwrap();
    let look = "umask; pwd; nice; grep -E \"^Sig(Ign|Blk|Cgt)\" /proc/self/status; ulimit -n";
    let script = |command: &str| format!("trap '' HUP USR2 TERM; umask 027; cd below; exec {command} sh -euc '{look}'");
    let plain = world.sh(&script("nice"), &[]).prints();
    assert!(plain.contains("0027") && plain.contains("below"), "{plain}");
    let through = world.sh(&script("nice otp run --key-file=../nightly.key --"), &[]).prints();
    assert_eq!(through, plain);
}

#[test]
fn the_key_may_come_on_standard_input() {
    let world = World::new();
    let key = world.key("nightly.key");
    let call = world.otp(&["run", "--key-file=-", "--", "sh", "-euc", "cat; echo \"$OTP_PASSWORD\""]);
    assert_eq!(call.stdin(&key).prints(), "correct horse", "nothing of it is left for the command");
    let call = world.otp(&["run", "--key-file=-", "--stdin=username", "--", "cat"]);
    assert_eq!(call.stdin(&key).prints(), "alice");
}

#[test]
fn a_closed_standard_input_stays_without_input() {
    let world = World::new();
    let script = "exec otp run --key-file=nightly.key --fd=3=password -- sh -euc 'cat; cat <&3' <&-";
    assert_eq!(world.sh(script, &[]).prints(), "correct horse");
}

#[test]
fn nothing_is_started_if_anything_fails() {
    let world = World::new();
    for (options, code) in [
        (&["--env=V=token"][..], 1),
        (&["--env=V=username", "--file=F=token"], 1),
        (&["--stdin=token"], 1),
        (&["--fd=3=username", "--fd=4=token"], 1),
        (&["--fd=x=username"], 2),
        (&["--env=V=username", "--env=V=password"], 2),
    ] {
        run(&world, options, "touch started").fails(code);
    }
    world.otp(&["run", "--", "touch", "started"]).fails(2);
    assert!(!world.path("started").exists());
}

#[test]
fn an_account_without_username_needs_to_be_told_how() {
    let world = World::empty();
    world.otp(&["add", "api", "--fields-only", "--field=host=h", "--key-file=nightly.key"]).succeeds();
    let message = run(&world, &[], "touch started").fails(1);
    assert!(hint(&message).contains("--format json"), "{message}");
    assert_eq!(run(&world, &["--env=H=host"], "echo $H").prints(), "h");
    assert!(!world.path("started").exists());
}
