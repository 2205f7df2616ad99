//! Prompts on a real terminal. Each step waits for what the program shows, so nothing depends on time.

use std::fs::File;
use std::io::{Read, Write};
use std::process::{Child, Stdio};

use otp_test_tools::lacks;
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{LocalModes, tcgetattr};

use crate::world::{OTP, World, hint};

/// The program on a terminal of its own, and we at its keyboard and screen.
struct Terminal {
    keyboard: File,
    /// The program's end, so that the terminal's settings outlive the program.
    line: File,
    child: Child,
    seen: Vec<u8>,
    read_up_to: usize,
}

/// How it ended.
struct End {
    code: Option<i32>,
    stdout: String,
    /// All that stood on the screen.
    seen: String,
    echo: bool,
}

impl Terminal {
    fn start(world: &World, arguments: &[&str]) -> Self {
        let keyboard = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&keyboard).unwrap();
        unlockpt(&keyboard).unwrap();
        let name = ptsname(&keyboard, Vec::new()).unwrap().into_string().unwrap();
        let line = File::options().read(true).write(true).open(name).unwrap();
        let end = || Stdio::from(line.try_clone().unwrap());
        // In a session of its own, so that Ctrl-C reaches it alone. The tests may run with signals ignored, as shells do for
        // what they start in the background.
        let setsid = ["--default-signal", "setsid", "--ctty", OTP];
        let mut call = world.command("env", &setsid).args(arguments).env("TERM", "xterm");
        let child = call.command.stdin(end()).stdout(Stdio::piped()).stderr(end()).spawn().unwrap();
        Self { keyboard: keyboard.into(), line, child, seen: Vec::new(), read_up_to: 0 }
    }

    /// Waits until the screen shows a text that was not waited for before.
    #[track_caller]
    fn wait_for(&mut self, text: &str) {
        loop {
            let new = &self.seen[self.read_up_to..];
            if let Some(at) = new.windows(text.len()).position(|part| part == text.as_bytes()) {
                self.read_up_to += at + text.len();
                return;
            }
            let mut bytes = [0; 1024];
            let len = self.keyboard.read(&mut bytes).unwrap();
            self.seen.extend_from_slice(&bytes[..len]);
        }
    }

    fn write(&mut self, text: impl AsRef<[u8]>) {
        self.keyboard.write_all(text.as_ref()).unwrap();
    }

    /// Waits for a prompt that must not show the answer, and answers.
    #[track_caller]
    fn answer_unseen(&mut self, prompt: &str, text: impl AsRef<[u8]>) {
        self.wait_for(prompt);
        assert!(!self.echoes(), "the echo is off before the prompt is there");
        self.write(text);
    }

    fn echoes(&self) -> bool {
        tcgetattr(&self.line).unwrap().local_modes.contains(LocalModes::ECHO)
    }

    fn end(self) -> End {
        let Self { mut keyboard, line, child, mut seen, .. } = self;
        let output = child.wait_with_output().unwrap();
        let echo =
            tcgetattr(&line).unwrap().local_modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG);
        drop(line);
        let mut bytes = [0; 1024];
        // With nobody at the other end, reading fails once everything has been read.
        while let Ok(len @ 1..) = keyboard.read(&mut bytes) {
            seen.extend_from_slice(&bytes[..len]);
        }
        let text = |bytes| String::from_utf8_lossy(bytes).into_owned();
        End { code: output.status.code(), stdout: text(&output.stdout), seen: text(&seen), echo }
    }
}

impl End {
    /// It was killed, or ended with a failure, and left everything in order.
    #[track_caller]
    fn in_order(&self, code: Option<i32>) {
        assert_eq!((self.code, self.stdout.as_str()), (code, ""), "{}", self.seen);
        assert!(self.echo, "the terminal is as it was");
    }
}

const ADD: [&str; 3] = ["add", "a", "--key-file=a.key"];

#[track_caller]
fn holds(world: &World, key: &str, text: &str) {
    assert_eq!(world.otp(&["get", "--key-file", key]).prints(), text);
}

#[test]
fn add_asks_for_username_and_password_and_shows_no_password() {
    if lacks("setsid") {
        return;
    }
    let world = World::empty();
    let mut terminal = Terminal::start(&world, &["add", "a"]);
    terminal.wait_for("Username: ");
    assert!(terminal.echoes());
    terminal.write("alice\n");
    terminal.answer_unseen("Password: ", "s3cret pass\n");
    terminal.answer_unseen("Once more: ", "s3cret pass\n");
    let end = terminal.end();
    assert_eq!(end.code, Some(0), "{}", end.seen);
    assert!(end.echo);
    assert!(end.seen.contains("alice") && !end.seen.contains("s3c"), "{}", end.seen);
    assert!(!end.seen.contains("otpk1_"), "the key goes to standard output alone");
    world.write("a.key", end.stdout);
    holds(&world, "a.key", "alice\ns3cret pass");
}

#[test]
fn add_asks_only_for_what_is_not_given() {
    if lacks("setsid") {
        return;
    }
    let world = World::empty();
    let mut terminal = Terminal::start(&world, &["add", "a", "--username=alice", "--key-file=a.key"]);
    terminal.answer_unseen("Password: ", "one\n");
    terminal.answer_unseen("Once more: ", "one\n");
    let end = terminal.end();
    assert_eq!(end.code, Some(0), "{}", end.seen);
    assert!(!end.seen.contains("Username"), "{}", end.seen);
    let mut terminal = Terminal::start(&world, &["add", "b", "--generate", "--key-file=b.key"]);
    terminal.wait_for("Username: ");
    terminal.write("bob\n");
    let end = terminal.end();
    assert_eq!(end.code, Some(0), "{}", end.seen);
    assert!(!end.seen.contains("Password"), "{}", end.seen);
    holds(&world, "a.key", "alice\none");
}

#[test]
fn a_password_that_differs_or_is_empty_is_asked_for_again() {
    if lacks("setsid") {
        return;
    }
    let world = World::empty();
    let mut terminal = Terminal::start(&world, &ADD);
    terminal.wait_for("Username: ");
    terminal.write("\n");
    terminal.wait_for("Username: ");
    terminal.write("alice\n");
    terminal.answer_unseen("Password: ", "\n");
    terminal.wait_for("otp: warning: ");
    terminal.answer_unseen("Password: ", "first\n");
    terminal.answer_unseen("Once more: ", "second\n");
    terminal.wait_for("otp: warning: ");
    terminal.answer_unseen("Password: ", "third\n");
    terminal.answer_unseen("Once more: ", "third\n");
    let end = terminal.end();
    assert_eq!(end.code, Some(0), "{}", end.seen);
    for typed in ["first", "second", "third"] {
        assert!(!end.seen.contains(typed), "{}", end.seen);
    }
    holds(&world, "a.key", "alice\nthird");
}

#[test]
fn a_line_can_be_corrected_and_holds_any_other_byte() {
    if lacks("setsid") {
        return;
    }
    let world = World::empty();
    let mut terminal = Terminal::start(&world, &["add", "a", "--username=u", "--key-file=a.key"]);
    // Ctrl-U, backspace over characters of one and of two bytes, cursor keys, a control character.
    terminal.answer_unseen("Password: ", "wrong\x15p\u{e4}x\x7f\x7f\x1b[D\x1b[3~\x1bOA\x01ass\n");
    terminal.answer_unseen("Once more: ", "pass\r");
    assert_eq!(terminal.end().code, Some(0));
    holds(&world, "a.key", "u\npass");

    let mut terminal = Terminal::start(&world, &["add", "b", "--username=u", "--key-file=b.key"]);
    for prompt in ["Password: ", "Once more: "] {
        terminal.answer_unseen(prompt, b"\xff\xfe $'\"\\\n");
    }
    assert_eq!(terminal.end().code, Some(0));
    let password = world.otp(&["get", "--key-file=b.key", "--field=password"]).succeeds();
    assert_eq!(password, b"\xff\xfe $'\"\\");
}

#[test]
fn a_line_that_is_too_long_is_not_cut() {
    if lacks("setsid") {
        return;
    }
    let world = World::empty();
    let add = ["add", "a", "--username=u", "--key-file=a.key"];
    for typed in ["x".repeat(4097), "x".repeat(5000), "x".repeat(5000) + "\x7f"] {
        let mut terminal = Terminal::start(&world, &add);
        terminal.answer_unseen("Password: ", typed + "\n");
        let end = terminal.end();
        end.in_order(Some(2));
        assert!(!end.seen.contains("Once more") && !end.seen.contains("xx"), "{}", end.seen);
        assert!(world.everything().is_empty());
    }
    let longest = "x".repeat(4096);
    let mut terminal = Terminal::start(&world, &add);
    terminal.answer_unseen("Password: ", format!("{}\x15{longest}\n", "x".repeat(5000)));
    terminal.answer_unseen("Once more: ", format!("{longest}\n"));
    assert_eq!(terminal.end().code, Some(0));
    assert_eq!(world.otp(&["get", "--field=password", "--key-file=a.key"]).prints(), longest);
}

#[test]
fn ctrl_c_ends_it_with_the_echo_on_and_nothing_made() {
    if lacks("setsid") {
        return;
    }
    for typed in ["", "half a pass"] {
        let world = World::empty();
        let mut terminal = Terminal::start(&world, &["add", "a", "--username=u", "--key-file=a.key"]);
        terminal.answer_unseen("Password: ", format!("{typed}\x03"));
        let end = terminal.end();
        end.in_order(None);
        assert!(!end.seen.contains("half"), "{}", end.seen);
        assert!(world.everything().is_empty());
    }
    let world = World::empty();
    let mut terminal = Terminal::start(&world, &ADD);
    terminal.wait_for("Username: ");
    terminal.write("\x03");
    terminal.end().in_order(None);
    assert!(world.everything().is_empty());
}

#[test]
fn the_end_of_input_ends_it_and_a_pause_does_not() {
    if lacks("setsid") {
        return;
    }
    let world = World::empty();
    let mut terminal = Terminal::start(&world, &["add", "a", "--username=u", "--key-file=a.key"]);
    // A session without a shell has nobody who could continue what is paused, so the system goes on at once.
    terminal.answer_unseen("Password: ", "half\x1a");
    terminal.answer_unseen("Password: ", "\x04");
    let end = terminal.end();
    end.in_order(Some(2));
    assert!(end.seen.contains("\notp: "), "{}", end.seen);

    let mut terminal = Terminal::start(&world, &ADD);
    terminal.wait_for("Username: ");
    terminal.write("\x04");
    terminal.end().in_order(Some(2));
    assert!(world.everything().is_empty());
}

#[test]
fn nobody_is_asked_who_does_not_want_to_be_or_in_vain() {
    if lacks("setsid") {
        return;
    }
    let world = World::new();
    for (arguments, code, remedy) in [
        (&["add", "b", "--no-input"][..], 2, "--username, or --fields-only"),
        (&["--no-input", "add", "b", "--username=u"], 2, "--password-stdin, --password-fd or --generate"),
        (&["rotate", "edms/reporting", "--no-input", "--key-file=nightly.key"], 2, "--generate, --password-stdin"),
        (&["rotate", "edms/reporting", "--no-input"], 2, "--username, or --fields-only"),
        (&["add", "edms/reporting"], 9, "otp issue edms/reporting"),
        (&["add", "Not/A/Name"], 2, "a-z"),
        (&["add", "b", "--expires=soon"], 2, "30d"),
        (&["add", "b", "--key-file=nightly.key"], 9, ""),
        (&["add", "b", "--key-file=not/there"], 1, "not/there"),
        (&["add", "b", "--extra-entropy=-"], 2, ""),
        (&["issue", "edms/reporting", "--key-file=nightly.key", "--new-key-file=not/there"], 1, "not/there"),
        (&["rotate", "edms/reporting", "--key-file=store"], 1, "store"),
        (&["rotate", "edms/reporting", "--key-file=nightly.key", "--new-key-dir=nightly.key"], 1, "nightly.key"),
        (&["rotate", "edms/reporting", "--key-file=nightly.key", "--new-key-dir=not/there"], 1, "not/there"),
        (&["import", "secure-python-link", "nightly.key", "--account=b"], 7, ""),
        (&["get"], 2, "--key-file"),
    ] {
        let end = Terminal::start(&world, arguments).end();
        end.in_order(Some(code));
        let lines = end.seen.replace('\r', "");
        assert!(remedy.is_empty() || hint(&lines).contains(remedy), "{lines}");
        assert!(!end.seen.contains("sername: ") && !end.seen.contains("assword: "), "{lines}");
        assert!(!end.seen.contains("Old key"), "{lines}");
    }
    let end = Terminal::start(&world, &["rotate", "not/there"]).end();
    end.in_order(Some(3));
    assert!(!end.seen.contains("sername: "), "{}", end.seen);
    world.chmod("store", 0o777);
    Terminal::start(&world, &["add", "b"]).end().in_order(Some(10));
    world.chmod("store", 0o700);
    assert_eq!(world.otp(&["list"]).prints(), "edms/reporting");
}

#[test]
fn nobody_is_asked_without_a_terminal() {
    if lacks("setsid") {
        return;
    }
    let world = World::new();
    for command in [&["add", "b"][..], &["rotate", "edms/reporting"]] {
        let message = world.otp(command).stdin("alice\npass\npass\n").fails(2);
        assert!(hint(&message).contains("--username"), "{message}");
    }
    // A terminal to type on is not enough; what is asked must be seen too.
    let mut terminal = Terminal::start(&world, &["add", "b"]);
    terminal.wait_for("Username: ");
    terminal.write("\x03");
    terminal.end().in_order(None);
    let name = "setsid --ctty sh -c 'otp add b 2>errors; echo $?' <\"$1\"";
    let line = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
    grantpt(&line).unwrap();
    unlockpt(&line).unwrap();
    let path = ptsname(&line, Vec::new()).unwrap().into_string().unwrap();
    assert_eq!(world.sh(name, &[&path]).prints(), "2");
    assert!(hint(&String::from_utf8(world.read("errors")).unwrap()).contains("--username"));
}

#[test]
fn long_work_shows_progress_on_a_terminal_and_clears_it() {
    if lacks("setsid") {
        return;
    }
    let world = World::new();
    let rotate = ["rotate", "edms/reporting", "--key-file=nightly.key", "--generate", "--new-key-dir=keys"];
    for (arguments, shown) in [(&["verify"][..], "records verified"), (&rotate, "sealing new keys")] {
        let end = Terminal::start(&world, arguments).end();
        assert_eq!(end.code, Some(0), "{}", end.seen);
        assert!(end.seen.contains(shown) && end.seen.ends_with("\x1b[2K"), "{:?}", end.seen);
        assert!(!end.stdout.contains(shown));
    }
}

#[test]
fn rotate_asks_for_what_is_missing() {
    if lacks("setsid") {
        return;
    }
    let world = World::new();
    let rotate = ["rotate", "edms/reporting", "--key-file=nightly.key", "--new-key-dir=first"];
    let mut terminal = Terminal::start(&world, &rotate);
    terminal.answer_unseen("New password: ", "battery\n");
    terminal.answer_unseen("Once more: ", "battery\n");
    let end = terminal.end();
    assert_eq!(end.code, Some(0), "{}", end.seen);
    assert!(!end.seen.contains("battery") && !end.seen.contains("Username"), "{}", end.seen);
    let file = |stdout: &str| stdout.trim().rsplit('\t').next().unwrap().to_owned();
    let key = file(&end.stdout);
    holds(&world, &key, "alice\nbattery");

    // Something else is new: the password stays, and nobody is asked.
    let rotate = ["rotate", "edms/reporting", "--key-file", &key, "--username=bob", "--new-key-dir=second"];
    let end = Terminal::start(&world, &rotate).end();
    assert_eq!(end.code, Some(0), "{}", end.seen);
    holds(&world, &file(&end.stdout), "bob\nbattery");

    // Without a key everything is new.
    let mut terminal = Terminal::start(&world, &["rotate", "edms/reporting", "--new-key-dir=third"]);
    terminal.wait_for("Username: ");
    terminal.write("carol\n");
    terminal.answer_unseen("New password: ", "staple\n");
    terminal.answer_unseen("Once more: ", "staple\n");
    let end = terminal.end();
    assert_eq!(end.code, Some(0), "{}", end.seen);
    holds(&world, &file(&end.stdout), "carol\nstaple");
}
