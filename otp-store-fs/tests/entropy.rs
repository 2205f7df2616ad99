//! A user's own source: each byte once, among processes too, and what is refused.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::env;
use std::fs::{self, Permissions};
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use otp_core::random::{HealthError, HealthTested, STARTUP_LEN, Xor};
use otp_core::{Code, Coded};
use otp_store_fs::entropy::{Entropy, EntropyError, Used};
use rand_core::{TryCryptoRng, TryRng};
use tempfile::TempDir;

const BOTH: [Used; 2] = [Used::Record, Used::Destroy];

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
    let home = tempfile::tempdir().unwrap();
    let path = home.path().canonicalize().unwrap().join("entropy");
    fs::write(&path, bytes(len)).unwrap();
    chmod(&path, 0o600);
    (home, path)
}

fn take(path: &Path, used: Used, len: usize) -> Result<Vec<u8>, EntropyError> {
    let entropy = Entropy::open(path, used)?;
    entropy.reserve(len)?;
    draw(&entropy, len)
}

fn draw(mut entropy: &Entropy, len: usize) -> Result<Vec<u8>, EntropyError> {
    let mut bytes = vec![0xaa; len];
    entropy.try_fill_bytes(&mut bytes).inspect_err(|_| assert!(bytes.iter().all(|byte| *byte == 0)))?;
    Ok(bytes)
}

fn used(path: &Path) -> String {
    let text = fs::read_to_string(path.with_extension("used")).unwrap();
    text.strip_prefix("used ").unwrap().split(' ').next().unwrap().to_owned()
}

#[test]
fn recorded_bytes_come_from_the_start_each_once() {
    let (_home, path) = file(1000);
    assert_eq!(take(&path, Used::Record, 100).unwrap(), bytes(100));
    assert_eq!(used(&path), "100");
    assert_eq!(take(&path, Used::Record, 1).unwrap(), [plain(100)]);
    assert_eq!(fs::read(&path).unwrap(), bytes(1000), "the file stays as it is");
    assert_eq!(fs::metadata(path.with_extension("used")).unwrap().permissions().mode() & 0o7777, 0o600);
    let error = take(&path, Used::Record, 900).unwrap_err();
    assert!(matches!(error, EntropyError::TooShort { left: 899, needed: 900, .. }), "{error:?}");
    assert_eq!(error.code(), Code::RandomnessFailed);
    assert!(error.to_string().contains("has 899 bytes left, and 900 are needed"), "{error}");
    assert_eq!(used(&path), "101", "what is refused costs nothing");
    assert_eq!(take(&path, Used::Record, 899).unwrap(), bytes(1000)[101..]);
    assert!(matches!(take(&path, Used::Record, 1), Err(EntropyError::TooShort { left: 0, needed: 1, .. })));
    // More of it may be put behind what is there.
    fs::write(&path, bytes(1001)).unwrap();
    assert_eq!(take(&path, Used::Record, 1).unwrap(), [plain(1000)]);
    assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 2);
}

#[test]
fn destroyed_bytes_come_from_the_end_and_are_gone() {
    let (_home, path) = file(1000);
    assert_eq!(take(&path, Used::Destroy, 100).unwrap(), bytes(1000)[900..]);
    assert_eq!(fs::read(&path).unwrap(), bytes(900));
    assert!(matches!(take(&path, Used::Destroy, 901), Err(EntropyError::TooShort { left: 900, needed: 901, .. })));
    assert_eq!(fs::read(&path).unwrap(), bytes(900));
    assert_eq!(take(&path, Used::Destroy, 900).unwrap(), bytes(900));
    assert_eq!(fs::metadata(&path).unwrap().len(), 0);
    assert!(!path.with_extension("used").exists());
}

#[test]
fn both_ways_keep_to_each_others_bounds() {
    let (_home, path) = file(1000);
    assert_eq!(take(&path, Used::Record, 300).unwrap(), bytes(300));
    assert_eq!(take(&path, Used::Destroy, 600).unwrap(), bytes(1000)[400..]);
    assert!(matches!(take(&path, Used::Destroy, 101), Err(EntropyError::TooShort { left: 100, .. })));
    assert_eq!(take(&path, Used::Record, 60).unwrap(), bytes(1000)[300..360]);
    assert_eq!(take(&path, Used::Destroy, 40).unwrap(), bytes(1000)[360..400]);
    for used in BOTH {
        assert!(matches!(take(&path, used, 1), Err(EntropyError::TooShort { left: 0, .. })));
    }
}

#[test]
fn what_is_reserved_is_handed_out_once_and_in_order() {
    let (_home, path) = file(1000);
    let entropy = Entropy::open(&path, Used::Record).unwrap();
    assert!(!path.with_extension("used").exists(), "opening takes nothing");
    assert!(matches!(draw(&entropy, 1), Err(EntropyError::NotReserved { left: 0, needed: 1, .. })));
    entropy.reserve(100).unwrap();
    assert_eq!(draw(&entropy, 60).unwrap(), bytes(60));
    assert!(matches!(draw(&entropy, 41), Err(EntropyError::NotReserved { left: 40, needed: 41, .. })));
    entropy.reserve(10).unwrap();
    assert_eq!(draw(&entropy, 50).unwrap(), bytes(1000)[60..110]);
    assert!(matches!(entropy.reserve(891), Err(EntropyError::TooShort { left: 890, .. })));
    entropy.reserve(8 + 4).unwrap();
    let mut source = &entropy;
    assert_eq!(source.try_next_u32().unwrap().to_le_bytes(), bytes(1000)[110..114]);
    assert_eq!(source.try_next_u64().unwrap().to_le_bytes(), bytes(1000)[114..122]);
    assert_eq!(used(&path), "122");
    // Nothing that was reserved shows.
    assert_eq!(format!("{entropy:?}"), format!("Entropy {{ name: {:?}, .. }}", path.display().to_string()));
}

/// A source that always gives the same byte.
struct Fixed(u8);

impl TryRng for Fixed {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        bytes.fill(self.0);
        Ok(())
    }
}

impl TryCryptoRng for Fixed {}

#[test]
fn what_is_mixed_is_the_file_xor_the_other_source() {
    for used in BOTH {
        let (_home, path) = file(STARTUP_LEN + 300);
        let entropy = Entropy::open(&path, used).unwrap();
        entropy.reserve(STARTUP_LEN + 300).unwrap();
        let mut mixed = Xor::new(HealthTested::new(&entropy), Fixed(0x5a));
        let mut drawn = [0; 300];
        mixed.try_fill_bytes(&mut drawn).unwrap();
        let expected: Vec<u8> = bytes(STARTUP_LEN + 300)[STARTUP_LEN..].iter().map(|byte| byte ^ 0x5a).collect();
        assert_eq!(drawn.to_vec(), expected);
        assert!(mixed.try_fill_bytes(&mut [0]).is_err());
    }
}

#[test]
fn a_file_of_zeros_gives_nothing_through_the_health_tests() {
    let (_home, path) = file(0);
    fs::write(&path, [0; 2000]).unwrap();
    let entropy = Entropy::open(&path, Used::Record).unwrap();
    entropy.reserve(2000).unwrap();
    let mut source = HealthTested::new(&entropy);
    assert!(matches!(source.try_fill_bytes(&mut [0; 10]), Err(HealthError::Repetition)));
}

#[test]
fn a_record_that_makes_no_sense_is_never_a_new_start() {
    let (_home, path) = file(1000);
    take(&path, Used::Record, 400).unwrap();
    let record = path.with_extension("used");
    let right = fs::read(&record).unwrap();
    let mut flipped = right.clone();
    flipped[5] ^= 1;
    for text in [&b""[..], b"400\n", b"used 400\n", &right[..right.len() - 1], &flipped, &[0xff; 100], &[b' '; 5000]] {
        fs::write(&record, text).unwrap();
        for used in BOTH {
            let error = take(&path, used, 1).unwrap_err();
            assert!(matches!(&error, EntropyError::BadRecord { path, .. } if *path == record), "{error:?}");
            assert!(error.to_string().ends_with(&format!("run: rm {}", record.display())), "{error}");
        }
        assert_eq!((fs::read(&record).unwrap(), fs::read(&path).unwrap()), (text.to_vec(), bytes(1000)));
    }
    // The file was replaced by a shorter one.
    fs::write(&record, &right).unwrap();
    fs::write(&path, bytes(399)).unwrap();
    for used in BOTH {
        let error = take(&path, used, 1).unwrap_err();
        assert!(
            matches!(&error, EntropyError::BadRecord { .. }) && error.code() == Code::RandomnessFailed,
            "{error:?}"
        );
    }
    fs::remove_file(&record).unwrap();
    fs::create_dir(&record).unwrap();
    assert!(matches!(take(&path, Used::Record, 1), Err(EntropyError::BadRecord { .. })));
    fs::remove_dir(&record).unwrap();
    symlink("elsewhere", &record).unwrap();
    assert!(matches!(take(&path, Used::Record, 1), Err(EntropyError::BadRecord { .. })));
}

#[test]
fn another_name_of_a_file_is_no_second_file() {
    let (home, path) = file(1000);
    let link = home.path().join("link");
    symlink(&path, &link).unwrap();
    assert_eq!(take(&path, Used::Record, 10).unwrap(), bytes(10));
    assert_eq!(take(&link, Used::Record, 10).unwrap(), bytes(20)[10..], "a symbolic link leads to the same record");
    assert_eq!(take(&home.path().join(".").join("entropy"), Used::Record, 10).unwrap(), bytes(30)[20..]);
    assert!(!home.path().join("link.used").exists());

    let other = home.path().join("other");
    fs::hard_link(&path, &other).unwrap();
    for name in [&path, &other, &link] {
        for used in BOTH {
            let error = take(name, used, 1).unwrap_err();
            assert!(matches!(error, EntropyError::ManyNames { .. }), "{error:?}");
        }
    }
    fs::remove_file(&other).unwrap();
    assert_eq!(take(&path, Used::Record, 10).unwrap(), bytes(40)[30..]);
}

#[test]
fn what_others_can_read_or_change_is_refused() {
    let (home, path) = file(1000);
    take(&path, Used::Record, 10).unwrap();
    let record = path.with_extension("used");
    for bit in [0o040, 0o020, 0o010, 0o004, 0o002, 0o001] {
        chmod(&path, 0o600 | bit);
        for used in BOTH {
            let error = Entropy::open(&path, used).unwrap_err();
            assert!(matches!(error, EntropyError::OpenToOthers { mode, .. } if mode == 0o600 | bit), "{error:?}");
            assert_eq!(error.code(), Code::UnsafePermissions);
            assert!(error.to_string().ends_with(&format!("run: chmod 600 {}", path.display())), "{error}");
        }
    }
    chmod(&path, 0o600);
    for (place, safe) in [(record.as_path(), 0o644), (home.path(), 0o755)] {
        for bit in [0o020, 0o002] {
            chmod(place, safe | bit);
            for used in BOTH {
                let error = take(&path, used, 1).unwrap_err();
                assert!(matches!(error, EntropyError::RecordOpenToOthers { .. }), "{error:?}");
                assert_eq!(error.code(), Code::UnsafePermissions);
            }
        }
        chmod(place, safe);
        assert_eq!(take(&path, Used::Record, 1).unwrap().len(), 1);
    }
    // In a folder for everybody nobody can take away what is not his.
    chmod(home.path(), 0o1777);
    assert_eq!(take(&path, Used::Record, 1).unwrap(), [plain(12)]);
    assert_eq!(fs::read(&path).unwrap(), bytes(1000));
    if rustix::process::geteuid().is_root() {
        std::os::unix::fs::chown(&path, Some(65_534), None).unwrap();
        assert!(matches!(Entropy::open(&path, Used::Record), Err(EntropyError::OwnedByOther { owner: 65_534, .. })));
    }
}

#[test]
fn a_pipe_is_read_as_it_comes_and_no_further() {
    let home = tempfile::tempdir().unwrap();
    let path = home.path().join("pipe");
    assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
    let writer = std::thread::spawn({
        let path = path.clone();
        move || fs::OpenOptions::new().write(true).open(path).unwrap().write_all(&bytes(100)).unwrap()
    });
    let entropy = Entropy::open(&path, Used::Destroy).unwrap();
    entropy.reserve(60).unwrap();
    assert_eq!(draw(&entropy, 60).unwrap(), bytes(60));
    entropy.reserve(30).unwrap();
    let error = entropy.reserve(11).unwrap_err();
    assert!(matches!(error, EntropyError::TooShort { left: 10, needed: 11, .. }), "{error:?}");
    assert_eq!(draw(&entropy, 30).unwrap(), bytes(90)[60..], "what was reserved before stays");
    writer.join().unwrap();
    assert_eq!(fs::read_dir(home.path()).unwrap().count(), 1, "there is nothing to record");
}

#[test]
fn what_would_be_read_from_the_same_place_each_time_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let error = Entropy::open(home.path(), Used::Record).unwrap_err();
    assert!(matches!(error, EntropyError::Unfit { .. }) && error.code() == Code::Usage, "{error:?}");
    assert!(error.to_string().contains("it is a directory"), "{error}");
    #[cfg(target_os = "linux")]
    {
        let error = Entropy::open(Path::new("/dev/ptmx"), Used::Record).unwrap_err();
        assert!(error.to_string().contains("it is a terminal"), "{error}");
    }
    let error = Entropy::open(&home.path().join("none"), Used::Record).unwrap_err();
    assert!(error.to_string().contains("no such file"), "{error}");
    let entropy = Entropy::open(Path::new("/dev/urandom"), Used::Record).unwrap();
    entropy.reserve(10).unwrap();
    assert_eq!(draw(&entropy, 10).unwrap().len(), 10);
}

#[test]
fn a_record_that_can_not_be_written_spends_nothing() {
    let (home, path) = file(100);
    fs::create_dir(home.path().join("entropy.used.new")).unwrap();
    assert!(matches!(take(&path, Used::Record, 10), Err(EntropyError::Write { .. })));
    assert!(!home.path().join("entropy.used").exists());
    fs::remove_dir(home.path().join("entropy.used.new")).unwrap();
    assert_eq!(take(&path, Used::Record, 10).unwrap(), bytes(10));
}

#[test]
fn standard_input_is_read_if_it_is_a_pipe_and_refused_if_it_is_a_file() {
    let test = "standard_input_is_read_if_it_is_a_pipe_and_refused_if_it_is_a_file";
    let path = Path::new("-");
    match env::var("OTP_TEST_INPUT").as_deref() {
        Ok("pipe") => {
            assert_eq!(Entropy::open(path, Used::Record).unwrap().name(), "standard input");
            assert_eq!(take(path, Used::Record, 50).unwrap(), bytes(50));
        }
        Ok(_) => {
            let error = Entropy::open(path, Used::Record).unwrap_err();
            assert!(error.to_string().contains("give its path"), "{error}");
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
            let filed = again("file", fs::File::open(&path).unwrap().into()).wait_with_output().unwrap();
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
    let test = "many_processes_never_get_the_same_bytes";
    if let Some(path) = env::var_os("OTP_TEST_ENTROPY") {
        let used = if env::var_os("OTP_TEST_DESTROY").is_some() { Used::Destroy } else { Used::Record };
        for _ in 0..ROUNDS {
            for number in take(Path::new(&path), used, 4 * NUMBERS).unwrap().chunks(4) {
                println!("got {}", u32::from_be_bytes(number.try_into().unwrap()));
            }
        }
        return;
    }
    for destroying in [0, 2, PROCESSES] {
        let all = PROCESSES * ROUNDS * NUMBERS;
        let (_home, path) = file(0);
        fs::write(&path, (0..u32::try_from(all).unwrap()).flat_map(u32::to_be_bytes).collect::<Vec<_>>()).unwrap();
        let children: Vec<_> = (0..PROCESSES)
            .map(|number| {
                let mut command = Command::new(env::current_exe().unwrap());
                command.args(["--exact", test, "--nocapture"]).env("OTP_TEST_ENTROPY", &path);
                if number < destroying {
                    command.env("OTP_TEST_DESTROY", "1");
                }
                command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
            })
            .collect();
        let mut got = Vec::new();
        for child in children {
            let output = child.wait_with_output().unwrap();
            let said = String::from_utf8(output.stdout).unwrap();
            assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
            got.extend(
                said.lines()
                    .filter_map(|line| line.split("got ").nth(1))
                    .map(|number| number.parse::<usize>().unwrap()),
            );
        }
        got.sort_unstable();
        assert_eq!(got, (0..all).collect::<Vec<_>>(), "{destroying} of {PROCESSES} destroy");
    }
}
