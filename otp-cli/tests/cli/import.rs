//! `otp import secure-python-link`: files of Secure-Python-Link become accounts, and nothing in them is executed.

use crate::call::command;
use crate::world::World;

/// A file that Secure-Python-Link wrote under Python 3.8, and its keys; made for this test.
const USER_KEY: &str = "Kj4lz14TivN2l4SLUeb1F7Y4*";
const PASS_KEY: &str = "o%vYnsi7!2@U5!HlMWF1ay&!t";
const FILE: &str = "80049547000000000000007d948c046c697374945d94288c19390f440308455d3a0e57285e1f5c396806362077\
                    11016f0413948c192c4a042b0b101d6b695d322650017c4c6f156474391b1e104d9465732e";

fn bytes(hex: &str) -> Vec<u8> {
    (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).unwrap()).collect()
}

fn world() -> World {
    let world = World::empty();
    world.write("Account1.p", bytes(FILE));
    world.write("user", USER_KEY);
    world.write("pass", format!("{PASS_KEY}\n"));
    world
}

const IMPORT: [&str; 5] =
    ["import", "secure-python-link", "Account1.p", "--user-key-file=user", "--pass-key-file=pass"];

#[test]
fn an_old_file_becomes_an_account_and_stays() {
    let world = world();
    let done = world.otp(&IMPORT).args(&["--for", "nightly", "--key-file", "new.key"]).outcome();
    assert_eq!((done.code(), done.text().as_str()), (0, ""));
    let said = done.stderr;
    assert!(said.starts_with("otp: Account1.p "), "{said}");
    for words in ["  username: ", "  password: "] {
        assert!(said.contains(words), "{said}");
    }
    assert!(!said.contains("Horse") && !said.contains("reporting"), "{said}");
    assert_eq!(world.read("Account1.p"), bytes(FILE));
    let opened = world.otp(&["get", "account1", "--key-file", "new.key"]).prints();
    assert_eq!(opened, "reporting\nCorrect\\Horse 4 \"B\"");
    assert!(world.otp(&["info", "account1"]).prints().contains("nightly"));
    // The command that it suggests works.
    let rotate = said.lines().find(|line| line.contains("run: ")).map(command).unwrap();
    let rotated = world.sh(&format!("{rotate} --generate --yes"), &[]).prints();
    world.write("rotated.key", rotated.rsplit('\t').next().unwrap());
    assert_eq!(world.otp(&["get", "--field=username", "--key-file=rotated.key"]).prints(), "reporting");
}

/// Opened with another key, the user's part of the file is a value of another length. The output must be the same.
#[test]
fn what_is_said_does_not_depend_on_the_length_of_a_value() {
    const ALPHABET: &[u8] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!$%&*+=?#@";
    let file = bytes(FILE);
    let hidden = &file[25..50];
    let fitting = |at: usize, shown: &[u8]| {
        let fits = |pad: &&u8| shown.contains(&(hidden[at] ^ **pad));
        ALPHABET.iter().find(fits).copied()
    };
    let key_for = |len: usize| -> Option<Vec<u8>> {
        let digits = format!("{len:02}").into_bytes();
        (0..25).map(|at| if at < 23 { fitting(at, ALPHABET) } else { fitting(at, &digits[at - 23..at - 22]) }).collect()
    };
    let mut said = Vec::new();
    let mut lens = Vec::new();
    for len in 1..24 {
        let Some(key) = key_for(len) else { continue };
        let world = world();
        world.write("user", key);
        let done = world.otp(&IMPORT).arg("--key-file=new.key").outcome();
        assert_eq!(done.code(), 0, "{}", done.stderr);
        lens.push(world.otp(&["get", "--field=username", "--key-file=new.key"]).prints().len());
        said.push(done.stderr);
    }
    assert!(lens.len() > 1 && lens.is_sorted_by(|one, next| one < next), "{lens:?}");
    said.dedup();
    assert_eq!(said.len(), 1, "{said:?}");
}

#[test]
fn keys_come_from_standard_input_and_the_new_one_goes_to_standard_output() {
    let world = world();
    let done = world
        .otp(&[
            "import",
            "secure-python-link",
            "Account1.p",
            "--account=edms/old",
            "--user-key-file=-",
            "--pass-key-file=pass",
        ])
        .stdin(USER_KEY)
        .outcome();
    assert_eq!(done.code(), 0, "{}", done.stderr);
    world.write("new.key", done.stdout);
    assert_eq!(world.otp(&["get", "--field=username", "--key-file=new.key"]).prints(), "reporting");
}

#[test]
fn the_new_key_can_be_drawn_from_a_source_of_ones_own_too() {
    let world = world();
    world.write("entropy", (0..1132_usize).map(|at| u8::try_from(at * 7 % 256).unwrap()).collect::<Vec<_>>());
    let import = [&IMPORT[..], &["--extra-entropy=entropy", "--key-file=new.key"]].concat();
    let done = world.otp(&import).outcome();
    assert_eq!((done.code(), world.read("entropy").len()), (0, 0), "{}", done.stderr);
    world.otp(&["get", "account1", "--key-file", "new.key"]).succeeds();
    world.otp(&[&import[..5], &["--account=b", "--extra-entropy=entropy"]].concat()).fails(11);
    assert!(!world.path("store/b").exists());
}

#[test]
fn what_cannot_be_imported_changes_nothing() {
    let world = world();
    world.write("short", "abc");
    world.write("Bad Name.p", bytes(FILE));
    assert_eq!(world.otp(&IMPORT).arg("--account=taken").outcome().code(), 0);
    let before = world.everything();
    for (code, arguments) in [
        (5, &["import", "secure-python-link", "Account1.p", "--user-key-file=pass", "--pass-key-file=user"][..]),
        (4, &["import", "secure-python-link", "Account1.p", "--user-key-file=short", "--pass-key-file=pass"]),
        (1, &["import", "secure-python-link", "Account1.p", "--user-key-file=nowhere", "--pass-key-file=pass"]),
        (1, &["import", "secure-python-link", "nowhere", "--user-key-file=user", "--pass-key-file=pass"]),
        (7, &["import", "secure-python-link", "user", "--user-key-file=user", "--pass-key-file=pass"]),
        (2, &["import", "secure-python-link", "Bad Name.p", "--user-key-file=user", "--pass-key-file=pass"]),
        (2, &["import", "secure-python-link", "Account1.p", "--pass-key-file=pass"]),
        (
            9,
            &[
                "import",
                "secure-python-link",
                "Account1.p",
                "--account=taken",
                "--user-key-file=user",
                "--pass-key-file=pass",
            ],
        ),
    ] {
        world.otp(arguments).fails(code);
    }
    assert_eq!(world.everything(), before);
}

#[test]
fn a_hostile_pickle_runs_nothing() {
    let world = world();
    let pickle = "cposix\nsystem\n(S'touch marker'\ntR.";
    world.write("Account1.p", pickle);
    world.otp(&IMPORT).fails(7);
    assert!(!world.path("marker").exists());
    // The file really is an attack: unpickling it runs the command.
    world.sh("python3 -c 'import pickle; pickle.load(open(\"Account1.p\", \"rb\"))'", &[]).succeeds();
    assert!(world.path("marker").exists());
}
