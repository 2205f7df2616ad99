//! Why `otp run` could not start a command: each cause has its own message and exit code.

use std::process::Stdio;

use crate::call::{Outcome, hint};
use crate::world::World;

fn run(world: &World, options: &[&str], command: &[&str]) -> Outcome {
    world.otp(&["run", "--key-file=nightly.key"]).args(options).arg("--").args(command).outcome()
}

#[test]
fn each_obstacle_has_its_words_and_a_code_as_a_shell_gives_it() {
    let world = World::new();
    world.write("script", "#!/no/such/interpreter -x\necho hello\n");
    world.chmod("script", 0o700);
    world.write("plain", "echo hello\n");
    for (command, code, words) in [
        (&["no-such-command"][..], 127, "there is no command no-such-command"),
        (&["./no-such-file"], 127, "there is no command ./no-such-file"),
        (&["./script"], 126, "/no/such/interpreter, which is missing"),
        (&["./plain"], 126, "./plain is not executable"),
        (&["./store"], 126, "./store is not executable"),
        (&[""], 127, "the name of the command is empty"),
    ] {
        let outcome = run(&world, &[], command);
        assert_eq!((outcome.code(), outcome.text().as_str()), (code, ""), "{}", outcome.stderr);
        assert!(outcome.stderr.contains(words) && !hint(&outcome.stderr).is_empty(), "{}", outcome.stderr);
    }
    world.write("long", "x".repeat(60_000));
    world.otp(&["add", "long", "--fields-only", "--field-file=f=long", "--key-file=long.key"]).outcome();
    // With a small stack, there are 128 KiB for everything.
    let long = "ulimit -s 256; exec otp run --key-file long.key --env A=f --env B=f --env C=f -- true";
    let outcome = world.sh(long, &[]).outcome();
    assert_eq!(outcome.code(), 126, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("too long together") && hint(&outcome.stderr).contains("--file"),
        "{}",
        outcome.stderr
    );
    let limited = "ulimit -n 20; exec otp run --key-file nightly.key --fd 100=password -- cat";
    let outcome = world.sh(limited, &[]).outcome();
    assert_eq!(outcome.code(), 126, "{}", outcome.stderr);
    assert!(outcome.stderr.contains("files open") && hint(&outcome.stderr).contains("ulimit -n"), "{}", outcome.stderr);
}

#[test]
fn what_otp_itself_could_not_do_is_not_taken_for_the_commands_exit_code() {
    let world = World::new();
    for (arguments, code) in [
        (&["run", "--key-file=nightly.key", "--", "sh", "-c", "exit 3"][..], 3),
        (&["run", "--key-file=nightly.key", "--no-such-option", "--", "true"], 102),
        (&["run"], 102),
        (&["--store", "run", "run", "--key-file=nightly.key", "--", "true"], 112),
        (&["--store=nowhere", "run", "--key-file=nightly.key", "--", "true"], 112),
        (&["run", "--key-file=nowhere", "--", "true"], 101),
        (&["run", "--key-file=nightly.key", "--env=A=token", "--", "true"], 101),
        (&["run", "--help"], 0),
        (&["info", "run"], 3),
        (&["--store", "run", "info", "run"], 12),
    ] {
        let outcome = world.otp(arguments).outcome();
        assert_eq!(outcome.code(), code, "{arguments:?}: {}", outcome.stderr);
    }
}

#[test]
fn the_command_does_not_get_the_stream_that_the_key_came_from() {
    let world = World::new();
    std::os::unix::fs::symlink("/dev/stdin", world.path("link")).unwrap();
    for (way, script) in [
        ("<nightly.key", "otp run --key-file - -- cat"),
        ("<nightly.key", "otp run --key-fd 0 -- cat"),
        ("<nightly.key", "otp run --key-file /dev/stdin -- cat"),
        ("<nightly.key", "OTP_KEY_FILE=/dev/stdin otp run -- cat"),
        ("<nightly.key", "otp run --key-file link -- cat"),
        ("<nightly.key", "otp run --key-file /dev/../dev/./stdin -- cat"),
        ("<nightly.key", "otp run --key-file /proc/self/task/../fd/0 -- cat"),
        ("3<nightly.key", "otp run --key-file /dev/../dev/fd/3 -- sh -c 'cat <&3' 2>/dev/null || true"),
        ("3<nightly.key 4<&3 <&3", "otp run --key-file /dev/fd/3 -- sh -c 'cat; cat <&4' 2>/dev/null || true"),
        ("3<nightly.key", "otp run --key-fd 3 -- sh -c 'cat <&3' 2>/dev/null || true"),
        ("3<nightly.key", "otp run --key-file /dev/fd/3 -- sh -c 'cat <&3' 2>/dev/null || true"),
        ("3<nightly.key", "otp run --key-file /proc/self/fd/3 -- sh -c 'cat <&3' 2>/dev/null || true"),
        ("3<nightly.key", "OTP_KEY_FILE=/dev/fd/3 otp run -- sh -c 'cat <&3' 2>/dev/null || true"),
    ] {
        assert_eq!(world.sh(&format!("{{ {script}; }} {way}"), &[]).prints(), "", "{script}");
    }
    // Everything else that it was given stays.
    let script = "otp run --key-file nightly.key -- cat <other 3<nightly.key";
    world.write("other", "input");
    assert_eq!(world.sh(script, &[]).prints(), "input");
    let script = "otp run --key-file - --stdin password -- cat <nightly.key";
    assert_eq!(world.sh(script, &[]).prints(), "correct horse");
}

#[test]
fn a_login_that_an_earlier_command_was_given_does_not_pass_for_this_one() {
    let world = World::new();
    world.otp(&["add", "b", "--username=bob", "--generate", "--key-file=b.key"]).succeeds();
    let shown = "echo \"${A_USER-} ${OTP_USERNAME-none} ${OTP_PASSWORD-none}\"";
    let run = ["run", "--key-file=b.key", "--env=B=password", "--", "sh", "-c", shown];
    let outcome = world.otp(&run).env("OTP_USERNAME", "stale").env("OTP_PASSWORD", "stale").outcome();
    assert_eq!((outcome.code(), outcome.text().as_str()), (0, " none none\n"));
    // Variables with names of the user's own stay, so a command may have two accounts.
    let nested = "otp run --key-file nightly.key --env A_USER=username -- \
                  otp run --key-file b.key --env B_USER=username -- sh -c 'echo $A_USER $B_USER'";
    assert_eq!(world.sh(nested, &[]).prints(), "alice bob");
}

#[test]
fn what_was_read_from_a_pipe_is_gone_and_a_file_is_private() {
    let world = World::new();
    let script = "cat <&5; cat <&5; [ -p /dev/fd/5 ] && echo; stat -L -c %a \"$F\"";
    let run = ["run", "--key-file=nightly.key", "--fd=5=password", "--file=F=password", "--", "sh", "-c", script];
    assert_eq!(world.otp(&run).prints(), "correct horse\n600");
    // The longest value gets through whole.
    world.write("long", "x".repeat(65_000));
    world.otp(&["add", "long", "--fields-only", "--field-file=f=long", "--key-file=long.key"]).outcome();
    let mut call = world.otp(&["run", "--key-file=long.key", "--stdin=f", "--", "wc", "-c"]);
    call.command.stderr(Stdio::null());
    assert_eq!(call.prints().trim(), "65000");
}
