//! Where the key comes from: each way, their order of precedence, and what is refused.

use std::os::unix::fs::symlink;
use std::process::Command;

use otp_test_tools::lacks;

use crate::call::{command, hint, warning};
use crate::world::World;

/// A world with accounts `a` to `f`, whose usernames are their names, with their keys in `a.key` to `f.key`.
fn six() -> World {
    let world = World::empty();
    for name in ["a", "b", "c", "d", "e", "f"] {
        let username = format!("--username={name}");
        world.otp(&["add", name, &username, "--generate", "--key-file", &format!("{name}.key")]).succeeds();
    }
    std::fs::create_dir(world.path("credentials")).unwrap();
    world.write("credentials/otp-key", world.key("f.key"));
    world
}

/// Whether the program warns that other users can see the key, and prints nothing else.
fn warns(stderr: &str) -> bool {
    warning(stderr).is_some_and(|text| text.contains("--key-file"))
}

#[test]
fn the_first_way_that_is_given_counts() {
    let world = six();
    // In reverse order: each call also has all ways that come after its own.
    let mut options = String::new();
    let mut variables: Vec<(&str, String)> = Vec::new();
    let path = |name: &str| world.path(name).display().to_string();
    let mut check = |name: &str, option: &str, variable: Option<(&'static str, String)>| {
        options = format!("{option} {options}");
        variables.extend(variable);
        let mut call = world.sh(&format!("exec otp get --field username {options} 3<b.key"), &[]);
        call.command.envs(variables.iter().map(|(name, value)| (name, value)));
        let outcome = call.outcome();
        assert_eq!(outcome.text(), name, "{options}: {}", outcome.stderr);
        // Other users see a key on the command line even if another one is used.
        let is_visible = options.contains("--key ");
        assert_eq!(
            (warns(&outcome.stderr), outcome.stderr.is_empty()),
            (is_visible, !is_visible),
            "{}",
            outcome.stderr
        );
    };
    check("f", "", Some(("CREDENTIALS_DIRECTORY", path("credentials"))));
    check("e", "", Some(("OTP_KEY", world.key("e.key"))));
    check("d", "", Some(("OTP_KEY_FILE", path("d.key"))));
    check("c", &format!("--key {}", world.key("c.key")), None);
    check("b", "--key-fd 3", None);
    check("a", "--key-file a.key", None);
}

#[test]
fn a_way_that_fails_is_not_passed_over() {
    let world = six();
    let good = world.key("e.key");
    world.otp(&["get", "--key-file=not-there"]).env("OTP_KEY", &good).fails(1);
    world.otp(&["get", "--key-fd=99"]).env("OTP_KEY", &good).fails(1);
    world.otp(&["get"]).env("OTP_KEY", &good).env("OTP_KEY_FILE", "not-there").fails(1);
    world.otp(&["get"]).env("OTP_KEY", "nonsense").env("CREDENTIALS_DIRECTORY", world.path("credentials")).fails(4);
    // An empty variable counts as not given, and a service may have other credentials.
    let call = world.otp(&["get", "--field=username"]).env("OTP_KEY_FILE", "").env("OTP_KEY", "");
    assert_eq!(call.env("CREDENTIALS_DIRECTORY", world.path("credentials")).prints(), "f");
    let message = world.otp(&["get"]).env("CREDENTIALS_DIRECTORY", world.path("store")).fails(2);
    assert!(hint(&message).contains("--key-file PATH"), "{message}");
}

#[test]
fn a_key_is_taken_with_white_space_around_it_and_in_upper_case() {
    let world = World::new();
    let key = world.key("nightly.key");
    for text in [key.clone(), format!("{key}\n"), format!(" \t{key}\r\n\r\n"), key.to_uppercase(), format!("{key}\r\n")]
    {
        world.write("typed.key", &text);
        let username = ["get", "--field=username", "--key-file"];
        assert_eq!(world.otp(&username).arg("typed.key").prints(), "alice");
        assert_eq!(world.otp(&username).arg("-").stdin(&text).prints(), "alice");
        assert_eq!(world.otp(&["get", "--field=username"]).env("OTP_KEY", &text).prints(), "alice");
        let outcome = world.otp(&["get", "--field=username", "--key", &text]).outcome();
        assert!(outcome.text() == "alice" && warns(&outcome.stderr), "{}", outcome.stderr);
    }
}

#[test]
fn pipes_and_links_lead_to_a_key() {
    let world = World::new();
    symlink("nightly.key", world.path("link.key")).unwrap();
    assert_eq!(world.otp(&["get", "--field=username", "--key-file=link.key"]).prints(), "alice");
    let made = Command::new("mkfifo").arg(world.path("fifo")).status().unwrap();
    assert!(made.success());
    let script = "cat nightly.key >fifo & otp get --field username --key-file fifo; wait";
    assert_eq!(world.sh(script, &[]).prints(), "alice");
    if !lacks("bash") {
        let script = "otp get --field username --key-file <(cat nightly.key)";
        assert_eq!(world.shell("bash", script, &[]).prints(), "alice");
    }
    let script = "cat nightly.key | otp get --field username --key-fd 0";
    assert_eq!(world.sh(script, &[]).prints(), "alice");
    world.otp(&["get", "--key-file=-"]).stdin("").fails(4);
    world.sh("exec otp get --key-file - <&-", &[]).fails(4);
    world.sh("exec otp get --key-fd 9 9>write-only", &[]).fails(1);
    world.otp(&["get", "--key-fd=-1"]).fails(1);
    world.otp(&["get", "--key-fd=99999999999"]).fails(2);
}

#[test]
fn others_must_not_be_able_to_replace_a_key_file() {
    let world = World::new();
    for name in ["open", "shared"] {
        std::fs::create_dir(world.path(name)).unwrap();
        world.write(&format!("{name}/a.key"), world.key("nightly.key"));
    }
    world.chmod("open", 0o777);
    let get = ["get", "--field=username", "--key-file=open/a.key"];
    let message = world.otp(&get).fails(10);
    let issue = ["issue", "edms/reporting", "--key-file=nightly.key", "--new-key-file=open/new.key"];
    let before = world.everything();
    world.otp(&issue).fails(10);
    assert_eq!(world.everything(), before);
    world.sh(command(hint(&message)), &[]).succeeds();
    assert_eq!(world.otp(&get).prints(), "alice");

    // If all users can remove only their own files there, it is a warning.
    world.chmod("shared", 0o1777);
    let outcome = world.otp(&["get", "--field=username", "--key-file=shared/a.key"]).outcome();
    assert_eq!((outcome.code(), outcome.text().as_str()), (0, "alice"));
    assert!(warning(&outcome.stderr).is_some_and(|text| text.contains("shared")), "{}", outcome.stderr);
}

#[test]
fn a_key_that_others_can_read_on_a_descriptor_is_a_warning() {
    let world = World::new();
    world.chmod("nightly.key", 0o604);
    for input in ["--key-file - <nightly.key", "--key-fd 3 3<nightly.key"] {
        let outcome = world.sh(&format!("exec otp get --field username {input}"), &[]).outcome();
        assert_eq!((outcome.code(), outcome.text().as_str()), (0, "alice"));
        assert!(warning(&outcome.stderr).is_some_and(|text| text.contains("0604")), "{}", outcome.stderr);
    }
}

#[test]
fn a_credential_of_systemd_may_be_its_groups() {
    let world = six();
    world.chmod("credentials/otp-key", 0o440);
    let get = || world.otp(&["get", "--field=username"]).env("CREDENTIALS_DIRECTORY", world.path("credentials"));
    assert_eq!(get().prints(), "f");
    world.chmod("credentials/otp-key", 0o444);
    get().fails(10);
}

#[test]
fn inspect_shows_what_is_public_in_a_key() {
    let world = World::new();
    let key = world.key("nightly.key");
    let text = world.otp(&["key", "inspect"]).env("OTP_KEY", &key).prints();
    let id = world.key_id("nightly.key");
    let expected = format!(
        "account     edms/reporting\nkey id      {id}\ncapacity    64\npages       1\ncharacters  {}",
        key.len()
    );
    assert_eq!(text, expected);
    // It needs no store.
    let call = world.otp(&["key", "inspect", "--key-file=-"]).env("OTP_STORE", "not-there").stdin(&key);
    assert_eq!(call.prints(), expected);
}

#[test]
fn a_key_of_common_size_fits_a_schedulers_field() {
    let world = World::empty();
    let name = "a".repeat(32);
    let add = ["add", &name, "--username", &"u".repeat(28), "--generate=28", "--key-file=a.key"];
    world.otp(&add).succeeds();
    assert!(world.key("a.key").len() <= 255);
    let add = ["add", "large", "--username=u", "--generate", "--capacity=128", "--key-file=b.key"];
    let outcome = world.otp(&add).outcome();
    assert_eq!(outcome.code(), 0);
    let length = world.key("b.key").len();
    let warned = |text: &str| text.contains(&length.to_string()) && text.contains("255");
    assert!(warning(&outcome.stderr).is_some_and(warned), "{}", outcome.stderr);
}
