//! Looks for secrets in the memory of the program `otp`. `cargo xtask memory` builds both and starts this.

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
    use std::ffi::OsString;
    use std::fs::{self, File};
    use std::hint::black_box;
    use std::io::{self, Read, Write};
    use std::os::unix::fs::OpenOptionsExt;
    use std::path::{Path, PathBuf};
    use std::process::{Command, ExitCode, Stdio};

    use base32ct::{Base32Unpadded, Encoding};
    use otp_proof::scan::Needles;
    use otp_proof::tracee::{Part, Stop, Tracee};

    type Result<T, E = Box<dyn std::error::Error>> = std::result::Result<T, E>;

    pub(crate) fn main() -> ExitCode {
        let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
        let result = match &arguments[..] {
            [word] if word == "planted" => planted().map(|()| true).map_err(Into::into),
            [otp, others @ ..] => all(Path::new(otp), others),
            _ => Err("the path of otp is missing".into()),
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

    /// A program that leaves a copy of what it read: dropped, and not wiped.
    fn planted() -> io::Result<()> {
        let mut secret = Vec::new();
        io::stdin().lock().read_to_end(&mut secret)?;
        drop(black_box(secret.clone()));
        black_box(&mut secret).fill(0);
        Ok(())
    }

    /// Where a program is looked at.
    #[derive(Clone, Copy)]
    enum At {
        /// When it ends.
        Exit,
        /// When it is about to become another program.
        Exec,
    }

    /// What must not be there.
    #[derive(Clone, Copy, PartialEq)]
    enum Must {
        /// Nothing of any secret.
        BeClean,
        /// Nothing but what the command line or environment of the program itself holds.
        BeCleanBut(&'static str, &'static str),
        /// A copy: the scan is shown to work.
        HaveCopy,
    }

    struct World {
        folder: PathBuf,
        otp: PathBuf,
        secrets: Vec<(&'static str, Vec<u8>)>,
        clean: bool,
    }

    fn all(otp: &Path, others: &[OsString]) -> Result<bool> {
        let folder = std::env::temp_dir().join(format!("otp-memory-{}", std::process::id()));
        fs::create_dir(&folder)?;
        let mut world = World { folder, otp: otp.canonicalize()?, secrets: Vec::new(), clean: true };
        let result = scenarios(&mut world).and_then(|()| bindings(&mut world, others));
        fs::remove_dir_all(&world.folder)?;
        result.map(|()| world.clean)
    }

    fn scenarios(world: &mut World) -> Result<()> {
        for name in ["password", "token"] {
            let value = random_text(24)?;
            private(&world.path(name), &value)?;
            world.secrets.push((name, value));
        }
        println!("{:<44} {:<28} {}", "what ran", "found while it ran", "left in the end");
        world.look("a planted copy", None, &[], Some("password"), At::Exit, Must::HaveCopy)?;

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
        let handed = Must::BeCleanBut("password", "what is handed over, in the new environment");
        world.look_otp("run --env", "run --key-file key --env P=password -- true", None, At::Exec, handed)?;
        let issue = "issue edms/mem --key-file key --new-key-file key2";
        world.look_otp("issue", issue, None, At::Exit, Must::BeClean)?;
        let rotate = "rotate edms/mem --key-file key --password-stdin --new-key-dir keys";
        world.look_otp("rotate", rotate, Some("password"), At::Exit, Must::BeClean)?;
        Ok(())
    }

    /// What opens through the C library: a C program, and Python. Each is named by its kind and its path.
    fn bindings(world: &mut World, others: &[OsString]) -> Result<()> {
        for pair in others.chunks(2) {
            let [kind, program] = pair else { return Err("a path is missing".into()) };
            let program = Some(std::path::absolute(program)?);
            let (what, words) = match kind.to_str() {
                Some("c") => ("a C program, after otp_account_free", ["key"].to_vec()),
                Some("python") => (
                    "Python, after close",
                    vec!["-c", "import otp_link; otp_link.open_account(key_file='key').close()"],
                ),
                _ => return Err("there are c and python".into()),
            };
            world.look(what, program, &words, None, At::Exit, Must::BeClean)?;
        }
        Ok(())
    }

    impl World {
        fn path(&self, name: &str) -> PathBuf {
            self.folder.join(name)
        }

        fn look_otp(&mut self, what: &str, line: &str, input: Option<&str>, at: At, must: Must) -> Result<()> {
            let words: Vec<&str> = line.split(' ').collect();
            self.look(what, Some(self.otp.clone()), &words, input, at, must)
        }

        /// Runs a program, and looks at its memory while it runs and in the end.
        fn look(
            &mut self,
            what: &str,
            program: Option<PathBuf>,
            words: &[&str],
            input: Option<&str>,
            at: At,
            must: Must,
        ) -> Result<()> {
            let mut command = match &program {
                Some(program) => Command::new(program),
                None => Command::new(std::env::current_exe()?),
            };
            command.args(if program.is_some() { words } else { &["planted"] });
            // Nothing else of this process's environment, which may be long.
            command.env_clear().env("PATH", "/usr/bin:/bin").env("OTP_STORE", self.path("store"));
            command.current_dir(&self.folder).stdout(File::create(self.path("output"))?);
            command.stdin(match input {
                Some(name) => Stdio::from(File::open(self.path(name))?),
                None => Stdio::null(),
            });

            let mut tracee = Tracee::start(&mut command)?;
            let (mut during, mut holds) =
                (Vec::new(), program.is_some() && matches!(words[0], "add" | "issue" | "rotate"));
            loop {
                match (tracee.next_stop()?, at) {
                    (Stop::Exit, At::Exit) => break,
                    (Stop::Call(libc::SYS_execve), At::Exec) => break,
                    (Stop::Exit | Stop::Gone, _) => return Err(format!("{what}: it ended too early").into()),
                    // Whoever opens locks memory for it first.
                    (Stop::Call(libc::SYS_mlock), _) => holds = true,
                    (Stop::Call(libc::SYS_close | libc::SYS_write | libc::SYS_openat | libc::SYS_fsync), _)
                        if holds =>
                    {
                        during.push(tracee.memory(Part::Writable)?);
                    }
                    _ => {}
                }
            }
            let end = tracee.memory(Part::All)?;
            if !tracee.finish()? {
                return Err(format!("{what}: it failed").into());
            }

            let needles = self.needles()?;
            let mut seen: Vec<&str> = Vec::new();
            for (name, _) in during.iter().flatten().flat_map(|(_, bytes)| needles.find_in(bytes)) {
                if !seen.contains(&name) {
                    seen.push(name);
                }
            }
            let mut left = String::new();
            let mut clean = true;
            for (place, bytes) in &end {
                for (name, count) in needles.find_in(bytes) {
                    left.push_str(&format!("{name} in {place} ({count}) "));
                    clean &= matches!(must, Must::BeCleanBut(but, _) if but == name);
                }
            }
            let verdict = match must {
                Must::HaveCopy if clean => "MISSED",
                Must::HaveCopy => "as it should",
                Must::BeClean | Must::BeCleanBut(..) if seen.is_empty() => "SEES NOTHING WHILE IT RAN",
                Must::BeClean | Must::BeCleanBut(..) if !clean => "LEFT",
                Must::BeClean => "nothing",
                Must::BeCleanBut(_, why) => why,
            };
            self.clean &= !verdict.chars().all(|c| !c.is_ascii_lowercase());
            println!("{what:<44} {:<28} {verdict} {left}", seen.join(", "));
            Ok(())
        }

        /// All that is secret by now.
        fn needles(&self) -> Result<Needles> {
            let mut needles = Needles::new();
            for (name, value) in &self.secrets {
                needles.add(name, value);
            }
            // What the fields take of a frame. Behind it, the record shows the pad, under zeros. The username is no secret here.
            let payload_len = 3 + "report".len() + self.secrets.iter().map(|(_, value)| 3 + value.len()).sum::<usize>();
            let mut texts = vec![self.path("key"), self.path("key2"), self.path("output")];
            if let Ok(entries) = fs::read_dir(self.path("keys")) {
                texts.extend(entries.filter_map(|entry| Some(entry.ok()?.path())));
            }
            for text in texts {
                let text = fs::read_to_string(text).unwrap_or_default();
                let Some(body) = text.trim().strip_prefix("otpk1_") else { continue };
                let bytes = Base32Unpadded::decode_vec(body).map_err(|error| format!("a key is none: {error}"))?;
                // As docs/format.md has it.
                let tag_key = 4 + usize::from(bytes[3]) + 10;
                let pad = tag_key + 32;
                needles.add("tag key", &bytes[tag_key..pad]);
                needles.add("pad", &bytes[pad..pad + payload_len]);
                needles.add("key text", &body.as_bytes()[(tag_key * 8).div_ceil(5)..]);
            }
            Ok(needles)
        }
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
