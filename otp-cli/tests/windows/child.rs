//! A command for `otp run` to start: this program again, as a test that tells what it was given.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::Read;

/// The variable that says what the child is to do.
pub(crate) const DO: &str = "OTP_TEST_DO";

/// The arguments that start the child, before any that it is to tell.
pub(crate) fn command() -> Vec<OsString> {
    let this = env::current_exe().unwrap();
    let mut words = vec![this.into_os_string()];
    words.extend(["--exact", "child::child", "--nocapture", "--test-threads=1", "--"].map(OsString::from));
    words
}

/// What the child has told, a line each.
pub(crate) fn told(stdout: &str) -> Vec<&str> {
    stdout.lines().filter_map(|line| line.split_once("TOLD ").map(|(_, told)| told)).collect()
}

/// Does what [`DO`] says; without it, this is no child, and there is nothing to test.
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
                std::io::stdin().read_to_end(&mut bytes).unwrap();
                println!("\nTOLD {}", bytes.escape_ascii());
            }
            ("path", name) => println!("\nTOLD {}", env::var(name).unwrap()),
            ("file", name) => println!("\nTOLD {}", fs::read(env::var(name).unwrap()).unwrap().escape_ascii()),
            ("spoil", name) => fs::write(env::var(name).unwrap(), "spoiled, and longer than before").unwrap(),
            ("exit", code) => std::process::exit(code.parse().unwrap()),
            ("started", path) => fs::write(path, "").unwrap(),
            ("wait", _) => loop {
                std::thread::park();
            },
            (other, _) => panic!("{other}"),
        }
    }
}
