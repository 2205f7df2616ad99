//! A world for each test: a directory, a clean environment, and the program.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use otp_core::{AccountName, Grant, Keeper, Key, KeyId, Record, Slot, UnixTime};
use otp_store_fs::FsStore;
use otp_test_tools::{TempDir, folder};

use crate::call::Call;

/// The program under test.
pub(crate) const OTP: &str = env!("CARGO_BIN_EXE_otp");

/// The arguments that open the account of [`World::new`].
pub(crate) const GET: [&str; 3] = ["get", "--key-file", "nightly.key"];

/// A user who owns nothing.
pub(crate) const NOBODY: u32 = 65534;

/// A directory with a store in it, `store`, and an environment that names it.
pub(crate) struct World {
    dir: TempDir,
}

impl World {
    /// An empty directory.
    pub(crate) fn empty() -> Self {
        Self { dir: folder() }
    }

    /// A directory with the account `edms/reporting` (`alice`, `correct horse`), and its key in `nightly.key`.
    pub(crate) fn new() -> Self {
        let world = Self::empty();
        world
            .otp(&["add", "edms/reporting", "--username", "alice", "--password-stdin", "--for", "nightly"])
            .arg("--key-file=nightly.key")
            .stdin("correct horse")
            .succeeds();
        world
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(crate) fn root(&self) -> &Path {
        self.dir.path()
    }

    /// The program with some arguments.
    pub(crate) fn otp(&self, arguments: &[&str]) -> Call {
        self.command(OTP, arguments)
    }

    /// A shell script, with `otp` on its `PATH` and arguments as `$1` and so on.
    pub(crate) fn sh(&self, script: &str, arguments: &[&str]) -> Call {
        self.shell("sh", script, arguments)
    }

    /// A script for a certain shell.
    pub(crate) fn shell(&self, shell: &str, script: &str, arguments: &[&str]) -> Call {
        let mut call = self.command(shell, &["-euc", script, "script"]);
        call.command.args(arguments);
        call
    }

    pub(crate) fn command(&self, program: &str, arguments: &[&str]) -> Call {
        let mut command = Command::new(program);
        let bin = Path::new(OTP).parent().unwrap().display();
        command
            .args(arguments)
            .current_dir(self.root())
            .env_clear()
            .env("PATH", format!("{bin}:{}", std::env::var("PATH").unwrap()))
            .env("HOME", self.root())
            .env("OTP_STORE", self.path("store"));
        // Where coverage measurements go; without this, they would be left in the directory.
        command.envs(std::env::var_os("LLVM_PROFILE_FILE").map(|path| ("LLVM_PROFILE_FILE", path)));
        Call::new(command)
    }

    /// Writes a file of mode 0600.
    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) -> PathBuf {
        let path = self.path(name);
        fs::write(&path, bytes).unwrap();
        self.chmod(name, 0o600);
        path
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// The text of a key file.
    pub(crate) fn key(&self, name: &str) -> String {
        String::from_utf8(self.read(name)).unwrap().trim().to_owned()
    }

    /// The id of the key in a key file.
    pub(crate) fn key_id(&self, name: &str) -> String {
        Key::parse_owned(self.key(name).as_bytes()).unwrap().id().to_string()
    }

    /// A library that replaces the system's random source, which otherwise never fails: the body of
    /// `getrandom(unsigned char *b, size_t n, unsigned f)`, for `LD_PRELOAD`.
    #[cfg(target_os = "linux")]
    pub(crate) fn random_source(&self, name: &str, body: &str) -> PathBuf {
        let source = format!(
            "#include <errno.h>\n#include <string.h>\n#include <sys/types.h>\n\
             ssize_t getrandom(unsigned char *b, size_t n, unsigned f) {{ {body} }}\n"
        );
        let code = self.write(&format!("{name}.c"), source);
        let library = self.path(&format!("{name}.so"));
        let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&code).status().unwrap();
        assert!(built.success());
        fs::remove_file(code).unwrap();
        library
    }

    pub(crate) fn chmod(&self, name: &str, mode: u32) {
        fs::set_permissions(self.path(name), fs::Permissions::from_mode(mode)).unwrap();
    }

    /// The path of the record of the key in a key file.
    pub(crate) fn record_of(&self, key_file: &str) -> PathBuf {
        let key = Key::parse_owned(self.key(key_file).as_bytes()).unwrap();
        self.store().path_of(&Slot::record(key.account(), key.id()))
    }

    pub(crate) fn store(&self) -> FsStore {
        FsStore::open_or_create(self.path("store")).unwrap()
    }

    /// Every file with its contents, except locks: a failure must change none of it.
    pub(crate) fn everything(&self) -> Vec<(PathBuf, Vec<u8>)> {
        let is_lock = |path: &Path| path.file_name().is_some_and(|name| name == ".lock");
        let files = self.tree().into_iter().filter(|(path, _)| !is_lock(path));
        files.filter_map(|(path, contents)| Some((path, contents?))).collect()
    }

    /// Every file with its contents, even locks, and every directory and link by name: a look must change none of it.
    pub(crate) fn tree(&self) -> Vec<(PathBuf, Option<Vec<u8>>)> {
        let mut found = Vec::new();
        let mut dirs = vec![self.root().to_owned()];
        while let Some(dir) = dirs.pop() {
            for entry in fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                let kind = fs::symlink_metadata(&path).unwrap().file_type();
                if kind.is_dir() {
                    dirs.push(path.clone());
                }
                let contents = kind.is_file().then(|| fs::read(&path).unwrap());
                found.push((path, contents));
            }
        }
        found.sort();
        found
    }

    /// Seals an account as if at a certain time, and returns the text of its key.
    pub(crate) fn add_at(&self, account: &str, secs: u64, grant: &Grant) -> String {
        let store = self.store();
        let keeper = Keeper::new(&store, UnixTime::from_secs(secs).unwrap());
        let mut secret = otp_core::Account::new();
        secret.set("username", b"alice").unwrap();
        secret.set("password", b"correct horse").unwrap();
        let name = AccountName::parse(account).unwrap();
        let key = keeper.add(&name, secret.payload(), grant, &mut otp_core::random::system()).unwrap();
        key.to_text().as_str().to_owned()
    }
}

pub(crate) fn is_root() -> bool {
    rustix::process::geteuid().is_root()
}

/// Recomputes the checksum of changed bytes, as a forger would.
pub(crate) fn correct_checksum(bytes: &mut [u8]) {
    let (body, checksum) = bytes.split_last_chunk_mut::<4>().unwrap();
    *checksum = otp_core::checksum::of(body);
}

/// A copy of the program that every user can start, wherever the program was built.
pub(crate) fn public_otp() -> &'static Path {
    static COPY: OnceLock<(TempDir, PathBuf)> = OnceLock::new();
    let (_, path) = COPY.get_or_init(|| {
        let dir = folder();
        fs::set_permissions(dir.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let path = dir.path().join("otp");
        // Copied by another process: a child that we start meanwhile would inherit a descriptor open for writing, and
        // then nobody could start the copy.
        assert!(Command::new("cp").arg(OTP).arg(&path).status().unwrap().success());
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        (dir, path)
    });
    path
}

/// An id that belongs to no key.
pub(crate) fn unknown_id() -> KeyId {
    KeyId::from_bytes([7; 10])
}

/// How long the longest record is.
pub(crate) const LONGEST_RECORD_LEN: usize = Record::MAX_LEN;
