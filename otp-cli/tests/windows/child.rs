//! The command that `otp run` starts: this test program again, as a test that reports what it was given.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{self, Read};
use std::mem;
use std::os::windows::fs::OpenOptionsExt;

use serde_json::Value;

/// The variable that tells the child what to do.
pub(crate) const DO: &str = "OTP_TEST_DO";

/// The arguments that start the child, before those that it is to report.
pub(crate) fn command() -> Vec<OsString> {
    let this = env::current_exe().unwrap();
    let mut words = vec![this.into_os_string()];
    words.extend(["--exact", "child::child", "--nocapture", "--test-threads=1", "--"].map(OsString::from));
    words
}

/// The child's report, line by line.
pub(crate) fn told(stdout: &str) -> Vec<&str> {
    stdout.lines().filter_map(|line| line.split_once("TOLD ").map(|(_, told)| told)).collect()
}

/// Does what [`DO`] says; without it, this is not the child, and there is nothing to test.
#[test]
fn child() {
    let Some(what) = env::var(DO).ok() else { return };
    for action in what.split(';') {
        match action.split_once('=').unwrap_or((action, "")) {
            ("arguments", _) => {
                for argument in env::args().skip_while(|argument| argument != "--").skip(1) {
                    println!("\nTOLD {argument:?}");
                }
            }
            ("variable", name) => println!("\nTOLD {:?}", env::var(name).ok()),
            ("input", _) => {
                let mut bytes = Vec::new();
                io::stdin().read_to_end(&mut bytes).unwrap();
                println!("\nTOLD {}", bytes.escape_ascii());
            }
            ("path", name) => println!("\nTOLD {}", env::var(name).unwrap()),
            ("file", name) => println!("\nTOLD {}", fs::read(env::var(name).unwrap()).unwrap().escape_ascii()),
            ("spoil", name) => fs::write(env::var(name).unwrap(), "spoiled, and longer than before").unwrap(),
            ("exit", code) => std::process::exit(code.parse().unwrap()),
            ("started", path) => fs::write(path, "").unwrap(),
            // Nobody else can open it while this process lives.
            ("hold", path) => {
                mem::forget(fs::OpenOptions::new().write(true).create_new(true).share_mode(0).open(path).unwrap());
            }
            ("apply", fate) => apply(fate),
            ("wait", _) => loop {
                std::thread::park();
            },
            (other, _) => panic!("{other}"),
        }
    }
}

/// Changes the password of a database, the file `database`, as a program for `otp rotate --apply` must: it logs in with
/// the old or the new one; after that, the new one is valid. `fate` says how it ends.
fn apply(fate: &str) {
    let change: Value = serde_json::from_reader(io::stdin()).unwrap();
    let of = |which: &str| change[which]["password"].as_str().unwrap().to_owned();
    let database = fs::read_to_string("database").unwrap();
    assert!([of("old"), of("new")].contains(&database), "neither password logs in");
    let names: Vec<String> = env::vars().map(|(name, _)| name).collect();
    fs::write("asked", format!("{} {names:?}", change["account"])).unwrap();
    if fate == "unchanged" {
        std::process::exit(75);
    }
    if fate != "dies before" {
        fs::write("database", of("new")).unwrap();
    }
    if fate.starts_with("dies") {
        std::process::exit(3);
    }
}
