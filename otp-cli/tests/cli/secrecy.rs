//! No message and no file shows a secret, whatever was typed where.

use crate::world::World;

/// Whether a text contains enough of a key to matter.
fn shows(text: &str, key: &str) -> bool {
    let (text, key) = (text.to_lowercase(), key.to_lowercase());
    key.as_bytes()["otpk1_".len()..].windows(12).any(|part| text.contains(std::str::from_utf8(part).unwrap()))
}

#[test]
fn a_key_in_the_wrong_place_is_not_shown() {
    let world = World::new();
    let lower = world.key("nightly.key");
    for key in [lower.clone(), lower.to_uppercase()] {
        let (pair, option, twice) = (format!("{key}={key}"), format!("--key-file={key}"), format!("otpk1_{key}"));
        let cases: [&[&str]; 30] = [
            &[&key],
            &["get", &key],
            &["get", "a", &key],
            &["get", "--", "a", &key],
            &["get", "--key-fd", &key],
            &["get", "--key-file", &key],
            &["get", "--keyfile", &key],
            &["get", "--format", &key, "--key-file=nightly.key"],
            &["get", "--field", &key, "--key-file=nightly.key"],
            &["get", "--record", &key, "--key-file=nightly.key"],
            &["get", "--key", &key[..60]],
            &["get", "--store", &key, "--key-file=nightly.key"],
            &["run", &key],
            &["run", &option, "--env", &key, "--", "true"],
            &["run", "--fd", &pair, "--", "true"],
            &["run", "--env", &pair, "--key-file=nightly.key", "--", "true"],
            &["run", "--key-file=nightly.key", "--", &key],
            &["add", &key, "--username=u", "--generate"],
            &["add", "a", "--expires", &key, "--username=u", "--generate"],
            &["add", "a", "--capacity", &key],
            &["add", "a", "--fields-only", "--field-file", &pair],
            &["issue", "edms/reporting", &key],
            &["revoke", "edms/reporting", &key],
            &["key", &key],
            &["key", "inspect", &key],
            &["verify", "--key-file", &key],
            &["verify", "--json", "--store", &key],
            &["doctor", "--key-file", &key],
            &["doctor", "--json", "--key-file", &key],
            &["get", "--key-file", &twice],
        ];
        for case in cases {
            let outcome = world.otp(case).outcome();
            assert_ne!(outcome.code(), 0, "{case:?}");
            assert!(!shows(&outcome.stderr, &key) && !shows(&outcome.text(), &key), "{case:?}: {}", outcome.stderr);
        }
    }
}

#[test]
fn a_password_in_the_wrong_place_is_not_shown() {
    let world = World::empty();
    let cases: [&[&str]; 11] = [
        &["run", "--env", "hunter2", "--", "true"],
        &["run", "--fd", "hunter2=password", "--", "true"],
        &["add", "a", "hunter2"],
        &["add", "a", "--password", "hunter2"],
        &["add", "a", "--password=hunter2"],
        &["add", "a", "--password-stdin=hunter2"],
        &["add", "a", "--password-fd", "hunter2"],
        &["add", "a", "--generate=hunter2"],
        &["add", "a", "-phunter2"],
        &["add", "a", "--fields-only", "--field=password=hunter2", "--field=password=hunter2"],
        &["add", "a", "--fields-only", "--field", "hunter2"],
    ];
    for case in cases {
        let message = world.otp(case).fails(2);
        assert!(!message.contains("hunter"), "{case:?}: {message}");
    }
    assert!(!world.path("store").exists());
}

#[test]
fn a_message_moves_no_cursor() {
    let world = World::new();
    for name in ["a\u{1b}[2Jb", "a\u{9b}2Jb", "a\nb\r\u{8}c"] {
        let message = world.otp(&["get", "--key-file", name]).fails(1);
        assert!(!message.contains(|c: char| c.is_control() && c != '\n'), "{message:?}");
        let is_ours = |line: &str| ["otp: ", "  because: ", "  hint: "].iter().any(|start| line.starts_with(start));
        assert!(message.lines().all(is_ours), "{message:?}");
        let text = world.otp(&["doctor", "--key-file", name]).outcome().text();
        assert!(!text.contains(|c: char| c.is_control() && c != '\n') && !text.contains("\nb"), "{text:?}");
    }
}

#[test]
fn no_file_of_the_store_holds_a_part_of_the_secret() {
    let world = World::new();
    world.otp(&["issue", "edms/reporting", "--key-file=nightly.key", "--new-key-file=hourly.key"]).succeeds();
    world
        .otp(&["rotate", "--yes", "edms/reporting", "--key-file=hourly.key", "--password-stdin", "--grace=1h"])
        .arg("--new-key-dir=keys")
        .stdin("battery staple")
        .succeeds();
    let files = world.everything();
    assert!(files.iter().filter(|(path, _)| path.extension().is_some_and(|end| end == "otp")).count() >= 4);
    for (path, bytes) in files {
        for secret in ["correct", "horse", "battery", "staple", "alice"] {
            assert!(!bytes.windows(5).any(|part| secret.as_bytes().starts_with(part)), "{} {secret}", path.display());
        }
    }
}

#[test]
fn a_command_that_has_a_secret_writes_no_core_dump() {
    let world = World::new();
    let script = "ulimit -S -c unlimited; exec otp run --key-file nightly.key -- sh -c 'ulimit -S -c; ulimit -H -c'";
    assert_eq!(world.sh(script, &[]).prints(), "0\nunlimited");
}
