//! The audit log: who opened what; and nothing is handed over without a line in it.

use std::fs;
use std::os::unix::net::UnixDatagram;
use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};

use crate::call::{Call, hint, warning};
use crate::world::World;

const FULL: &str = "file:/dev/full";

impl World {
    /// The program with some arguments, and a log in the file `log`.
    fn logged(&self, arguments: &[&str]) -> Call {
        self.otp(arguments).env("OTP_AUDIT", self.log_sink())
    }

    fn log_sink(&self) -> String {
        format!("file:{}", self.path("log").display())
    }

    fn log(&self) -> Vec<Value> {
        let text = String::from_utf8(self.read("log")).unwrap();
        text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
    }

    /// The log's events, each with its result; it is removed.
    fn events(&self) -> Vec<String> {
        let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
        let events =
            self.log().iter().map(|line| format!("{} {}", text(&line["event"]), text(&line["result"]))).collect();
        fs::remove_file(self.path("log")).unwrap();
        events
    }
}

#[test]
fn a_line_says_who_opened_what() {
    let world = World::new();
    let call = world.logged(&["get", "--key-file=nightly.key", "--field=username"]).outcome();
    assert_eq!((call.text().as_str(), call.stderr.as_str()), ("alice", ""));
    let log = world.log();
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let uid = rustix::process::getuid().as_raw();
    let expected = json!({
        "v": 1, "time": log[0]["time"], "event": "open", "result": "ok", "account": "edms/reporting",
        "key_id": world.key_id("nightly.key"), "holder": "nightly", "host": host.trim(), "uid": uid, "euid": uid,
        "pid": call.pid, "ppid": std::process::id(), "program": "otp",
    });
    assert_eq!(log, [expected]);
    let mode = fs::metadata(world.path("log")).map(|log| std::os::unix::fs::PermissionsExt::mode(&log.permissions()));
    assert_eq!(mode.unwrap() & 0o777, 0o600);
}

#[test]
fn every_hand_over_is_an_event_and_so_is_every_refusal() {
    let world = World::empty();
    let add = ["add", "a", "--username=u", "--generate", "--pages=9", "--ring=ring", "--key-file=a.key"];
    world.otp(&["ring", "init", "ring"]).succeeds();
    assert_eq!(world.logged(&add).outcome().code(), 0);
    assert_eq!(world.events(), ["add ok"]);

    world.logged(&["get", "--key-file=a.key"]).succeeds();
    world.logged(&["run", "--key-file=a.key", "--", "true"]).succeeds();
    world.logged(&["get", "--key-file=a.key", "--template={username}"]).succeeds();
    let record = world.record_of("a.key").display().to_string();
    world.logged(&["get", "--key-file=a.key", "--record", &record]).succeeds();
    assert_eq!(world.events(), ["open ok"; 4]);

    world
        .logged(&["issue", "a", "--key-file=a.key", "--for=b", "--pages=9", "--ring=ring", "--new-key-file=b.key"])
        .outcome();
    let log = world.log();
    assert_eq!((&log[0]["key_id"], &log[0]["holder"]), (&json!(world.key_id("b.key")), &json!("b")));
    world.logged(&["rotate", "a", "--ring=ring", "--generate", "--apply=true"]).outcome();
    world.logged(&["rotate", "a", "--ring=ring", "--generate", "--apply=false"]).outcome();
    world.logged(&["rotate", "a", "--ring=ring", "--resume", "--apply=true"]).outcome();
    world.logged(&["ring", "export", &world.key_id("b.key"), "--ring=ring", "--new-key-file=c.key"]).outcome();
    let expected = ["issue ok", "rotate ok", "rotate ok", "rotate in-doubt", "rotate ok", "export ok"];
    assert_eq!(world.events(), expected);

    world.logged(&["get", "x", "--key-file=a.key"]).fails(5);
    world.logged(&["revoke", "a", &world.key_id("a.key"), "--ring=ring"]).succeeds();
    world.logged(&["get", "--key-file=a.key"]).fails(3);
    world.logged(&["get", "--key=otpk1_x"]).outcome();
    world.logged(&["get"]).fails(2);
    world.logged(&["remove", "a", "--yes", "--ring=ring"]).succeeds();
    world.logged(&["remove", "a", "--yes", "--ring=ring"]).fails(3);
    let expected = ["open wrong-key", "revoke ok", "open not-found", "open malformed-key", "open usage", "remove ok"];
    let events = world.events();
    assert_eq!(events[..6], expected);
    assert_eq!(events[6], "remove not-found");
}

#[test]
fn an_expired_key_is_refused_in_the_name_of_its_holder() {
    let world = World::empty();
    let mut grant = otp_core::Grant::default();
    grant.expires = otp_core::UnixTime::from_secs(1_100_000_000);
    grant.holder = otp_core::Holder::parse("nightly").ok();
    let key = world.add_at("a", 1_000_000_000, &grant);
    world.write("a.key", key);
    world.logged(&["get", "--key-file=a.key"]).fails(6);
    assert_eq!((&world.log()[0]["result"], &world.log()[0]["holder"]), (&json!("expired"), &json!("nightly")));
}

#[test]
fn nothing_is_handed_over_that_no_log_has_a_line_of() {
    let world = World::new();
    let before = world.everything();
    let full = |arguments: &[&str]| world.otp(arguments).env("OTP_AUDIT", FULL);
    let message = full(&["run", "--key-file=nightly.key", "--", "touch", "started"]).fails(17);
    assert!(message.contains("/dev/full") && hint(&message).contains("/dev/full"), "{message}");
    full(&["get", "--key-file=nightly.key"]).fails(17);
    full(&["add", "b", "--username=u", "--generate", "--key-file=b.key"]).fails(17);
    full(&["issue", "edms/reporting", "--key-file=nightly.key", "--new-key-file=b.key"]).fails(17);
    full(&["rotate", "edms/reporting", "--key-file=nightly.key", "--generate", "--yes", "--new-key-dir=keys"])
        .fails(17);
    // Nor is anything revealed about a key that does not open.
    full(&["get", "x", "--key-file=nightly.key"]).fails(17);
    assert_eq!(world.everything(), before);

    world.otp(&["ring", "init", "ring"]).succeeds();
    let add = ["add", "r", "--username=u", "--generate", "--pages=3", "--ring=ring", "--key-file=r.key"];
    assert_eq!(world.otp(&add).outcome().code(), 0);
    let before = world.everything();
    let id = world.key_id("r.key");
    full(&["rotate", "r", "--ring=ring", "--generate", "--apply", "touch", "--yes"]).fails(17);
    full(&["ring", "export", &id, "--ring=ring", "--new-key-file=c.key"]).fails(17);
    assert_eq!(world.everything(), before);
    // A stolen key can be ended all the same.
    let outcome = full(&["revoke", "r", &id, "--ring=ring"]).outcome();
    assert_eq!(outcome.code(), 0, "{}", outcome.stderr);
    assert!(warning(&outcome.stderr).is_some_and(|warning| warning.contains("/dev/full")), "{}", outcome.stderr);
    world.otp(&["get", "--key-file=r.key"]).fails(3);
}

#[test]
fn a_rotation_that_has_begun_keeps_its_own_error_when_the_log_fails() {
    let world = World::empty();
    world.otp(&["ring", "init", "ring"]).succeeds();
    let add = ["add", "r", "--username=u", "--generate", "--pages=3", "--ring=ring", "--key-file=r.key"];
    assert_eq!(world.otp(&add).outcome().code(), 0);
    fs::create_dir(world.path("logs")).unwrap();
    // The program that changes the database removes the log, so what it did is then unknown.
    world.write("apply", "#!/bin/sh\nrm -r logs\nexit 1\n");
    world.chmod("apply", 0o700);
    let log = format!("file:{}", world.path("logs/log").display());
    let rotate = ["rotate", "r", "--ring=ring", "--generate", "--apply=./apply"];
    let outcome = world.otp(&rotate).env("OTP_AUDIT", log).outcome();
    assert_eq!(outcome.code(), 15, "{}", outcome.stderr);
    assert!(
        outcome.stderr.contains("warning: the audit log") && outcome.stderr.contains("--resume"),
        "{}",
        outcome.stderr
    );
}

#[test]
fn one_sink_is_enough_and_an_optional_log_only_warns() {
    let world = World::new();
    let get = ["get", "--key-file=nightly.key", "--field=username"];
    for sinks in
        [format!("{FULL},optional"), format!("{FULL},{}", world.log_sink()), format!("optional,syslog:/x,{FULL}")]
    {
        let outcome = world.otp(&get).env("OTP_AUDIT", &sinks).outcome();
        assert_eq!((outcome.code(), outcome.text().as_str()), (0, "alice"), "{sinks}");
        assert!(outcome.stderr.starts_with("otp: warning: the audit log /"), "{}", outcome.stderr);
    }
    assert_eq!(world.events(), ["open ok"]);
    world.otp(&get).env("OTP_AUDIT", format!("{FULL},syslog:/x")).fails(17);
    let two = format!("{},{}", world.log_sink(), world.log_sink());
    world.otp(&get).env("OTP_AUDIT", two).succeeds();
    assert_eq!(world.events(), ["open ok"; 2]);
}

#[test]
fn a_variable_that_names_no_log_is_a_usage_error() {
    let world = World::new();
    let before = world.everything();
    for text in ["optional", "yes", "file:log", "file:", "eventlog", ","] {
        let get = world.otp(&["get", "--key-file=nightly.key"]).env("OTP_AUDIT", text);
        assert!(hint(&get.fails(2)).contains("OTP_AUDIT"), "{text}");
    }
    assert_eq!(world.everything(), before);
    world.otp(&["get", "--key-file=nightly.key"]).env("OTP_AUDIT", "").succeeds();
}

#[test]
fn lines_of_processes_that_write_at_the_same_time_are_whole() {
    let world = World::new();
    let script = "i=0; while [ $i -lt 60 ]; do otp get --key-file nightly.key > /dev/null; i=$((i+1)); done";
    std::thread::scope(|scope| {
        for _ in 0..4 {
            let call = world.sh(script, &[]).env("OTP_AUDIT", world.log_sink());
            scope.spawn(move || call.succeeds());
        }
    });
    let log = world.log();
    assert_eq!(log.len(), 240);
    assert!(log.iter().all(|line| line["result"] == "ok" && line["program"] == "otp"));
}

/// The message that a call sends to a socket.
fn sent(socket: &UnixDatagram, call: Call) -> String {
    call.succeeds();
    let mut message = [0; 4096];
    let len = socket.recv(&mut message).unwrap();
    String::from_utf8(message[..len].to_vec()).unwrap()
}

fn listen(path: &Path) -> UnixDatagram {
    let socket = UnixDatagram::bind(path).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    socket
}

#[test]
fn syslog_and_journal_get_the_line_in_their_own_form() {
    let world = World::new();
    let get = |sink: &str| world.otp(&["get", "--key-file=nightly.key"]).env("OTP_AUDIT", sink);
    let log = listen(&world.path("syslog"));
    let message = sent(&log, get(&format!("syslog:{}", world.path("syslog").display())));
    let (start, line) = message.split_once(": ").unwrap();
    let line: Value = serde_json::from_str(line).unwrap();
    // Facility 10 times 8, and 5 for a notice.
    assert_eq!(start, format!("<85>otp[{}]", line["pid"]));
    assert_eq!((&line["event"], &line["holder"]), (&json!("open"), &json!("nightly")));

    if cfg!(target_os = "linux") {
        let journal = listen(&world.path("journal"));
        let message = sent(&journal, get(&format!("journald:{}", world.path("journal").display())));
        let field = |name: &str| {
            let found = message.lines().find_map(|line| line.split_once('=').filter(|(known, _)| *known == name));
            found.map_or_else(String::new, |(_, value)| value.to_owned())
        };
        let line: Value = serde_json::from_str(&field("MESSAGE")).unwrap();
        assert_eq!(field("OTP_KEY_ID"), world.key_id("nightly.key"));
        assert_eq!(line["key_id"], world.key_id("nightly.key"));
        for (name, value) in [
            ("OTP_EVENT", "open"),
            ("OTP_RESULT", "ok"),
            ("OTP_ACCOUNT", "edms/reporting"),
            ("OTP_HOLDER", "nightly"),
            ("PRIORITY", "5"),
            ("SYSLOG_FACILITY", "10"),
            ("SYSLOG_IDENTIFIER", "otp"),
        ] {
            assert_eq!(field(name), value, "{name}");
        }
    }
    drop(log);
    // Now nobody listens any more.
    get(&format!("syslog:{}", world.path("syslog").display())).fails(17);
}

#[test]
fn no_value_and_no_key_is_in_a_log() {
    let world = World::empty();
    let values = ["u-8431-name", "p-8432-word", "h-8433-host", "t-8434-token", "f-8435-new"];
    let [username, password, host, token, new] = values;
    world.write("token", token);
    world
        .logged(&["add", "a", "--username", username, "--password-stdin", "--for=nightly", "--key-file=a.key"])
        .args(&["--field", &format!("host={host}"), "--field-file=token=token"])
        .stdin(password)
        .outcome();
    world.logged(&["get", "--key-file=a.key", "--format=json"]).succeeds();
    let template = format!("--env=X={{username}}{}", "y-8436-text");
    world.logged(&["run", "--key-file=a.key", &template, "--", "true", "a-8437-argument"]).succeeds();
    world.logged(&["issue", "a", "--key-file=a.key", "--new-key-file=b.key"]).succeeds();
    let first = world.key("a.key");
    world.logged(&["get", "--key", &first[..first.len() - 1]]).outcome();
    world
        .logged(&["rotate", "a", "--key-file=a.key", "--password-stdin", "--yes", "--new-key-dir=keys"])
        .stdin(new)
        .succeeds();
    let log = String::from_utf8(world.read("log")).unwrap();
    assert_eq!(log.lines().count(), 6, "{log}");
    for text in values.iter().chain(&["y-8436-text", "a-8437-argument", "8431", "otpk1"]) {
        assert!(!log.contains(text), "{text}: {log}");
    }
    for key in [first, world.key("b.key")] {
        // After the account and the id, everything in a key is secret.
        let secret = &key.as_bytes()["otpk1_".len() + 40..];
        assert!(secret.windows(8).all(|part| !log.contains(std::str::from_utf8(part).unwrap())), "{log}");
    }
}

#[test]
fn a_log_is_shown_by_account_and_by_time() {
    let world = World::new();
    world.otp(&["add", "b", "--username=u", "--generate", "--key-file=b.key"]).succeeds();
    world.logged(&["get", "--key-file=nightly.key"]).succeeds();
    world.logged(&["get", "--key-file=b.key"]).succeeds();
    let show = |arguments: &[&str]| world.otp(&[&["audit", "show", "log"], arguments].concat());
    let text = show(&[]).prints();
    assert_eq!(text.lines().count(), 2);
    assert!(
        text.contains("  open    ok  ") && text.contains("  edms/reporting  ") && text.contains("  nightly  "),
        "{text}"
    );
    assert_eq!(show(&["--account=b"]).prints().lines().count(), 1);
    assert_eq!(show(&["--account=c"]).prints(), "");
    assert_eq!(show(&["--since=1h"]).prints().lines().count(), 2);
    assert_eq!(show(&["--since=2090-01-01"]).prints(), "");
    show(&["--since=soon"]).fails(2);
    show(&["--account=B"]).fails(2);
    world.otp(&["audit", "show", "other"]).fails(1);

    // A line that was cut off, and one that another program wrote, are reported.
    let whole = world.read("log");
    let cut = [&whole[..90], &whole, b"hello\n"].concat();
    world.write("log", cut);
    let outcome = show(&[]).outcome();
    assert_eq!((outcome.code(), outcome.text().trim_end()), (7, text.as_str()));
    assert!(outcome.stderr.contains("2 of the lines"), "{}", outcome.stderr);
}
