//! Looks for secrets in the memory of `otp` and of programs that use the C library. `cargo xtask memory` starts this.

fn main() -> std::process::ExitCode {
    #[cfg(target_os = "linux")]
    return watch::main();
    #[cfg(not(target_os = "linux"))]
    {
        eprintln!("this needs Linux");
        std::process::ExitCode::FAILURE
    }
}

#[cfg(target_os = "linux")]
mod watch {
    use std::ffi::{OsStr, OsString};
    use std::fs::{self, File};
    use std::hint::black_box;
    use std::io::{self, Read, Write};
    use std::os::unix::fs::OpenOptionsExt;
    use std::path::{Path, PathBuf};
    use std::process::{Command, ExitCode, Stdio};

    use base32ct::{Base32Unpadded, Encoding};
    use otp_proof::scan::Needles;
    use otp_proof::tracee::{Part, Stop, Tracee};
    use otp_test_tools::{TempDir, folder};

    type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

    pub(crate) fn main() -> ExitCode {
        let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
        let result = match &arguments[..] {
            [word] if word == "planted" => planted().map(|()| true).map_err(Into::into),
            [otp, login, python, package] => all(Path::new(otp), &Bindings { login, python, package }),
            _ => Err("these paths are needed: otp, the C program, Python, the folder of its package".into()),
        };
        match result {
            Ok(true) => ExitCode::SUCCESS,
            Ok(false) => ExitCode::FAILURE,
            Err(error) => {
                eprintln!("memory: {error}");
                ExitCode::FAILURE
            }
        }
    }

    /// A program that drops a copy of what it read without wiping it.
    fn planted() -> io::Result<()> {
        let mut secret = Vec::new();
        io::stdin().lock().read_to_end(&mut secret)?;
        drop(black_box(secret.clone()));
        black_box(&mut secret).fill(0);
        Ok(())
    }

    /// When a program's memory is searched.
    #[derive(Clone, Copy)]
    enum At {
        /// When it ends.
        Exit,
        /// When it is about to become another program.
        Exec,
    }

    /// What the memory must be like then.
    #[derive(Clone, Copy)]
    enum Must {
        /// No part of any secret.
        BeClean,
        /// No secret but the one that is handed over.
        HaveOnly(&'static str),
        /// A copy, which shows that the scan works.
        HaveCopy,
    }

    struct World {
        folder: TempDir,
        otp: PathBuf,
        secrets: Vec<(&'static str, Vec<u8>)>,
        clean: bool,
    }

    /// Programs that use the C library.
    struct Bindings<'a> {
        /// `otp-ffi/examples/login.c`, built.
        login: &'a OsStr,
        /// The interpreter.
        python: &'a OsStr,
        /// The folder that it imports `otp_link` from.
        package: &'a OsStr,
    }

    fn all(otp: &Path, others: &Bindings<'_>) -> Result<bool> {
        let mut world = World { folder: folder(), otp: otp.canonicalize()?, secrets: Vec::new(), clean: true };
        scenarios(&mut world)?;
        bindings(&mut world, others)?;
        new_keys(&mut world)?;
        Ok(world.clean)
    }

    fn scenarios(world: &mut World) -> Result<()> {
        for name in ["password", "token"] {
            let value = random_text(24)?;
            private(&world.path(name), &value)?;
            world.secrets.push((name, value));
        }
        println!("{:<36} {:<42} in the end", "what ran", "while it ran");
        let planted = std::env::current_exe()?;
        world.look("a planted copy", &planted, &["planted"], Some("password"), At::Exit, Must::HaveCopy)?;

        let add = "add edms/mem --username report --password-stdin --field-file token=token --key-file key";
        world.look_otp("add", add, Some("password"), At::Exit, Must::BeClean)?;
        let add = "add edms/out --username report --password-stdin --field-file token=token";
        world.look_otp("add, key to standard output", add, Some("password"), At::Exit, Must::BeClean)?;
        let get = "get --key-file key --field password";
        world.look_otp("get --field", get, None, At::Exit, Must::BeClean)?;
        world.look_otp("get --format json", "get --key-file key --format json", None, At::Exit, Must::BeClean)?;
        world.look_otp("get --format shell", "get --key-file key --format shell", None, At::Exit, Must::BeClean)?;
        world.look_otp(
            "get, key from standard input",
            "get --key-file - --format json",
            Some("key"),
            At::Exit,
            Must::BeClean,
        )?;
        world.look_otp("verify", "verify --key-file key", None, At::Exit, Must::BeClean)?;
        world.look_otp("key inspect", "key inspect --key-file key", None, At::Exit, Must::BeClean)?;
        world.look_otp("run --stdin", "run --key-file key --stdin password -- true", None, At::Exec, Must::BeClean)?;
        world.look_otp("run --fd", "run --key-file key --fd 5=password -- true", None, At::Exec, Must::BeClean)?;
        let handed = Must::HaveOnly("password");
        world.look_otp("run --env", "run --key-file key --env P=password -- true", None, At::Exec, handed)?;
        Ok(())
    }

    fn bindings(world: &mut World, others: &Bindings<'_>) -> Result<()> {
        let login = std::path::absolute(others.login)?;
        world.look("a C program, after otp_account_free", &login, &["key"], None, At::Exit, Must::BeClean)?;
        let script = "import sys; sys.path.insert(0, sys.argv[1]); import otp_link; \
                      otp_link.open_account(key_file='key').close()";
        let package = others.package.to_str().ok_or("the path of the Python package is not Unicode")?;
        let words = ["-c", script, package];
        world.look("Python, after close", Path::new(others.python), &words, None, At::Exit, Must::BeClean)
    }

    /// Commands that make more keys and end the first one.
    fn new_keys(world: &mut World) -> Result<()> {
        let issue = "issue edms/mem --key-file key --new-key-file key2";
        world.look_otp("issue", issue, None, At::Exit, Must::BeClean)?;
        let rotate = "rotate --yes edms/mem --key-file key --password-stdin --new-key-dir keys";
        world.look_otp("rotate", rotate, Some("password"), At::Exit, Must::BeClean)?;
        Ok(())
    }

    impl World {
        fn path(&self, name: &str) -> PathBuf {
            self.folder.path().join(name)
        }

        fn look_otp(&mut self, what: &str, line: &str, input: Option<&str>, at: At, must: Must) -> Result<()> {
            let words: Vec<&str> = line.split(' ').collect();
            self.look(what, &self.otp.clone(), &words, input, at, must)
        }

        /// Runs a program, searches its memory while it runs and at its end, and prints what was found.
        fn look(
            &mut self,
            what: &str,
            program: &Path,
            words: &[&str],
            input: Option<&str>,
            at: At,
            must: Must,
        ) -> Result<()> {
            let mut command = Command::new(program);
            // Without this process's environment, which may be long.
            command.args(words).env_clear().env("PATH", "/usr/bin:/bin").env("OTP_STORE", self.path("store"));
            command.current_dir(self.folder.path()).stdout(File::create(self.path("output"))?);
            command.stdin(match input {
                Some(name) => Stdio::from(File::open(self.path(name))?),
                None => Stdio::null(),
            });
            let (during, end) = watch(&mut command, at, words).map_err(|error| format!("{what}: {error}"))?;

            let needles = self.needles()?;
            let mut seen: Vec<&str> = Vec::new();
            for (name, _) in during.iter().flat_map(|(_, bytes)| needles.find_in(bytes)) {
                if !seen.contains(&name) {
                    seen.push(name);
                }
            }
            let mut left = Vec::new();
            for (place, bytes) in &end {
                left.extend(needles.find_in(bytes).into_iter().map(|(name, count)| (name, place.as_str(), count)));
            }
            let well = match must {
                Must::HaveCopy => !left.is_empty(),
                Must::BeClean => !seen.is_empty() && left.is_empty(),
                Must::HaveOnly(handed) => !seen.is_empty() && left.iter().all(|(name, ..)| *name == handed),
            };
            self.clean &= well;
            let verdict = match (must, well) {
                (_, false) if left.is_empty() => "FOUND NOTHING, WHICH CAN'T BE",
                (_, false) => "LEFT BEHIND",
                (Must::HaveCopy, true) => "found, as it should be",
                (Must::BeClean, true) => "nothing",
                (Must::HaveOnly(_), true) => "what is handed over",
            };
            println!("{what:<36} {:<42} {verdict}", seen.join(", "));
            for (name, place, count) in left {
                println!("{:<36} {:<42} {name} in {place}, {count} times", "", "");
            }
            Ok(())
        }

        /// All secrets so far.
        fn needles(&self) -> Result<Needles> {
            let mut needles = Needles::new();
            for (name, value) in &self.secrets {
                needles.add(name, value);
            }
            // The length of the fields in a frame. Beyond them the record shows the pad itself, under zeros. The username is
            // not secret here.
            let payload_len = 3 + "report".len() + self.secrets.iter().map(|(_, value)| 3 + value.len()).sum::<usize>();
            let mut texts = vec![self.path("key"), self.path("key2"), self.path("output")];
            if let Ok(entries) = fs::read_dir(self.path("keys")) {
                texts.extend(entries.filter_map(|entry| Some(entry.ok()?.path())));
            }
            for text in texts {
                let text = fs::read_to_string(text).unwrap_or_default();
                let Some(body) = text.trim().strip_prefix("otpk1_") else { continue };
                let bytes = Base32Unpadded::decode_vec(body).map_err(|error| format!("a malformed key: {error}"))?;
                // As docs/format.md defines it.
                let tag_key = 4 + usize::from(bytes[3]) + 10;
                let pad = tag_key + 32;
                needles.add("tag key", &bytes[tag_key..pad]);
                needles.add("pad", &bytes[pad..pad + payload_len]);
                needles.add("key text", &body.as_bytes()[(tag_key * 8).div_ceil(5)..]);
            }
            Ok(needles)
        }
    }

    /// Named parts of memory.
    type Memory = Vec<(String, Vec<u8>)>;

    /// Runs a program. Gives its memory while it ran, and when it stopped at `at`.
    fn watch(command: &mut Command, at: At, words: &[&str]) -> Result<(Memory, Memory)> {
        let mut tracee = Tracee::start(command)?;
        let (mut during, mut holds) = (Vec::new(), matches!(words[0], "add" | "issue" | "rotate"));
        loop {
            match (tracee.next_stop()?, at) {
                (Stop::Exit, At::Exit) | (Stop::Call(libc::SYS_execve), At::Exec) => break,
                (Stop::Exit | Stop::Gone, _) => return Err("it ended too early".into()),
                // Opening starts with locking memory.
                (Stop::Call(libc::SYS_mlock), _) => holds = true,
                (Stop::Call(libc::SYS_close | libc::SYS_write | libc::SYS_openat | libc::SYS_fsync), _) if holds => {
                    during.extend(tracee.memory(Part::Writable)?);
                }
                _ => {}
            }
        }
        let end = tracee.memory(Part::All)?;
        if tracee.finish()? { Ok((during, end)) } else { Err("it failed".into()) }
    }

    fn private(path: &Path, bytes: &[u8]) -> io::Result<()> {
        File::options().write(true).create_new(true).mode(0o600).open(path)?.write_all(bytes)
    }

    fn random_text(len: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; len];
        File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        Ok(bytes.into_iter().map(|byte| b'A' + byte % 26 + 32 * (byte >> 7)).collect())
    }
}
