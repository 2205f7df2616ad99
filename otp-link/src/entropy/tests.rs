//! A source that the user provides: each byte once, among processes too, and what is refused.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::env;
use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use otp_core::random::STARTUP_LEN;
use otp_core::{Code, Coded};
use otp_test_tools::TempDir;
use rand_core::TryRng;

use super::*;
use crate::randomness::Randomness;

/// Bytes that the health tests let pass, and that differ from place to place.
fn plain(at: usize) -> u8 {
    u8::try_from((at * 7 + at / 256) % 256).unwrap()
}

fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(plain).collect()
}

fn chmod(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
}

/// A folder with a file of so many bytes in it.
fn file(len: usize) -> (TempDir, PathBuf) {
    let home = otp_test_tools::folder();
    let path = home.path().canonicalize().unwrap().join("entropy");
    fs::write(&path, bytes(len)).unwrap();
    chmod(&path, 0o600);
    (home, path)
}

fn take(path: &Path, len: usize) -> Result<Vec<u8>> {
    let entropy = Entropy::open(path)?;
    entropy.reserve(len)?;
    draw(&entropy, len)
}

fn draw(entropy: &Entropy, len: usize) -> Result<Vec<u8>> {
    let mut bytes = vec![0xaa; len];
    entropy.draw(&mut bytes).inspect_err(|_| assert!(bytes.iter().all(|byte| *byte == 0)))?;
    Ok(bytes)
}

fn fault<T: fmt::Debug>(outcome: Result<T>) -> EntropyFault {
    match outcome {
        Err(Error::Entropy { fault, .. }) => fault,
        other => panic!("{other:?}"),
    }
}

fn len_of(path: &Path) -> usize {
    usize::try_from(fs::metadata(path).unwrap().len()).unwrap()
}

#[test]
fn used_bytes_come_from_the_end_and_are_gone() {
    let (_home, path) = file(1000);
    assert_eq!(take(&path, 100).unwrap(), bytes(1000)[900..]);
    assert_eq!(fs::read(&path).unwrap(), bytes(900));
    assert!(matches!(fault(take(&path, 901)), EntropyFault::TooShort { left: 900, needed: 901 }));
    assert_eq!(fs::read(&path).unwrap(), bytes(900), "a refused draw costs nothing");
    assert_eq!(take(&path, 900).unwrap(), bytes(900));
    assert_eq!(len_of(&path), 0);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1, "nothing stands beside it");
}

#[test]
fn what_is_reserved_is_handed_out_once_and_in_order() {
    let (_home, path) = file(1000);
    let entropy = Entropy::open(&path).unwrap();
    assert_eq!(len_of(&path), 1000, "opening takes nothing");
    assert!(matches!(fault(draw(&entropy, 1)), EntropyFault::TooShort { left: 0, needed: 1 }));
    entropy.reserve(100).unwrap();
    assert_eq!(draw(&entropy, 60).unwrap(), bytes(1000)[900..960]);
    assert!(matches!(fault(draw(&entropy, 41)), EntropyFault::TooShort { left: 40, needed: 41 }));
    entropy.reserve(10).unwrap();
    assert_eq!(draw(&entropy, 50).unwrap(), [&bytes(1000)[960..], &bytes(900)[890..]].concat());
    assert!(matches!(fault(entropy.reserve(891)), EntropyFault::TooShort { left: 890, .. }));
    assert_eq!(len_of(&path), 890);
    // Nothing that was reserved shows.
    assert_eq!(format!("{entropy:?}"), format!("Entropy {{ name: {:?}, .. }}", path.display().to_string()));
}

#[test]
fn the_same_file_by_another_name_gives_other_bytes() {
    let (home, path) = file(1000);
    let (soft, hard) = (home.path().join("soft"), home.path().join("hard"));
    symlink(&path, &soft).unwrap();
    fs::hard_link(&path, &hard).unwrap();
    for (at, name) in [&path, &soft, &hard, &home.path().join(".").join("entropy")].into_iter().enumerate() {
        let end = 1000 - 10 * at;
        assert_eq!(take(name, 10).unwrap(), bytes(end)[end - 10..], "{}", name.display());
    }
    assert_eq!(len_of(&hard), 960);
}

#[test]
fn each_command_uses_up_what_it_draws_and_a_start_up_test() {
    let (_home, path) = file(3000);
    let mut randomness = Randomness::with_extra(Entropy::open(&path).unwrap());
    randomness.try_fill_bytes(&mut [0; 100]).unwrap();
    assert_eq!(len_of(&path), 3000 - STARTUP_LEN - 100);
    randomness.try_fill_bytes(&mut [0; 7]).unwrap();
    assert_eq!(len_of(&path), 3000 - STARTUP_LEN - 107);
    let (_home, path) = file(STARTUP_LEN + 99);
    let mut randomness = Randomness::with_extra(Entropy::open(&path).unwrap());
    let too_short = fault(randomness.try_fill_bytes(&mut [0; 100]));
    assert!(matches!(too_short, EntropyFault::TooShort { left: 1123, needed: 1124 }), "{too_short:?}");
    assert_eq!(len_of(&path), STARTUP_LEN + 99, "a refused draw costs nothing");
}

#[test]
fn a_file_of_zeros_gives_nothing() {
    let (_home, path) = file(0);
    fs::write(&path, [0; 2000]).unwrap();
    let mut randomness = Randomness::with_extra(Entropy::open(&path).unwrap());
    assert!(matches!(fault(randomness.try_fill_bytes(&mut [0; 10])), EntropyFault::NotRandom));
}

#[test]
fn what_others_can_read_or_change_is_refused() {
    let (_home, path) = file(1000);
    for bit in [0o040, 0o020, 0o010, 0o004, 0o002, 0o001] {
        chmod(&path, 0o600 | bit);
        let error = Entropy::open(&path).unwrap_err();
        assert_eq!(error.code(), Code::UnsafePermissions);
        // What others have seen is not made unseen by chmod.
        assert_eq!(error.hint(), Some(crate::Hint::UseOtherEntropy { path: &path }));
    }
    chmod(&path, 0o600);
    let entropy = Entropy::open(&path).unwrap();
    chmod(&path, 0o640);
    assert!(matches!(fault(entropy.reserve(1)), EntropyFault::OpenToOthers { mode: 0o640 }), "it is checked again");
    chmod(&path, 0o600);
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&path, Some(65_534), None).unwrap();
        assert!(matches!(fault(Entropy::open(&path)), EntropyFault::OwnedByOther { owner: 65_534, .. }));
    }
}

#[test]
fn a_file_that_can_not_be_written_gives_nothing() {
    if rustix::process::geteuid().is_root() {
        return;
    }
    let (_home, path) = file(1000);
    chmod(&path, 0o400);
    assert!(matches!(fault(take(&path, 1)), EntropyFault::Write(_)));
    assert_eq!(fs::read(&path).unwrap(), bytes(1000));
}

#[test]
fn a_pipe_is_read_as_it_comes_and_no_further() {
    let home = otp_test_tools::folder();
    let path = home.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let writer = std::thread::spawn({
        let path = path.clone();
        move || fs::OpenOptions::new().write(true).open(path).unwrap().write_all(&bytes(100)).unwrap()
    });
    let entropy = Entropy::open(&path).unwrap();
    entropy.reserve(60).unwrap();
    assert_eq!(draw(&entropy, 60).unwrap(), bytes(60));
    entropy.reserve(30).unwrap();
    assert!(matches!(fault(entropy.reserve(11)), EntropyFault::TooShort { left: 10, needed: 11 }));
    assert_eq!(draw(&entropy, 30).unwrap(), bytes(90)[60..], "what was reserved before stays");
    writer.join().unwrap();
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1, "nothing stands beside it");
}

#[test]
fn what_would_give_the_same_bytes_again_is_refused() {
    let home = otp_test_tools::folder();
    let error = Entropy::open(home.path()).unwrap_err();
    assert_eq!(error.code(), Code::Usage);
    assert!(matches!(fault::<()>(Err(error)), EntropyFault::Directory));
    #[cfg(target_os = "linux")]
    assert!(matches!(fault(Entropy::open(Path::new("/dev/ptmx"))), EntropyFault::Terminal));
    assert!(matches!(fault(Entropy::open(&home.path().join("none"))), EntropyFault::Read(_)));
    assert_eq!(take(Path::new("/dev/urandom"), 10).unwrap().len(), 10);
}

#[test]
fn standard_input_is_read_if_it_is_a_pipe_and_refused_if_it_is_a_file() {
    let test = "entropy::tests::standard_input_is_read_if_it_is_a_pipe_and_refused_if_it_is_a_file";
    let path = Path::new("-");
    match env::var("OTP_TEST_INPUT").as_deref() {
        Ok("pipe") => {
            assert_eq!(Entropy::open(path).unwrap().name(), "standard input");
            assert_eq!(take(path, 50).unwrap(), bytes(50));
        }
        Ok(_) => {
            assert!(matches!(fault(Entropy::open(path)), EntropyFault::FileOnInput));
        }
        Err(_) => {
            let (_home, path) = file(100);
            let again = |kind: &str, input: Stdio| {
                let mut command = Command::new(env::current_exe().unwrap());
                command.args(["--exact", test]).env("OTP_TEST_INPUT", kind).stdin(input).stdout(Stdio::piped());
                command.spawn().unwrap()
            };
            let mut child = again("pipe", Stdio::piped());
            child.stdin.take().unwrap().write_all(&bytes(100)).unwrap();
            let piped = child.wait_with_output().unwrap();
            let filed = again("file", File::open(&path).unwrap().into()).wait_with_output().unwrap();
            for output in [piped, filed] {
                assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
            }
        }
    }
}

#[test]
fn many_processes_never_get_the_same_bytes() {
    const PROCESSES: usize = 4;
    const ROUNDS: usize = 25;
    const NUMBERS: usize = 5;
    let test = "entropy::tests::many_processes_never_get_the_same_bytes";
    if let Some(path) = env::var_os("OTP_TEST_ENTROPY") {
        for _ in 0..ROUNDS {
            for number in take(Path::new(&path), 4 * NUMBERS).unwrap().chunks(4) {
                println!("got {}", u32::from_be_bytes(number.try_into().unwrap()));
            }
        }
        return;
    }
    let all = PROCESSES * ROUNDS * NUMBERS;
    let (_home, path) = file(0);
    fs::write(&path, (0..u32::try_from(all).unwrap()).flat_map(u32::to_be_bytes).collect::<Vec<_>>()).unwrap();
    let children: Vec<_> = (0..PROCESSES)
        .map(|_| {
            let mut command = Command::new(env::current_exe().unwrap());
            command.args(["--exact", test, "--nocapture"]).env("OTP_TEST_ENTROPY", &path);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let mut got = Vec::new();
    for child in children {
        let output = child.wait_with_output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
        got.extend(
            said.lines().filter_map(|line| line.split("got ").nth(1)).map(|number| number.parse::<usize>().unwrap()),
        );
    }
    got.sort_unstable();
    assert_eq!(got, (0..all).collect::<Vec<_>>());
}
