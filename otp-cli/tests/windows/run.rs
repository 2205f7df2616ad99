//! `otp run` starts the command, waits for it, and ends with its exit code.

use std::ffi::OsString;
use std::fs;
use std::os::windows::ffi::OsStringExt;
use std::process::{Child, Stdio};

use crate::child::{self, told};
use crate::world::{World, start};

#[test]
fn the_command_has_username_and_password_and_not_the_key() {
    let world = World::new();
    let what = "variable=OTP_USERNAME;variable=OTP_PASSWORD;variable=OTP_KEY;variable=OTP_KEY_FILE";
    let key = world.key("nightly.key");
    let call = world.run(&[], what).env("OTP_KEY", key).env("OTP_KEY_FILE", world.path("nightly.key"));
    assert_eq!(told(&call.prints()), [r#"Some("alice")"#, r#"Some("correct horse")"#, "None", "None"]);
    let what = "variable=P;variable=OTP_PASSWORD";
    assert_eq!(told(&world.run(&["--env=P=password"], what).prints()), [r#"Some("correct horse")"#, "None"]);
}

#[test]
fn exit_codes_are_the_commands_own() {
    let world = World::new();
    for code in [0, 1, 42, 255, 259, 70_000, -1] {
        let (ended, _, stderr) = world.run(&[], &format!("exit={code}")).outcome();
        assert_eq!((ended, stderr.as_str()), (code, ""));
    }
}

#[test]
fn arguments_arrive_exactly_as_they_were_given() {
    let world = World::new();
    let arguments = [
        "",
        "a b",
        "\"",
        "a\"b",
        "\\",
        "a\\",
        "a b\\",
        "\\\"",
        "\\\\\"x",
        "%PATH%",
        "^",
        "&|<>()!",
        "'",
        "$x",
        "`",
        "*",
        "?.key",
        "\u{e4}\u{20ac}\u{1f511}",
        "--store",
        "--",
        "a\tb",
        "a\nb",
        "-",
    ];
    let text = world.run(&[], "arguments").args(&arguments).prints();
    let expected: Vec<String> = arguments.iter().map(|argument| format!("{argument:?}")).collect();
    assert_eq!(told(&text), expected);
}

#[test]
fn an_argument_that_is_no_unicode_arrives_as_it_was_given() {
    let world = World::new();
    let half = OsString::from_wide(&[0x61, 0xd800, 0x62]);
    let run = ["run", "--key-file=nightly.key", "--", "python", "-c", "import sys; print(ascii(sys.argv[1:]))"];
    assert_eq!(world.otp(&run).arg(half).prints().trim_end(), r"['a\ud800b']");
}

#[test]
fn batch_files_are_started_as_the_library_allows_and_arguments_that_it_does_not_allow_start_nothing() {
    let world = World::new();
    world.write("report.cmd", "@echo [%OTP_USERNAME%] [%~1]\r\n@exit /b 7\r\n");
    let call = |arguments: &[&str]| {
        let words = ["run", "--key-file=nightly.key", "--", "report"];
        world.otp(&words).args(arguments).env("PATH", world.root())
    };
    let (code, stdout, stderr) = call(&["a b"]).outcome();
    assert_eq!((code, String::from_utf8(stdout).unwrap().trim_end()), (7, "[alice] [a b]"), "{stderr}");
    call(&["a\nb"]).fails(126);
}

#[test]
fn standard_input_is_a_pipe_with_the_value() {
    let world = World::new();
    assert_eq!(told(&world.run(&["--stdin=password"], "input").prints()), ["correct horse"]);
    // A command that does not read it makes nobody wait.
    assert_eq!(world.run(&["--stdin=password"], "exit=3").outcome().0, 3);
    let key = world.key("nightly.key");
    let run = ["run", "--key-file=-", "--"];
    let call = world.otp(&run).args(&child::command()).env(child::DO, "input;variable=OTP_USERNAME").stdin(key);
    assert_eq!(told(&call.prints()), ["", r#"Some("alice")"#], "nothing of the key is left for the command");
}

#[test]
fn a_value_may_be_as_long_as_an_account_takes() {
    let world = World::empty();
    let long = "x".repeat(60_000);
    let value = world.write("value", &long);
    let field = format!("--field-file=long={}", value.display());
    world.otp(&["add", "api", "--fields-only", "--key-file=nightly.key", &field]).succeeds();
    assert_eq!(told(&world.run(&["--stdin=long"], "input").prints()), [long.as_str()]);
    assert_eq!(told(&world.run(&["--file=F=long"], "file=F").prints()), [long.as_str()]);
}

#[test]
fn files_are_private_and_gone_with_the_command_whatever_it_did_to_them() {
    let world = World::new();
    let text = world.run(&["--file=U=username", "--file=P=password"], "path=U;file=U;file=P").prints();
    let told = told(&text);
    assert!(told[0].starts_with(world.path("temporary").to_str().unwrap()), "{told:?}");
    assert_eq!(told[1..], ["alice", "correct horse"]);
    assert_eq!(fs::read_dir(world.path("temporary")).unwrap().count(), 0);
    world.run(&["--file=P=password"], "spoil=P").succeeds();
    assert_eq!(world.run(&["--file=P=password"], "exit=9").outcome().0, 9);
    world.run(&["--file=P=password", "--file=T=token"], "exit=0").fails(101);
    assert_eq!(fs::read_dir(world.path("temporary")).unwrap().count(), 0);
}

/// A process that is killed when this is dropped, even if the test fails.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_killed_run_takes_its_command_with_it_and_the_next_one_removes_its_files() {
    let world = World::new();
    let started = world.path("started");
    let mut call = world.run(&["--file=P=password"], &format!("started={};wait", started.display()));
    call.command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let mut running = Killed(start(&mut call.command));
    while !started.exists() {
        assert!(running.0.try_wait().unwrap().is_none(), "it ended before its command had started");
        std::thread::yield_now();
    }
    let left = world.everything("temporary");
    assert!(left.iter().any(|(_, bytes)| bytes == b"correct horse"), "{left:?}");
    // A run that is still going keeps its files.
    world.run(&["--file=P=username"], "exit=0").succeeds();
    assert_eq!(world.everything("temporary"), left);
    drop(running);
    world.run(&["--file=P=username"], "exit=0").succeeds();
    assert_eq!(fs::read_dir(world.path("temporary")).unwrap().count(), 0);
}

#[test]
fn nothing_is_started_if_anything_fails() {
    let world = World::new();
    world.write("bytes", b"\xff\xfe\xfd");
    world.otp(&["add", "raw", "--fields-only", "--field-file=b=bytes", "--key-file=raw.key"]).succeeds();
    let started = world.path("started");
    let what = format!("started={}", started.display());
    for (options, code, hint) in [
        (&["--env=V=token"][..], 101, "--format json"),
        (&["--stdin=token"], 101, "--format json"),
        (&["--fd=3=password"], 102, "use --stdin or --file"),
        (&["--env=V=username", "--env=V=password"], 102, ""),
    ] {
        let said = world.run(options, &what).fails(code);
        assert!(said.contains(hint), "{said}");
    }
    let raw = ["run", "--key-file=raw.key", "--env=B=b", "--"];
    let said = world.otp(&raw).args(&child::command()).env(child::DO, &what).fails(101);
    assert!(said.contains("UTF-8") && said.contains("--file or --stdin"), "{said}");
    let raw = ["run", "--key-file=raw.key", "--stdin=b", "--"];
    let call = world.otp(&raw).args(&child::command()).env(child::DO, "input");
    assert_eq!(told(&call.prints()), [r"\xff\xfe\xfd"], "any bytes go through a pipe");
    world.otp(&["run", "--", "cmd"]).fails(102);
    assert!(!started.exists());
}

#[test]
fn templates_and_presets_go_by_environment_and_pipe_and_a_preset_with_a_file_is_refused() {
    let world = World::new();
    let what = "variable=SQLCMDUSER;variable=SQLCMDPASSWORD;variable=SQLCMDSERVER;variable=OTP_PASSWORD";
    let call = world.run(&["--preset=sqlcmd", "--set=host=db"], what);
    assert_eq!(told(&call.prints()), [r#"Some("alice")"#, r#"Some("correct horse")"#, r#"Some("db")"#, "None"]);
    let call = world.run(&["--env=U={username|url}:{password|url}@", "--stdin=<{password}>"], "variable=U;input");
    assert_eq!(told(&call.prints()), [r#"Some("alice:correct%20horse@")"#, "<correct horse>"]);
    let started = world.path("started");
    let said = world.run(&["--preset=psql"], &format!("started={}", started.display())).fails(102);
    assert!(said.contains("otp presets"), "{said}");
    assert!(!started.exists());
}

#[test]
fn what_is_no_program_says_so() {
    let world = World::new();
    world.write("report.txt", "no program");
    let run = |command: &str| world.otp(&["run", "--key-file=nightly.key", "--", command]);
    run("no-such-command").fails(127);
    let said = run(r".\report.txt").fails(126);
    assert!(said.contains("python report.py"), "{said}");
}
