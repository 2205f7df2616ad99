//! Where the key comes from, in which order, and what is refused.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::ffi::OsString;
use std::fs::{self, File, Permissions};
use std::os::fd::AsRawFd;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use otp_core::{Capacity, Code, Coded, FreshKey, Record, Terms, UnixTime, seal};
use otp_test_tools::TempDir;

use super::*;
use crate::hint::Hint;
use crate::key_file::{make_key_dir, write_key_file};

const MAX: usize = 110_000;

/// A folder, and an environment.
struct Scene {
    home: TempDir,
    variables: Vec<(&'static str, OsString)>,
}

impl Scene {
    fn new() -> Self {
        Self { home: otp_test_tools::folder(), variables: Vec::new() }
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

    fn read(&self, source: &KeySource<'_>) -> Result<KeyText, Error> {
        source.read_text(&|name| self.lookup(name), MAX)
    }
}

fn from_file_at(path: &Path) -> KeySource<'_> {
    KeySource { file: Some(path), ..KeySource::default() }
}

#[test]
fn a_variable_set_to_nothing_is_not_set() {
    let mut scene = Scene::new();
    for name in ["OTP_KEY", "OTP_KEY_FILE", "CREDENTIALS_DIRECTORY"] {
        scene.set(name, "");
    }
    assert!(matches!(scene.read(&KeySource::default()), Err(Error::NoKey)));
}

#[test]
fn the_key_comes_from_the_first_place_that_is_given() {
    let mut scene = Scene::new();
    let error = scene.read(&KeySource::default()).unwrap_err();
    assert!(matches!(error, Error::NoKey));
    assert_eq!(error.code(), Code::Usage);

    let credential = scene.file("otp-key", "credential", 0o440);
    scene.set("CREDENTIALS_DIRECTORY", scene.home.path().to_owned());
    let key = scene.read(&KeySource::default()).unwrap();
    assert_eq!((key.bytes(), &key.origin), (&b"credential"[..], &KeyOrigin::Credential(credential)));

    scene.set("OTP_KEY", "variable");
    let key = scene.read(&KeySource::default()).unwrap();
    assert_eq!((key.bytes(), &key.origin), (&b"variable"[..], &KeyOrigin::Variable));

    let named = scene.file("named", "file of the variable\n", 0o600);
    scene.set("OTP_KEY_FILE", &named);
    let key = scene.read(&KeySource::default()).unwrap();
    assert_eq!((key.bytes(), &key.origin), (&b"file of the variable\n"[..], &KeyOrigin::FileVariable(named)));

    let mut choice = KeySource { text: Some(b"text"), ..KeySource::default() };
    let key = scene.read(&choice).unwrap();
    assert_eq!((key.bytes(), &key.origin), (&b"text"[..], &KeyOrigin::Argument));

    let open = File::open(scene.file("open", "descriptor", 0o644)).unwrap();
    choice.fd = Some(open.as_raw_fd());
    let key = scene.read(&choice).unwrap();
    assert_eq!((key.bytes(), &key.origin), (&b"descriptor"[..], &KeyOrigin::Descriptor(open.as_raw_fd())));

    let file = scene.file("file", "file", 0o600);
    choice.file = Some(&file);
    let key = scene.read(&choice).unwrap();
    assert_eq!((key.bytes(), &key.origin), (&b"file"[..], &KeyOrigin::File(file.clone())));
}

#[test]
fn a_place_that_fails_is_not_passed_over() {
    let mut scene = Scene::new();
    scene.set("OTP_KEY", "variable");
    let missing = scene.home.path().join("missing");
    let error = scene.read(&from_file_at(&missing)).unwrap_err();
    assert!(matches!(error, Error::KeyNotRead { .. }));
    assert_eq!(error.code(), Code::Other);
    assert!(matches!(scene.read(&KeySource { fd: Some(9999), ..KeySource::default() }), Err(Error::KeyNotRead { .. })));
    assert!(matches!(scene.read(&from_file_at(scene.home.path())), Err(Error::KeyNotRead { .. })));
}

#[test]
fn a_credential_may_show_its_access_list_as_group_bits_and_no_others() {
    let mut scene = Scene::new();
    scene.set("CREDENTIALS_DIRECTORY", scene.home.path().to_owned());
    assert!(matches!(scene.read(&KeySource::default()), Err(Error::NoKey)));
    scene.file("otp-key", "k", 0o440);
    assert!(scene.read(&KeySource::default()).is_ok());
    scene.file("otp-key", "k", 0o444);
    assert!(matches!(scene.read(&KeySource::default()), Err(Error::KeyOpenToOthers { .. })));
}

#[test]
fn a_pipe_is_read_to_its_end_whatever_its_length() {
    let scene = Scene::new();
    for (len, by_path) in [0, 1, 4095, 4096, 4097, 16_384, 16_385, MAX, MAX + 1, MAX * 2]
        .iter()
        .flat_map(|len| [(*len, false), (*len, true)])
    {
        let (reader, mut writer) = io::pipe().unwrap();
        let writing = std::thread::spawn(move || {
            // The reader may stop early.
            let _ = io::Write::write_all(&mut writer, &vec![b'k'; len]);
        });
        let path = PathBuf::from(format!("/dev/fd/{}", reader.as_raw_fd()));
        let by_number = KeySource { fd: Some(reader.as_raw_fd()), ..KeySource::default() };
        let outcome = scene.read(&if by_path { from_file_at(&path) } else { by_number });
        match outcome {
            Ok(key) => assert!(len <= MAX && key.bytes().len() == len, "{len}: {}", key.bytes().len()),
            Err(error) => assert!(len > MAX && error.code() == Code::MalformedKey, "{len}: {error:?}"),
        }
        drop(reader);
        writing.join().unwrap();
    }
}

#[test]
fn what_is_too_long_is_refused_from_every_place() {
    let mut scene = Scene::new();
    let long = "k".repeat(MAX + 1);
    let path = scene.file("key", &long, 0o600);
    assert!(matches!(scene.read(&from_file_at(&path)), Err(Error::KeyTooLong { .. })));
    let text = KeySource { text: Some(long.as_bytes()), ..KeySource::default() };
    assert!(matches!(scene.read(&text), Err(Error::KeyTooLong { .. })));

    scene.set("OTP_KEY", long);
    assert!(matches!(scene.read(&KeySource::default()), Err(Error::KeyTooLong { .. })));
}

#[test]
fn what_is_as_long_as_may_be_is_read_from_every_place() {
    let mut scene = Scene::new();
    let longest = "k".repeat(MAX);
    let path = scene.file("key", &longest, 0o600);
    assert_eq!(scene.read(&from_file_at(&path)).unwrap().bytes(), longest.as_bytes());
    let text = KeySource { text: Some(longest.as_bytes()), ..KeySource::default() };
    assert_eq!(scene.read(&text).unwrap().bytes(), longest.as_bytes());
    scene.set("OTP_KEY", longest.as_str());
    assert_eq!(scene.read(&KeySource::default()).unwrap().bytes(), longest.as_bytes());
}

#[cfg(target_os = "linux")]
#[test]
fn a_file_that_says_no_length_is_read_all_the_same() {
    // The system makes it up as it is read, and says 0. It is its owner's alone.
    let path = Path::new("/proc/self/personality");
    assert_eq!(fs::metadata(path).unwrap().len(), 0);
    assert_eq!(Scene::new().read(&from_file_at(path)).unwrap().bytes(), fs::read(path).unwrap());
}

#[test]
fn a_key_is_read_whatever_its_capacity_and_however_much_white_space_is_around_it() {
    let account = "edms/reporting".parse().unwrap();
    let source = &mut otp_core::random::system();
    for &capacity in Capacity::ALL {
        let (id, text) = {
            let fresh = FreshKey::generate_owned(&account, capacity, source).unwrap();
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
    // Room for the longest key, and a thousand characters around it.
    assert_eq!(MAX_KEY_LEN, otp_core::key::MAX_TEXT_LEN + 1024);
    let too_long = "otpk1_".to_owned() + &"a".repeat(200_000);
    assert_eq!(parse_key(too_long.as_bytes()).unwrap_err().code(), Code::MalformedKey);
}

#[test]
fn a_credential_that_is_there_and_can_not_be_read_is_not_passed_over() {
    let mut scene = Scene::new();
    let credentials = scene.home.path().to_owned();
    scene.set("CREDENTIALS_DIRECTORY", credentials);
    assert!(matches!(scene.read(&KeySource::default()), Err(Error::NoKey)));
    fs::create_dir(scene.home.path().join("otp-key")).unwrap();
    assert!(matches!(scene.read(&KeySource::default()), Err(Error::KeyNotRead { .. })));
}

#[test]
fn debug_shows_no_key() {
    let scene = Scene::new();
    let choice = KeySource { text: Some(b"sesame"), ..KeySource::default() };
    assert_eq!(scene.read(&choice).unwrap().bytes(), b"sesame");
    let shown = "KeySource { file: None, fd: None, credential: None, text: Some(\"..\"), mode: Private }";
    assert_eq!(format!("{choice:?}"), shown);
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
    assert_eq!(scene.read(&from_file_at(&path)).unwrap().bytes(), b"the key\n");

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

#[test]
fn a_malformed_key_says_where_it_came_from() {
    let scene = Scene::new();
    let path = scene.file("key", "otpk1_aaaa", 0o600);
    match from_file_at(&path).read() {
        Err(Error::InvalidKey { origin: KeyOrigin::File(named), error: otp_core::Error::MalformedKey(_) }) => {
            assert_eq!(named, path);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn two_places_at_once_can_be_refused() {
    let mut source = KeySource { text: Some(b"text"), ..KeySource::default() };
    source.check_single().unwrap();
    source.fd = Some(3);
    assert!(matches!(source.check_single(), Err(Error::SeveralKeys)));
}

#[test]
fn an_empty_place_and_a_path_are_told_from_a_mistyped_key() {
    let scene = Scene::new();
    for (text, empty) in [("", true), (" \n", true), ("/etc/otp/nightly.key", false), ("C:\\keys\\nightly.key", false)]
    {
        let path = scene.file("key", text, 0o600);
        let error = from_file_at(&path).read().unwrap_err();
        assert_eq!(matches!(error, Error::EmptyKey { .. }), empty, "{text:?}: {error:?}");
        assert_eq!(matches!(error, Error::PathAsKey { .. }), !empty, "{text:?}: {error:?}");
        assert_eq!(error.code(), Code::MalformedKey);
        // The path is in a file already.
        assert!(matches!(error.hint(), Some(Hint::CheckKey { .. })), "{error:?}");
    }
    let prose = from_file_at(&scene.file("key", "see /etc/otp", 0o600)).read().unwrap_err();
    assert!(matches!(prose, Error::InvalidKey { .. }), "{prose:?}");
    let given = KeySource { text: Some(b"/etc/otp/nightly.key"), ..KeySource::default() }.read().unwrap_err();
    assert_eq!(given.hint(), Some(Hint::PassAsKeyFile));
}

#[test]
fn a_key_is_read_as_windows_tools_write_it() {
    let scene = Scene::new();
    let utf16 = |mark: [u8; 2], text: &str, little: bool| {
        let wide = text.bytes().flat_map(|byte| if little { [byte, 0] } else { [0, byte] });
        mark.into_iter().chain(wide).collect::<Vec<u8>>()
    };
    let text = "otpk1_aeba\r\n";
    for bytes in [
        [&b"\xef\xbb\xbf"[..], text.as_bytes()].concat(),
        utf16([0xff, 0xfe], text, true),
        utf16([0xfe, 0xff], text, false),
    ] {
        let path = scene.file("key", &bytes, 0o600);
        assert_eq!(scene.read(&from_file_at(&path)).unwrap().bytes(), text.as_bytes());
        let (reader, mut writer) = io::pipe().unwrap();
        io::Write::write_all(&mut writer, &bytes).unwrap();
        drop(writer);
        let piped = KeySource { fd: Some(reader.as_raw_fd()), ..KeySource::default() };
        assert_eq!(scene.read(&piped).unwrap().bytes(), text.as_bytes());
    }
    let wide = scene.file("key", b"\xff\xfe\xe4\x00a\x01b", 0o600);
    assert_eq!(scene.read(&from_file_at(&wide)).unwrap().bytes(), b"??", "an odd byte at the end is dropped");
}
