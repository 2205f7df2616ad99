//! Runs programs, and searches their memory for secrets while they run and when they end.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, File};
use std::hash::{DefaultHasher, Hasher};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use base32ct::{Base32Unpadded, Encoding};
use otp_test_tools::{TempDir, folder};

use crate::scan::Needles;
use crate::tracee::{Mapping, Part, Stop, Tracee};

/// The result of a search.
pub type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

/// When a program's memory is searched for what it must not contain.
#[derive(Clone, Copy)]
pub enum At {
    /// When it ends, and has succeeded.
    Exit,
    /// When it ends with this exit code.
    Failure(i32),
    /// When it is about to become another program.
    Exec,
}

/// What the memory must be like then.
#[derive(Clone, Copy)]
pub enum Must {
    /// No part of any secret.
    BeClean,
    /// No secret but the one that is handed over.
    HaveOnly(&'static str),
    /// A copy, which shows that the search works.
    HaveCopy,
}

/// A program to watch.
pub struct Run<'a> {
    /// Its name in the report.
    pub what: &'a str,
    /// The program.
    pub program: &'a Path,
    /// Its arguments.
    pub words: &'a [&'a str],
    /// The file that is its standard input.
    pub input: Option<&'a str>,
    /// When reading its memory begins.
    pub begin: Begin,
}

/// When reading a program's memory begins; from then on, it is read at every system call.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Begin {
    /// From its first instruction on.
    AtOnce,
    /// Once it locks memory: an interpreter does a lot before that.
    WithTheFirstLock,
}

/// Where the programs run, and what is searched for.
pub struct Search {
    folder: TempDir,
    secrets: Vec<(&'static str, Vec<u8>)>,
    /// The lengths of the accounts' payloads. Beyond its payload, a record shows the pad itself, under zeros.
    payload_lens: BTreeMap<&'static str, usize>,
    clean: bool,
}

/// What a program had in its memory, at each of its system calls.
type Memory = Vec<Mapping>;

impl Search {
    /// A search in a new folder; prints the heading of its report.
    #[must_use]
    pub fn new() -> Self {
        println!("{:<36} {:<42} in the end", "what ran", "while it ran");
        Self { folder: folder(), secrets: Vec::new(), payload_lens: BTreeMap::new(), clean: true }
    }

    /// The path of a file in the folder, where the programs run.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Writes a file that only this user can read, and whose bytes are secret.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn secret_file(&mut self, name: &'static str, bytes: Vec<u8>) -> io::Result<()> {
        self.file(name, &bytes)?;
        self.secret(name, bytes);
        Ok(())
    }

    /// Writes a file that only this user can read.
    ///
    /// # Errors
    ///
    /// The system's.
    pub fn file(&self, name: &str, bytes: &[u8]) -> io::Result<()> {
        let mut file = File::options().write(true).create_new(true).mode(0o600).open(self.path(name))?;
        file.write_all(bytes)
    }

    /// Adds another secret to search for.
    pub fn secret(&mut self, name: &'static str, bytes: Vec<u8>) {
        self.secrets.push((name, bytes));
    }

    /// Sets the length of an account's payload.
    pub fn payload(&mut self, account: &'static str, len: usize) {
        self.payload_lens.insert(account, len);
    }

    /// Whether each program left what it had to, and nothing else.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.clean
    }

    /// Runs a program, searches its memory while it runs and at its end, and prints what was found.
    ///
    /// # Errors
    ///
    /// If it can't be watched, or fails.
    pub fn look(&mut self, run: &Run<'_>, at: At, must: Must) -> Result<()> {
        let mut command = Command::new(run.program);
        // Without this process's environment, which may be long.
        command.args(run.words).env_clear().env("PATH", "/usr/bin:/bin").env("OTP_STORE", self.path("store"));
        command.current_dir(self.folder.path()).stdout(File::create(self.path("output"))?);
        command.stderr(File::create(self.path("errors"))?);
        command.stdin(match run.input {
            Some(name) => Stdio::from(File::open(self.path(name))?),
            None => Stdio::null(),
        });
        let (during, end) = watch(&mut command, at, run.begin).map_err(|error| {
            let said = fs::read_to_string(self.path("errors")).unwrap_or_default();
            format!("{}: {error}\n{said}", run.what)
        })?;

        let needles = self.needles()?;
        let mut seen: Vec<&str> = Vec::new();
        let mut unlocked: BTreeSet<(&str, &str)> = BTreeSet::new();
        for mapping in &during {
            for (name, _) in needles.find_in(&mapping.bytes) {
                if !seen.contains(&name) {
                    seen.push(name);
                }
                let is_handed = matches!(must, Must::HaveOnly(handed) if handed == name);
                if !mapping.locked && !is_handed {
                    unlocked.insert((name, mapping.name.as_str()));
                }
            }
        }
        let mut left = Vec::new();
        for mapping in &end {
            let found = needles.find_in(&mapping.bytes);
            left.extend(found.into_iter().map(|(name, count)| (name, mapping.name.as_str(), count)));
        }
        let well = match must {
            Must::HaveCopy => !left.is_empty() && !unlocked.is_empty(),
            Must::BeClean => !seen.is_empty() && unlocked.is_empty() && left.is_empty(),
            Must::HaveOnly(handed) => {
                !seen.is_empty() && unlocked.is_empty() && left.iter().all(|(name, ..)| *name == handed)
            }
        };
        self.clean &= well;
        let verdict = match (must, well) {
            (_, false) if seen.is_empty() => "FOUND NOTHING, WHICH CAN'T BE",
            (_, false) if left.is_empty() => "NOT LOCKED WHILE IT RAN",
            (_, false) => "LEFT BEHIND",
            (Must::HaveCopy, true) => "found, as it should be",
            (Must::BeClean, true) => "nothing",
            (Must::HaveOnly(_), true) => "what is handed over",
        };
        println!("{:<36} {:<42} {verdict}", run.what, seen.join(", "));
        if !well {
            for (name, place) in unlocked {
                println!("{:<36} {:<42} {name} in {place}, which is not locked", "", "");
            }
        }
        for (name, place, count) in left {
            println!("{:<36} {:<42} {name} in {place}, {count} times", "", "");
        }
        Ok(())
    }

    /// All secrets so far: those that were added, and every key that a program wrote.
    fn needles(&self) -> Result<Needles> {
        let mut needles = Needles::new();
        for (name, value) in &self.secrets {
            needles.add(name, value);
        }
        let mut texts = Vec::new();
        for folder in [self.folder.path().to_owned(), self.path("keys")] {
            let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
            texts.extend(files.filter_map(|path| fs::read_to_string(path).ok()));
        }
        for body in texts.iter().flat_map(|text| text.split_whitespace()).filter_map(|word| word.strip_prefix("otpk1_"))
        {
            let bytes = Base32Unpadded::decode_vec(body).map_err(|error| format!("a malformed key: {error}"))?;
            // The layout is defined in docs/format.md.
            let first = 4 + usize::from(bytes[3]) + 10;
            let account = str::from_utf8(&bytes[4..first - 10])?;
            let len = self.payload_lens.get(account).ok_or_else(|| format!("how long is {account}?"))?;
            let page_len = 32 + usize::from(u16::from_be_bytes([bytes[0], bytes[1]])) + 2;
            for page in bytes[first..].chunks_exact(page_len) {
                needles.add("tag key", &page[..32]);
                needles.add("pad", &page[32..32 + len]);
            }
            needles.add("key text", &body.as_bytes()[(first * 8).div_ceil(5)..]);
        }
        Ok(needles)
    }
}

impl Default for Search {
    fn default() -> Self {
        Self::new()
    }
}

/// Runs a program. Returns its memory at each of its system calls, as far as it changed since the last one, and when it
/// stopped at `at`. For an interpreter, this begins with the first locked memory.
fn watch(command: &mut Command, at: At, begin: Begin) -> Result<(Memory, Memory)> {
    let mut tracee = Tracee::start(command)?;
    let (mut during, mut last, mut has_begun) = (Vec::new(), HashMap::new(), begin == Begin::AtOnce);
    loop {
        match (tracee.next_stop()?, at) {
            (Stop::Exit, At::Exit | At::Failure(_)) | (Stop::Call(libc::SYS_execve), At::Exec) => break,
            (Stop::Exit | Stop::Gone, _) => return Err("it ended too early".into()),
            (Stop::Call(call), _) => {
                has_begun |= matches!(call, libc::SYS_mlock | libc::SYS_mlock2);
                if has_begun {
                    during.extend(tracee.memory(Part::Writable)?.into_iter().filter(|mapping| {
                        let state = (fingerprint(&mapping.bytes), mapping.locked);
                        last.insert(mapping.start, state) != Some(state)
                    }));
                }
            }
        }
    }
    let end = tracee.memory(Part::All)?;
    let wanted = if let At::Failure(code) = at { code } else { 0 };
    match tracee.finish()? {
        Some(code) if code == wanted => Ok((during, end)),
        code => Err(format!("it ended with {code:?}").into()),
    }
}

fn fingerprint(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    hasher.write(bytes);
    hasher.finish()
}
