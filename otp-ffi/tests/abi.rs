//! C programs against the library and the header that users get. `cargo xtask abi` runs that of `TESTS` in more ways.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use otp_core::Code;
use otp_link::{Error, KeyTerms, Randomness};
use otp_test_tools::{folder, lacks};

const HERE: &str = env!("CARGO_MANIFEST_DIR");
const LIBRARY: &str = "libotp_ffi.so";
/// The program that calls every function.
const TESTS: [&str; 3] = ["tests/abi.c", "tests/check.c", "tests/ring.c"];

/// The folder of the shared library, which is this test's own or the one above.
fn library() -> PathBuf {
    let test = std::env::current_exe().expect("a test knows where it is");
    let found = test.ancestors().skip(1).take(2).find(|folder| folder.join(LIBRARY).exists());
    found.unwrap_or_else(|| panic!("cargo built no {LIBRARY} beside {}", test.display())).to_owned()
}

/// Compiles a C program without a warning, and gives its path.
fn compile(sources: &[&str], folder: &Path) -> PathBuf {
    let program = folder.join("program");
    let output = Command::new("cc")
        .args(["-std=c11", "-D_POSIX_C_SOURCE=200809L", "-Wall", "-Wextra", "-pedantic", "-Werror", "-I"])
        .arg(Path::new(HERE).join("include"))
        .args(sources.iter().map(|source| Path::new(HERE).join(source)))
        .arg("-L")
        .arg(library())
        .args(["-lotp_ffi", "-lpthread", "-o"])
        .arg(&program)
        .output()
        .expect("cc runs: Rust links with it too");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    program
}

fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    command.env("LD_LIBRARY_PATH", library());
    for name in ["OTP_KEY", "OTP_KEY_FILE", "OTP_STORE", "OTP_RING", "CREDENTIALS_DIRECTORY"] {
        command.env_remove(name);
    }
    command
}

fn text(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn every_function_and_every_error_from_c() {
    let folder = folder();
    let program = compile(&TESTS, folder.path());
    let output = command(&program).arg(folder.path()).output().unwrap();
    assert_eq!(text(&output), ("all well\n".into(), String::new()));
    assert!(output.status.success());
}

/// Through a helper in Python, which the tests of `otp-link` use too.
#[cfg(target_os = "linux")]
#[test]
fn a_store_on_the_network_from_c() {
    let folder = folder();
    let program = compile(&["tests/remote.c"], folder.path());
    let bucket = folder.path().join("bucket");
    std::fs::create_dir(&bucket).unwrap();
    let helpers = Path::new(HERE).join("../otp-link/tests/helper");
    let url = format!("test://{}", bucket.display());
    let output = command(&program).arg(url).env("OTP_HELPERS", helpers).output().unwrap();
    assert_eq!(text(&output), ("all well\n".into(), String::new()));
    assert!(output.status.success());
}

#[test]
fn the_example_logs_in_with_a_key_and_shows_a_hint_without_one() {
    let folder = folder();
    let program = compile(&["examples/login.c"], folder.path());
    let (store, key_file) = (folder.path().join("store"), folder.path().join("nightly.key"));
    let fields = [("username", &b"alice"[..]), ("password", b"correct horse")];
    let (terms, mut randomness) = (KeyTerms::default(), Randomness::system());
    otp_link::add_account("edms/reporting", &fields, &terms, Some(store.as_path()), &mut randomness, |key| {
        otp_link::write_key_file(&key_file, key.text())
    })
    .unwrap();

    let output = command(&program).arg(&key_file).env("OTP_STORE", &store).output().unwrap();
    let line = "edms/reporting: would log in as alice, with a password of 13 bytes\n";
    assert_eq!(text(&output), (line.into(), String::new()));
    assert_eq!(output.status.code(), Some(0));

    let output = command(&program).env("OTP_STORE", &store).output().unwrap();
    let (printed, said) = text(&output);
    assert_eq!((printed.as_str(), output.status.code()), ("", Some(2)));
    let (message, hint) = said.split_once("\nhint: ").expect("a message and a hint");
    assert_eq!(message, format!("login: {}", Error::NoKey));
    assert!(hint.contains("key_file") && hint.contains("OTP_KEY_FILE"), "{hint}");
}

#[test]
fn the_exported_symbols_are_those_of_the_header() {
    if lacks("nm") {
        return;
    }
    let header = std::fs::read_to_string(Path::new(HERE).join("include/otp.h")).unwrap();
    // A function's declaration starts a line; its name is before the first parenthesis.
    let declared: BTreeSet<&str> = header
        .lines()
        .filter(|line| !line.starts_with([' ', '/', '#', '}']) && !line.starts_with("typedef"))
        .filter_map(|line| line.split_once('(')?.0.rsplit([' ', '*']).next())
        .collect();
    let library = library().join(LIBRARY);
    let output = Command::new("nm").args(["-D", "--defined-only"]).arg(library).output().expect("nm comes with cc");
    let listed = String::from_utf8(output.stdout).unwrap();
    let exported: BTreeSet<&str> = listed.lines().filter_map(|line| line.rsplit(' ').next()).collect();
    assert_eq!(declared, exported);
    assert!(declared.len() > 25 && declared.contains("otp_account_open"));
}

#[test]
fn the_c_program_calls_every_function_and_meets_every_code_that_it_can() {
    let program: String = TESTS.map(|file| std::fs::read_to_string(Path::new(HERE).join(file)).unwrap()).concat();
    let header = std::fs::read_to_string(Path::new(HERE).join("include/otp.h")).unwrap();
    let functions = header
        .split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .filter(|word| word.starts_with("otp_") && header.contains(&format!("{word}(")));
    for function in functions {
        assert!(program.contains(&format!("{function}(")), "{function}");
    }
    // Time and a broken source of randomness are not C's to make, and a lock is waited for a minute. No function of the
    // library gives the others yet.
    let not_met =
        [Code::Expired, Code::RandomnessFailed, Code::Denied, Code::Locked, Code::AuditFailed, Code::ExpiringSoon];
    for code in Code::ALL.iter().filter(|code| !not_met.contains(code)) {
        let name = format!("OTP_{}", code.name().to_uppercase().replace('-', "_"));
        let meets = ["FAILS", "HINTS"].iter().any(|call| program.contains(&format!("{call}({name},")));
        assert!(meets, "{name}");
    }
}
