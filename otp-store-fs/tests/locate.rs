//! Where store and key come from, in which order, and what is refused.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::ffi::{OsStr, OsString};
use std::fs::{self, File, Permissions};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use otp_core::{Capacity, Code, Coded, FreshKey, Record, Terms, UnixTime, seal};
use otp_store_fs::Error;
use otp_store_fs::locate::{
    KeyChoice, KeySource, KeyText, LockedKey, MAX_KEY_LEN, StoreChoice, StoreSource, check_key_file, environment,
    make_key_dir, parse_key, write_key_file,
};
use tempfile::TempDir;

const MAX: usize = 110_000;

/// A folder, and an environment.
struct Scene {
    home: TempDir,
    variables: Vec<(&'static str, OsString)>,
}

impl Scene {
    fn new() -> Self {
        Self { home: tempfile::tempdir().unwrap(), variables: Vec::new() }
    }

    fn file(&self, name: &str, contents: impl AsRef<[u8]>, mode: u32) -> PathBuf {
        let path = self.home.path().join(name);
        // One that is there may be read-only.
        let _ = fs::remove_file(&path);
        fs::write(&path, contents).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }

    fn set(&mut self, name: &'static str, value: impl Into<OsString>) {
        self.variables.push((name, value.into()));
    }

    fn lookup(&self, name: &str) -> Option<OsString> {
        Some(self.variables.iter().find(|(key, _)| *key == name)?.1.clone())
    }

    fn read(&self, choice: &KeyChoice<'_>) -> Result<KeyText, Error> {
        choice.read(&|name| self.lookup(name), MAX)
    }

    fn store(&self, explicit: Option<&Path>) -> Result<StoreChoice, Error> {
        StoreChoice::find(explicit, &|name| self.lookup(name))
    }
}

fn file_choice(path: &Path) -> KeyChoice<'_> {
    KeyChoice { file: Some(path), ..KeyChoice::default() }
}

#[test]
fn the_store_is_the_first_that_is_named() {
    let mut scene = Scene::new();
    assert!(matches!(scene.store(None), Err(Error::NoStore)));
    scene.set("HOME", "/home/me");
    let found = scene.store(None).unwrap();
    assert_eq!(found.source, StoreSource::Default);
    if !cfg!(target_os = "macos") {
        assert_eq!(found.path, Path::new("/home/me/.local/share/otp/store"));
        scene.set("XDG_DATA_HOME", "/data");
        assert_eq!(scene.store(None).unwrap().path, Path::new("/data/otp/store"));
    }
    scene.set("OTP_STORE", "here");
    let variable = StoreChoice { path: "here".into(), source: StoreSource::Variable };
    assert_eq!(scene.store(None).unwrap(), variable);
    let explicit = StoreChoice { path: "there".into(), source: StoreSource::Explicit };
    assert_eq!(scene.store(Some(Path::new("there"))).unwrap(), explicit);
}

#[test]
fn a_variable_set_to_nothing_is_not_set() {
    let mut scene = Scene::new();
    for name in ["OTP_STORE", "HOME", "OTP_KEY", "OTP_KEY_FILE", "CREDENTIALS_DIRECTORY"] {
        scene.set(name, "");
    }
    assert!(matches!(scene.store(None), Err(Error::NoStore)));
    assert!(matches!(scene.read(&KeyChoice::default()), Err(Error::NoKey)));
}

#[test]
fn the_key_comes_from_the_first_place_that_is_given() {
    let mut scene = Scene::new();
    let error = scene.read(&KeyChoice::default()).unwrap_err();
    assert!(matches!(error, Error::NoKey));
    assert_eq!(error.code(), Code::Usage);

    let credential = scene.file("otp-key", "credential", 0o440);
    scene.set("CREDENTIALS_DIRECTORY", scene.home.path().to_owned());
    let key = scene.read(&KeyChoice::default()).unwrap();
    assert_eq!((key.as_str(), key.source()), ("credential", &KeySource::Credential(credential)));

    scene.set("OTP_KEY", "variable");
    let key = scene.read(&KeyChoice::default()).unwrap();
    assert_eq!((key.as_str(), key.source()), ("variable", &KeySource::Variable));

    let named = scene.file("named", "file of the variable\n", 0o600);
    scene.set("OTP_KEY_FILE", &named);
    let key = scene.read(&KeyChoice::default()).unwrap();
    assert_eq!((key.as_str(), key.source()), ("file of the variable\n", &KeySource::FileVariable(named)));

    let mut choice = KeyChoice { text: Some(OsStr::new("text")), ..KeyChoice::default() };
    let key = scene.read(&choice).unwrap();
    assert_eq!((key.as_str(), key.source()), ("text", &KeySource::Text));

    let open = File::open(scene.file("open", "descriptor", 0o644)).unwrap();
    choice.fd = Some(open.as_raw_fd());
    let key = scene.read(&choice).unwrap();
    assert_eq!((key.as_str(), key.source()), ("descriptor", &KeySource::Descriptor(open.as_raw_fd())));

    let file = scene.file("file", "file", 0o600);
    choice.file = Some(&file);
    let key = scene.read(&choice).unwrap();
    assert_eq!((key.as_str(), key.source()), ("file", &KeySource::File(file.clone())));
}

#[test]
fn a_place_that_fails_is_not_passed_over() {
    let mut scene = Scene::new();
    scene.set("OTP_KEY", "variable");
    let missing = scene.home.path().join("missing");
    let error = scene.read(&file_choice(&missing)).unwrap_err();
    assert!(matches!(error, Error::Key { .. }));
    assert_eq!(error.code(), Code::Other);
    assert!(matches!(scene.read(&KeyChoice { fd: Some(9999), ..KeyChoice::default() }), Err(Error::Key { .. })));
    assert!(matches!(scene.read(&file_choice(scene.home.path())), Err(Error::Key { .. })));
}

#[test]
fn a_key_file_open_to_others_is_refused_in_every_way_of_being_open() {
    let scene = Scene::new();
    for mode in 0o400..=0o777 {
        let path = scene.file("key", "k", 0o600);
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        let outcome = scene.read(&file_choice(&path));
        assert_eq!(outcome.is_err(), mode & 0o077 != 0, "{mode:o}");
        assert_eq!(check_key_file(&path).is_err(), mode & 0o077 != 0, "{mode:o}");
        if let Err(error) = outcome {
            assert!(matches!(error, Error::KeyOpenToOthers { .. }));
            assert_eq!(error.code(), Code::UnsafePermissions);
            assert!(error.to_string().ends_with(&format!("run: chmod 600 {}", path.display())));
        }
    }
}

#[test]
fn a_credential_may_show_its_access_list_as_group_bits_and_no_others() {
    let mut scene = Scene::new();
    scene.set("CREDENTIALS_DIRECTORY", scene.home.path().to_owned());
    assert!(matches!(scene.read(&KeyChoice::default()), Err(Error::NoKey)));
    scene.file("otp-key", "k", 0o440);
    assert!(scene.read(&KeyChoice::default()).is_ok());
    scene.file("otp-key", "k", 0o444);
    assert!(matches!(scene.read(&KeyChoice::default()), Err(Error::KeyOpenToOthers { .. })));
}

#[test]
fn a_pipe_is_read_to_its_end_whatever_its_length() {
    let scene = Scene::new();
    for (len, by_path) in [0, 1, 4095, 4096, 4097, 16_384, 16_385, MAX, MAX + 1, MAX * 2]
        .iter()
        .flat_map(|len| [(*len, false), (*len, true)])
    {
        let (reader, mut writer) = std::io::pipe().unwrap();
        let writing = std::thread::spawn(move || {
            // The reader may stop early.
            let _ = std::io::Write::write_all(&mut writer, &vec![b'k'; len]);
        });
        let path = PathBuf::from(format!("/dev/fd/{}", reader.as_raw_fd()));
        let by_number = KeyChoice { fd: Some(reader.as_raw_fd()), ..KeyChoice::default() };
        let outcome = scene.read(&if by_path { file_choice(&path) } else { by_number });
        match outcome {
            Ok(key) => assert!(len <= MAX && key.as_str().len() == len, "{len}: {}", key.as_str().len()),
            Err(error) => assert!(len > MAX && error.code() == Code::MalformedKey, "{len}: {error:?}"),
        }
        drop(reader);
        writing.join().unwrap();
    }
}

#[test]
fn what_is_too_long_or_no_text_is_refused_from_every_place() {
    let mut scene = Scene::new();
    let long = "k".repeat(MAX + 1);
    let path = scene.file("key", &long, 0o600);
    assert!(matches!(scene.read(&file_choice(&path)), Err(Error::KeyTooLong { .. })));
    let text = KeyChoice { text: Some(OsStr::new(&long)), ..KeyChoice::default() };
    assert!(matches!(scene.read(&text), Err(Error::KeyTooLong { .. })));

    let path = scene.file("key", b"\xff\xfe", 0o600);
    let error = scene.read(&file_choice(&path)).unwrap_err();
    assert!(matches!(error, Error::KeyNotText { .. }));
    assert_eq!(error.code(), Code::MalformedKey);
    let text = KeyChoice { text: Some(OsStr::from_bytes(b"\xff")), ..KeyChoice::default() };
    assert!(matches!(scene.read(&text), Err(Error::KeyNotText { .. })));
    scene.set("OTP_KEY", long);
    assert!(matches!(scene.read(&KeyChoice::default()), Err(Error::KeyTooLong { .. })));
}

#[test]
fn what_is_as_long_as_may_be_is_read_from_every_place() {
    let mut scene = Scene::new();
    let longest = "k".repeat(MAX);
    let path = scene.file("key", &longest, 0o600);
    assert_eq!(scene.read(&file_choice(&path)).unwrap().as_str(), longest);
    let text = KeyChoice { text: Some(OsStr::new(&longest)), ..KeyChoice::default() };
    assert_eq!(scene.read(&text).unwrap().as_str(), longest);
    scene.set("OTP_KEY", longest.as_str());
    assert_eq!(scene.read(&KeyChoice::default()).unwrap().as_str(), longest);
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_says_no_length_is_read_all_the_same() {
    // The system makes it up as it is read, and says 0. It is its owner's alone.
    let path = Path::new("/proc/self/personality");
    assert_eq!(fs::metadata(path).unwrap().len(), 0);
    assert_eq!(Scene::new().read(&file_choice(path)).unwrap().as_str(), fs::read_to_string(path).unwrap());
}

#[test]
fn a_key_is_read_whatever_its_capacity_and_however_much_white_space_is_around_it() {
    let account = "edms/reporting".parse().unwrap();
    let source = &mut otp_core::random::system();
    for capacity in Capacity::ALL {
        let (id, text) = {
            let fresh = FreshKey::draw(&account, capacity, source).unwrap();
            let mut record = vec![0; Record::max_len(capacity)];
            let terms = Terms::created(UnixTime::now());
            let (key, _) = seal(fresh, &terms, b"", &mut record).unwrap();
            (key.id(), key.to_text())
        };
        let key = parse_key(text.as_str().as_bytes()).unwrap();
        assert_eq!((key.id(), key.capacity(), key.account()), (id, capacity, &account));
        let around = format!("\n{}{}", text.as_str(), " ".repeat(500));
        assert_eq!(parse_key(around.as_bytes()).unwrap().id(), id);
    }
    // Room for a longest key, and a thousand characters around it.
    assert_eq!(MAX_KEY_LEN, LockedKey::MAX_TEXT_LEN + 1024);
    let too_long = "otpk1_".to_owned() + &"a".repeat(200_000);
    assert_eq!(parse_key(too_long.as_bytes()).unwrap_err().code(), Code::MalformedKey);
}

#[test]
fn the_environment_is_that_of_this_process() {
    assert_eq!(environment("PATH"), std::env::var_os("PATH"));
    assert_eq!(environment("OTP_TEST_THERE_IS_NO_SUCH_VARIABLE"), None);
}

#[test]
fn a_credential_that_is_there_and_can_not_be_read_is_not_passed_over() {
    let mut scene = Scene::new();
    let credentials = scene.home.path().to_owned();
    scene.set("CREDENTIALS_DIRECTORY", credentials);
    assert!(matches!(scene.read(&KeyChoice::default()), Err(Error::NoKey)));
    fs::create_dir(scene.home.path().join("otp-key")).unwrap();
    assert!(matches!(scene.read(&KeyChoice::default()), Err(Error::Key { .. })));
}

#[test]
fn a_place_is_called_by_its_name() {
    for (source, name) in [
        (KeySource::File("nightly.key".into()), "nightly.key"),
        (KeySource::StandardInput, "standard input"),
        (KeySource::Descriptor(3), "file descriptor 3"),
        (KeySource::Text, "the command line"),
        (KeySource::FileVariable("nightly.key".into()), "nightly.key (from OTP_KEY_FILE)"),
        (KeySource::Variable, "OTP_KEY"),
        (KeySource::Credential("/run/otp-key".into()), "/run/otp-key (systemd's credential)"),
    ] {
        assert_eq!(source.to_string(), name);
    }
}

#[test]
fn debug_shows_no_key() {
    let scene = Scene::new();
    let choice = KeyChoice { text: Some(OsStr::new("sesame")), ..KeyChoice::default() };
    let key = scene.read(&choice).unwrap();
    assert!(!format!("{choice:?} {key:?}").contains("sesame"));
    assert_eq!(format!("{key:?}"), "KeyText { source: Text, .. }");
    assert_eq!(format!("{choice:?}"), "KeyChoice { file: None, fd: None, text: Some(\"..\") }");
}

#[test]
fn a_directory_for_key_files_is_private_and_may_be_there() {
    let scene = Scene::new();
    let dir = scene.home.path().join("keys");
    for _ in 0..2 {
        make_key_dir(&dir).unwrap();
        assert_eq!(fs::metadata(&dir).unwrap().permissions().mode() & 0o7777, 0o700);
    }
    write_key_file(&dir.join("key"), "the key").unwrap();
    for path in [dir.join("key"), scene.home.path().join("no/keys")] {
        assert!(matches!(make_key_dir(&path), Err(Error::KeyNotWritten { .. })), "{}", path.display());
    }
}

#[test]
fn a_key_file_is_private_and_never_overwrites() {
    let scene = Scene::new();
    let path = scene.home.path().join("key");
    write_key_file(&path, "the key").unwrap();
    assert_eq!(fs::read(&path).unwrap(), b"the key\n");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, 0o600);
    assert_eq!(scene.read(&file_choice(&path)).unwrap().as_str(), "the key\n");

    let error = write_key_file(&path, "another").unwrap_err();
    assert!(matches!(error, Error::KeyFileExists { .. }));
    assert_eq!(error.code(), Code::Exists);
    assert_eq!(fs::read(&path).unwrap(), b"the key\n");

    let link = scene.home.path().join("link");
    std::os::unix::fs::symlink(scene.home.path().join("target"), &link).unwrap();
    assert!(matches!(write_key_file(&link, "another"), Err(Error::KeyFileExists { .. })));
    assert!(!scene.home.path().join("target").exists());
    assert!(matches!(write_key_file(&scene.home.path().join("no/key"), "k"), Err(Error::KeyNotWritten { .. })));
}
