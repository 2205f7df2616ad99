//! `--extra-entropy`: draws are the system's bytes XOR the user's, and no byte of the user's is used twice.

use std::fs;
use std::path::PathBuf;

use base32ct::{Base32Unpadded, Encoding};

use crate::call::hint;
use crate::world::World;

/// The bytes for the start-up test, for a key of capacity 64, and for a generated password.
const START: usize = 1024;
const KEY: usize = 10 + 32 + 66;
const PASSWORD: usize = 32;

/// Bytes that pass the health tests.
fn plain(at: usize) -> u8 {
    u8::try_from((at * 7 + at / 256) % 256).unwrap()
}

fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(plain).collect()
}

/// The store and the key files: what a failure must not have changed.
fn kept(world: &World) -> Vec<(PathBuf, Option<Vec<u8>>)> {
    let is_source = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("entropy");
    world.tree().into_iter().filter(|(path, _)| !is_source(path)).collect()
}

const ISSUE: [&str; 4] = ["issue", "edms/reporting", "--key-file=nightly.key", "--extra-entropy=entropy"];
const ROTATE: [&str; 6] =
    ["rotate", "--yes", "edms/reporting", "--key-file=nightly.key", "--generate", "--extra-entropy=entropy"];
const ADD: [&str; 5] = ["add", "new", "--username=u", "--generate", "--extra-entropy=entropy"];

#[test]
fn each_command_cuts_off_exactly_what_it_draws() {
    let world = World::new();
    let mut left = 20_000;
    world.write("entropy", bytes(left));
    let mut check = |arguments: &[&str], drawn: usize| {
        let outcome = world.otp(arguments).outcome();
        assert_eq!(outcome.code(), 0, "{arguments:?}: {}", outcome.stderr);
        left -= drawn;
        assert_eq!(world.read("entropy"), bytes(left), "{arguments:?}");
    };
    check(&[&ISSUE[..], &["--new-key-file=hourly.key"]].concat(), START + KEY);
    check(&[&ADD[..], &["--key-file=new.key"]].concat(), START + PASSWORD + KEY);
    let add = ["add", "longer", "--username=u", "--generate=20", "--extra-entropy=entropy", "--key-file=longer.key"];
    check(&add, START + 20 + KEY);
    let add = ["add", "large", "--username=u", "--field=password=p", "--capacity=4096", "--extra-entropy=entropy"];
    check(&[&add[..], &["--key-file=large.key"]].concat(), START + 10 + 32 + 4096 + 2);
    // Two keys, and the id of the rotation.
    check(&[&ROTATE[..], &["--new-key-dir=keys"]].concat(), START + PASSWORD + 10 + 2 * KEY);
    for key in ["new.key", "longer.key", "large.key"] {
        world.otp(&["get", "--key-file", key]).succeeds();
    }
    assert_eq!(world.otp(&["info", "edms/reporting", "--json"]).prints().matches("\"id\"").count(), 2);
}

/// Makes draws predictable: with known bytes from the system, every draw is the XOR of two known sources.
#[cfg(target_os = "linux")]
struct Known {
    library: PathBuf,
}

#[cfg(target_os = "linux")]
impl Known {
    fn new(world: &World) -> Self {
        let body = "for (size_t i = 0; i < n; i++) b[i] = 13 + 7 * i; return n;";
        Self { library: world.random_source("known", body) }
    }

    /// One draw of `len` bytes. Its first byte comes from the file's byte at `from` and the system's at `system`: a
    /// command asks the system once, for all that it needs.
    fn mixed(from: usize, system: usize, len: usize) -> Vec<u8> {
        let known = |at: usize| u8::try_from((13 + 7 * at) % 256).unwrap();
        (0..len).map(|at| plain(from + at) ^ known(system + at)).collect()
    }

    /// What was drawn for a key of capacity 64: its id, tag key and pad.
    fn drawn(world: &World, account: &str, key_file: &str) -> Vec<u8> {
        let body = Base32Unpadded::decode_vec(&world.key(key_file)["otpk1_".len()..]).unwrap();
        body[4 + account.len()..][..KEY].to_vec()
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_key_and_a_password_are_the_systems_bytes_xor_the_files() {
    let world = World::empty();
    world.write("entropy", bytes(5000));
    let known = Known::new(&world);
    world.otp(&ADD).arg("--key-file=new.key").env("LD_PRELOAD", &known.library).succeeds();

    let symbols = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    // Each draw takes from the file's end: first the start-up test and the password, then the key.
    let first = 5000 - START - PASSWORD;
    let password: Vec<u8> =
        Known::mixed(first + START, START, PASSWORD).iter().map(|byte| symbols[usize::from(byte & 63)]).collect();
    assert_eq!(world.otp(&["get", "--key-file=new.key", "--field=password"]).succeeds(), password);
    assert_eq!(Known::drawn(&world, "new", "new.key"), Known::mixed(first - KEY, START + PASSWORD, KEY));
}

#[cfg(target_os = "linux")]
#[test]
fn no_byte_is_used_twice_under_whichever_name_the_file_is_reached() {
    let world = World::new();
    world.write("entropy", bytes(5000));
    fs::hard_link(world.path("entropy"), world.path("entropy-hard")).unwrap();
    std::os::unix::fs::symlink("entropy", world.path("entropy-soft")).unwrap();
    let known = Known::new(&world);
    let mut left = 5000;
    for name in ["entropy", "entropy-hard", "entropy-soft", "entropy-hard", "./entropy"] {
        let number = left.to_string();
        world
            .otp(&["issue", "edms/reporting", "--key-file=nightly.key", "--extra-entropy", name])
            .args(&["--new-key-file", &number])
            .env("LD_PRELOAD", &known.library)
            .succeeds();
        left -= START + KEY;
        assert_eq!(Known::drawn(&world, "edms/reporting", &number), Known::mixed(left + START, START, KEY), "{name}");
        for name in ["entropy", "entropy-hard", "entropy-soft"] {
            assert_eq!(world.read(name), bytes(left), "the link stays one");
        }
        if left < START + KEY {
            break;
        }
    }
    let before = world.tree();
    world.otp(&ISSUE).fails(11);
    assert_eq!(world.tree(), before);
}

#[test]
fn too_few_bytes_stay_and_nothing_is_changed() {
    let world = World::new();
    let before = kept(&world);
    // The file's length, and how much of it a draw takes before another draw fails.
    for (len, taken, command) in [
        (START + KEY - 1, 0, &ISSUE[..]),
        (START + KEY - 1, 0, &["add", "new", "--username=u", "--field-file=password=nightly.key", ISSUE[3]]),
        (START + PASSWORD - 1, 0, &ADD),
        (START + PASSWORD + KEY - 1, START + PASSWORD, &ADD),
        (START + 10 + KEY - 1, 0, &["rotate", "--yes", ISSUE[1], ISSUE[2], "--field-file=host=nightly.key", ISSUE[3]]),
        (START + PASSWORD + 10 + KEY - 1, START + PASSWORD, &ROTATE),
        (0, 0, &ISSUE),
    ] {
        world.write("entropy", bytes(len));
        let message = world.otp(command).fails(11);
        assert!(message.contains(&(len - taken).to_string()) && !hint(&message).is_empty(), "{message}");
        assert_eq!(world.read("entropy"), bytes(len - taken), "{command:?}");
        assert_eq!(kept(&world), before, "{command:?}");
    }
}

#[test]
fn what_fails_for_another_reason_costs_no_byte() {
    let world = World::new();
    world.write("entropy", bytes(5000));
    world.otp(&["add", "edms/reporting", "--username=u", "--generate", "--extra-entropy=entropy"]).fails(9);
    world.otp(&["add", "x", "--username=u", "--field=password=p", "--capacity=65", "--extra-entropy=entropy"]).fails(2);
    world.otp(&["add", "x", "--username=u", "--generate", "--key-file=not/there", "--extra-entropy=entropy"]).fails(1);
    world.otp(&["rotate", "--yes", "typo", "--generate", "--username=u", "--extra-entropy=entropy"]).fails(3);
    world.otp(&["revoke", "edms/reporting", &world.key_id("nightly.key")]).succeeds();
    world.otp(&ISSUE).fails(3);
    world.otp(&ROTATE).fails(3);
    assert_eq!(world.read("entropy"), bytes(5000));
}

#[test]
fn bytes_that_are_not_random_are_refused_and_nothing_is_changed() {
    let world = World::new();
    let before = kept(&world);
    let dice: Vec<u8> = bytes(5000).iter().flat_map(|byte| [b'1' + byte % 6, b'\n']).collect();
    for contents in [vec![0; 5000], dice] {
        for command in [&ISSUE[..], &ROTATE, &ADD] {
            world.write("entropy", &contents);
            let message = world.otp(command).fails(11);
            assert!(message.contains("entropy") && !hint(&message).is_empty(), "{message}");
            assert_eq!(kept(&world), before);
        }
    }
    assert_eq!(world.otp(&["get", "--key-file=nightly.key"]).prints(), "alice\ncorrect horse");
}

#[test]
fn streams_are_read_as_they_come() {
    let world = World::new();
    world.write("entropy", bytes(3000));
    let fifo = "mkfifo entropy-pipe; cat entropy >entropy-pipe & otp issue edms/reporting --key-file nightly.key \
        --extra-entropy entropy-pipe --new-key-file a.key";
    world.sh(fifo, &[]).outcome();
    assert_eq!(world.read("entropy"), bytes(3000));
    let issue = ["issue", "edms/reporting", "--key-file=nightly.key", "--extra-entropy=-"];
    world.otp(&issue).arg("--new-key-file=b.key").stdin(bytes(START + KEY)).succeeds();
    for key in ["a.key", "b.key"] {
        assert_eq!(world.otp(&["get", "--key-file", key]).prints(), "alice\ncorrect horse");
    }
    let before = world.everything();
    let message = world.otp(&issue).stdin(bytes(START + KEY - 1)).fails(11);
    assert!(message.contains("1131") && message.contains("1132"), "{message}");
    world.otp(&issue).stdin(vec![0; 5000]).fails(11);
    assert_eq!(world.everything(), before);
}

/// On a terminal, it is in `prompts`.
#[test]
fn what_can_be_read_again_or_not_at_all_is_refused() {
    let world = World::new();
    world.write("entropy", bytes(3000));
    let before = world.tree();
    let script = "exec otp issue edms/reporting --key-file nightly.key --extra-entropy - <entropy";
    assert!(!hint(&world.sh(script, &[]).fails(2)).is_empty());
    let issue = ["issue", "edms/reporting", "--key-file=nightly.key", "--extra-entropy"];
    assert!(!hint(&world.otp(&issue).arg("store").fails(2)).is_empty());
    assert!(hint(&world.otp(&issue).arg("none").fails(11)).contains("none"));
    assert_eq!(world.tree(), before);
}

#[test]
fn two_things_do_not_come_from_one_stream() {
    let world = World::new();
    let before = world.everything();
    for command in [
        &["issue", "edms/reporting", "--key-file=-"][..],
        &["issue", "edms/reporting", "--key-fd=0"],
        &["rotate", "--yes", "edms/reporting", "--key-file=nightly.key", "--password-stdin"],
        &["rotate", "--yes", "edms/reporting", "--key-file=-", "--generate"],
        &["add", "new", "--username=u", "--password-stdin"],
        &["add", "new", "--username=u", "--password-fd=0"],
        &["import", "secure-python-link", "old.p", "--user-key-file=-", "--pass-key-file=pass"],
    ] {
        assert!(!hint(&world.otp(command).arg("--extra-entropy=-").stdin(bytes(3000)).fails(2)).is_empty());
    }
    assert!(!hint(&world.otp(&["verify", "--key-file=-", "--key-file=-"]).stdin("").fails(2)).is_empty());
    assert_eq!(world.everything(), before);
}

#[test]
fn a_file_that_others_can_read_is_refused() {
    let world = World::new();
    world.write("entropy", bytes(5000));
    let before = world.everything();
    for mode in [0o640, 0o604, 0o620, 0o602] {
        world.chmod("entropy", mode);
        assert!(hint(&world.otp(&ISSUE).fails(10)).ends_with("entropy"));
        assert_eq!(world.everything(), before);
    }
    world.chmod("entropy", 0o600);
    world.otp(&ISSUE).arg("--new-key-file=hourly.key").succeeds();
}

#[test]
fn many_processes_share_a_file_and_none_gets_the_bytes_of_another() {
    let world = World::empty();
    world.write("entropy", bytes(8 * (START + PASSWORD + KEY)));
    let script = "ln entropy entropy0; ln -s entropy entropy1; for n in 1 2 3 4 5 6 7 8; do { code=0; \
        otp add a$n --username u --generate --extra-entropy entropy$((n % 2)) --key-file $n.key || code=$?; \
        echo $code >code-$n; } & done; wait";
    world.sh(script, &[]).succeeds();
    for n in 1..=8 {
        assert_eq!(world.read(&format!("code-{n}")), b"0\n");
        world.otp(&["get", "--key-file", &format!("{n}.key")]).succeeds();
    }
    // All of it is used up, which it would not be if any of it had been given out twice.
    assert_eq!(world.read("entropy"), b"");
    world.otp(&["add", "b", "--username=u", "--generate", "--extra-entropy=entropy"]).fails(11);
}
