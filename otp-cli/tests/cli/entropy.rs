//! `--extra-entropy`: what is drawn is the system's source XOR the user's, of which no byte is used twice.

use std::path::PathBuf;

use base32ct::{Base32Unpadded, Encoding};

use crate::world::World;

/// What the start-up test takes, a key of capacity 64, and a generated password.
const START: usize = 1024;
const KEY: usize = 10 + 32 + 66;
const PASSWORD: usize = 32;

/// Bytes that the health tests let pass.
fn plain(at: usize) -> u8 {
    u8::try_from((at * 7 + at / 256) % 256).unwrap()
}

fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(plain).collect()
}

/// How many bytes of `entropy` are recorded as used.
fn used(world: &World) -> usize {
    let text = String::from_utf8(world.read("entropy.used")).unwrap();
    text.strip_prefix("used ").unwrap().split(' ').next().unwrap().parse().unwrap()
}

/// The store and the key files: what a failure must not have changed.
fn kept(world: &World) -> Vec<(PathBuf, Vec<u8>)> {
    let is_source = |path: &PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("entropy");
    world.everything().into_iter().filter(|(path, _)| !is_source(path)).collect()
}

const ISSUE: [&str; 4] = ["issue", "edms/reporting", "--key-file=nightly.key", "--extra-entropy=entropy"];
const ROTATE: [&str; 5] =
    ["rotate", "edms/reporting", "--key-file=nightly.key", "--generate", "--extra-entropy=entropy"];
const ADD: [&str; 5] = ["add", "new", "--username=u", "--generate", "--extra-entropy=entropy"];

#[test]
fn each_command_uses_exactly_what_it_draws_and_says_so_in_the_record() {
    let world = World::new();
    world.write("entropy", bytes(20_000));
    world.otp(&ISSUE).arg("--new-key-file=hourly.key").succeeds();
    let mut expected = START + KEY;
    assert_eq!(used(&world), expected);
    world.otp(&ADD).arg("--key-file=new.key").succeeds();
    expected += START + PASSWORD + KEY;
    assert_eq!(used(&world), expected);
    world
        .otp(&["add", "large", "--username=u", "--field=password=p", "--capacity=4096", "--key-file=large.key"])
        .arg("--extra-entropy=entropy")
        .outcome();
    expected += START + 10 + 32 + 4098;
    assert_eq!(used(&world), expected);
    world.otp(&ROTATE).arg("--new-key-dir=keys").succeeds();
    // Two keys, and the id of the rotation.
    expected += START + PASSWORD + 10 + 2 * KEY;
    assert_eq!(used(&world), expected);
    assert_eq!(world.read("entropy"), bytes(20_000));
    world.otp(&["get", "--key-file=new.key"]).succeeds();
    world.otp(&["get", "--key-file=large.key"]).succeeds();
    assert_eq!(world.otp(&["info", "edms/reporting", "--json"]).prints().matches("\"id\"").count(), 2);
}

#[test]
fn destroying_cuts_the_file_by_what_is_used() {
    let world = World::new();
    world.write("entropy", bytes(5000));
    world.otp(&ISSUE).args(&["--entropy-used=destroy", "--new-key-file=hourly.key"]).succeeds();
    assert_eq!(world.read("entropy"), bytes(5000 - START - KEY));
    world.otp(&ISSUE).args(&["--entropy-used=record", "--new-key-file=third.key"]).succeeds();
    assert_eq!((used(&world), world.read("entropy").len()), (START + KEY, 5000 - START - KEY));
    world.otp(&ISSUE).args(&["--entropy-used", "destroy", "--new-key-file=fourth.key"]).succeeds();
    assert_eq!(world.read("entropy"), bytes(5000 - 2 * (START + KEY)));
    for key in ["hourly.key", "third.key", "fourth.key"] {
        assert_eq!(world.otp(&["get", "--key-file", key]).prints(), "alice\ncorrect horse");
    }
    world.otp(&["issue", "edms/reporting", "--key-file=nightly.key", "--entropy-used=destroy"]).fails(2);
}

/// With a system's source whose bytes are known, the whole key is known: the XOR of both.
#[cfg(target_os = "linux")]
#[test]
fn a_key_and_a_password_are_the_systems_bytes_xor_the_files() {
    let world = World::empty();
    world.write("entropy", bytes(5000));
    let library = world.random_source("known", "for (size_t i = 0; i < n; i++) b[i] = 13 + 7 * i; return n;");
    let system = |at: usize| u8::try_from((13 + 7 * at) % 256).unwrap();
    // Each draw gets the file's next bytes, and pieces of at most 64 of the system's, each of which begins anew.
    let mixed = |from: usize, len: usize| (0..len).map(|at| plain(from + at) ^ system(at % 64)).collect::<Vec<u8>>();
    world.otp(&ADD).arg("--key-file=new.key").env("LD_PRELOAD", &library).succeeds();

    let symbols = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let password: Vec<u8> = mixed(START, PASSWORD).iter().map(|byte| symbols[usize::from(byte & 63)]).collect();
    assert_eq!(world.otp(&["get", "--key-file=new.key", "--field=password"]).succeeds(), password);
    let body = Base32Unpadded::decode_vec(&world.key("new.key")["otpk1_".len()..]).unwrap();
    let drawn = &body[4 + "new".len()..][..KEY];
    let key = START + PASSWORD;
    assert_eq!(drawn, [mixed(key, 10), mixed(key + 10, KEY - 10)].concat());
}

#[test]
fn too_little_is_told_before_anything_is_changed() {
    let world = World::new();
    let before = kept(&world);
    for (len, command, needed) in [
        (START + KEY - 1, &ISSUE[..], START + KEY),
        (START + PASSWORD - 1, &ADD, START + PASSWORD),
        (START + PASSWORD + KEY - 1, &ADD, KEY),
        (START + PASSWORD + 10 + KEY - 1, &ROTATE, 10 + KEY),
    ] {
        for how in ["record", "destroy"] {
            world.write("entropy", bytes(len));
            let message = world.otp(command).args(&["--entropy-used", how]).fails(11);
            let left = if needed > START { len } else { needed - 1 };
            let expected = format!("/entropy has {left} bytes left, and {needed} are needed");
            assert!(message.contains(&expected), "{message}");
            assert_eq!(kept(&world), before);
            let _ = std::fs::remove_file(world.path("entropy.used"));
        }
    }
    assert!(!world.path("store/new").exists());
    // A secret that does not fit, an account that exists, a key that does not open: none costs a byte.
    world.write("entropy", bytes(5000));
    world.otp(&["add", "edms/reporting", "--username=u", "--generate", "--extra-entropy=entropy"]).fails(9);
    world.otp(&["add", "x", "--username=u", "--field=password=p", "--capacity=65", "--extra-entropy=entropy"]).fails(2);
    world.otp(&["revoke", "edms/reporting", &world.key_id("nightly.key")]).succeeds();
    world.otp(&ISSUE).fails(3);
    assert!(!world.path("entropy.used").exists());
}

#[test]
fn what_is_no_random_bytes_is_refused_and_nothing_is_changed() {
    let world = World::new();
    let before = kept(&world);
    let dice: Vec<u8> = bytes(5000).iter().flat_map(|byte| [b'1' + byte % 6, b'\n']).collect();
    for contents in [vec![0; 5000], dice] {
        for command in [&ISSUE[..], &ROTATE, &ADD] {
            for how in ["record", "destroy"] {
                world.write("entropy", &contents);
                let message = world.otp(command).args(&["--entropy-used", how]).fails(11);
                assert!(
                    message.contains("the extra entropy in entropy repeats itself or prefers some values"),
                    "{message}"
                );
                assert_eq!(kept(&world), before);
                let _ = std::fs::remove_file(world.path("entropy.used"));
            }
        }
    }
    assert_eq!(world.otp(&["get", "--key-file=nightly.key"]).prints(), "alice\ncorrect horse");
}

#[test]
fn a_record_that_is_damaged_or_of_another_file_stops_everything() {
    let world = World::new();
    world.write("entropy", bytes(5000));
    world.otp(&ISSUE).arg("--new-key-file=hourly.key").succeeds();
    let before = kept(&world);
    let record = world.read("entropy.used");
    world.write("entropy.used", "used 0\n");
    let message = world.otp(&ISSUE).fails(11);
    assert!(message.contains("entropy.used does not say how much of its file is used: it is damaged"), "{message}");
    world.write("entropy.used", &record);
    world.write("entropy", bytes(1000));
    let message = world.otp(&ISSUE).fails(11);
    assert!(message.contains("more is used than the file has") && message.contains("run: rm "), "{message}");
    assert_eq!((world.read("entropy.used"), kept(&world)), (record, before));
}

#[test]
fn streams_are_read_as_they_come() {
    let world = World::new();
    world.write("entropy", bytes(3000));
    let fifo = "mkfifo entropy-pipe; cat entropy >entropy-pipe & otp issue edms/reporting --key-file nightly.key \
        --extra-entropy entropy-pipe --new-key-file a.key";
    world.sh(fifo, &[]).outcome();
    let issue = ["issue", "edms/reporting", "--key-file=nightly.key", "--extra-entropy=-"];
    world.otp(&issue).arg("--new-key-file=b.key").stdin(bytes(START + KEY)).succeeds();
    for key in ["a.key", "b.key"] {
        assert_eq!(world.otp(&["get", "--key-file", key]).prints(), "alice\ncorrect horse");
    }
    let before = world.everything();
    let message = world.otp(&issue).stdin(bytes(START + KEY - 1)).fails(11);
    assert!(message.contains("standard input has 1131 bytes left, and 1132 are needed"), "{message}");
    world.otp(&issue).stdin(vec![0; 5000]).fails(11);
    // The same bytes each time: that is no stream.
    let script = "exec otp issue edms/reporting --key-file nightly.key --extra-entropy - <entropy";
    assert!(world.sh(script, &[]).fails(2).contains("give its path"));
    world.otp(&["issue", "edms/reporting", "--key-file=nightly.key", "--extra-entropy=store"]).fails(2);
    let message = world.otp(&["issue", "edms/reporting", "--key-file=nightly.key", "--extra-entropy=none"]).fails(11);
    assert!(message.contains("no such file, check the path"), "{message}");
    assert_eq!(world.everything(), before);
}

#[test]
fn two_things_do_not_come_from_one_stream() {
    let world = World::new();
    let before = world.everything();
    for command in [
        &["issue", "edms/reporting", "--key-file=-"][..],
        &["issue", "edms/reporting", "--key-fd=0"],
        &["rotate", "edms/reporting", "--key-file=nightly.key", "--password-stdin"],
        &["rotate", "edms/reporting", "--key-file=-", "--generate"],
        &["add", "new", "--username=u", "--password-stdin"],
        &["add", "new", "--username=u", "--password-fd=0"],
        &["import", "ancestor", "old.p", "--user-key-file=-", "--pass-key-file=pass"],
    ] {
        let message = world.otp(command).arg("--extra-entropy=-").stdin(bytes(3000)).fails(2);
        assert!(message.contains("extra entropy can't come from one stream"), "{message}");
    }
    assert_eq!(world.everything(), before);
}

#[test]
fn a_file_that_others_can_read_is_refused() {
    let world = World::new();
    world.write("entropy", bytes(5000));
    let before = world.everything();
    for mode in [0o640, 0o604, 0o620, 0o602] {
        world.chmod("entropy", mode);
        let message = world.otp(&ISSUE).fails(10);
        let mend = message.split("run: ").nth(1).unwrap().trim();
        assert!(mend.starts_with("chmod 600 ") && mend.ends_with("/entropy"), "{message}");
        assert_eq!(world.everything(), before);
        world.sh(mend, &[]).succeeds();
    }
    world.otp(&ISSUE).arg("--new-key-file=hourly.key").succeeds();
}

#[test]
fn many_processes_share_a_file_and_none_gets_the_bytes_of_another() {
    let world = World::empty();
    world.write("entropy", bytes(8 * (START + PASSWORD + KEY)));
    let script = "for n in 1 2 3 4 5 6 7 8; do \
        { how=record; [ $((n % 2)) = 0 ] || how=destroy; code=0; \
        otp add a$n --username u --generate --extra-entropy entropy --entropy-used $how --key-file $n.key || code=$?; \
        echo $code >code-$n; } & done; wait";
    world.sh(script, &[]).succeeds();
    for n in 1..=8 {
        assert_eq!(world.read(&format!("code-{n}")), b"0\n");
        world.otp(&["get", "--key-file", &format!("{n}.key")]).succeeds();
    }
    // All of it is gone, which it would not be if any of it had been given twice.
    assert_eq!(
        (used(&world), world.read("entropy").len()),
        (4 * (START + PASSWORD + KEY), 4 * (START + PASSWORD + KEY))
    );
    let message = world.otp(&["add", "b", "--username=u", "--generate", "--extra-entropy=entropy"]).fails(11);
    assert!(message.contains("has 0 bytes left"), "{message}");
}
