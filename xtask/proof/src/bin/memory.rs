//! Looks for secrets in the memory of `otp` and of programs that use the C library. `cargo xtask memory` starts this.

fn main() -> std::process::ExitCode {
    #[cfg(target_os = "linux")]
    return programs::main();
    #[cfg(not(target_os = "linux"))]
    {
        eprintln!("this needs Linux");
        std::process::ExitCode::FAILURE
    }
}

#[cfg(target_os = "linux")]
mod programs {
    use std::ffi::{OsStr, OsString};
    use std::fs::{self, File};
    use std::hint::black_box;
    use std::io::{self, Read};
    use std::path::{Path, PathBuf};
    use std::process::{Command, ExitCode};

    use otp_proof::search::{At, Begin, Must, Result, Run, Search};

    /// A file of Secure-Python-Link, made for this, with its keys and the password in it.
    const OLD_FILE: &[u8] = b"\x80\x04\x95G\0\0\0\0\0\0\0}\x94\x8c\x04list\x94]\x94(\
        \x8c\x19\x39\x0f\x44\x03\x08\x45\x5d\x3a\x0e\x57\x28\x5e\x1f\x5c\x39\x68\x06\x36\x20\x77\x11\x01\x6f\x04\x13\x94\
        \x8c\x19\x2c\x4a\x04\x2b\x0b\x10\x1d\x6b\x69\x5d\x32\x26\x50\x01\x7c\x4c\x6f\x15\x64\x74\x39\x1b\x1e\x10\x4d\x94es.";
    const OLD_USER_KEY: &[u8] = b"Kj4lz14TivN2l4SLUeb1F7Y4*";
    const OLD_PASS_KEY: &[u8] = b"o%vYnsi7!2@U5!HlMWF1ay&!t";
    const OLD_PASSWORD: &[u8] = b"Correct\\Horse 4 \"B\"";

    /// The length of a random field.
    const FIELD_LEN: usize = 24;

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

    /// A program that drops a copy of its input without wiping it.
    fn planted() -> io::Result<()> {
        let mut secret = Vec::new();
        io::stdin().lock().read_to_end(&mut secret)?;
        drop(black_box(secret.clone()));
        black_box(&mut secret).fill(0);
        Ok(())
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
        let mut search = Search::new();
        for name in ["password", "token"] {
            search.secret_file(name, random(FIELD_LEN)?.into_iter().map(letter).collect())?;
        }
        let planted = std::env::current_exe()?;
        let run = Run {
            what: "a planted copy",
            program: &planted,
            words: &["planted"],
            input: Some("password"),
            begin: Begin::AtOnce,
        };
        search.look(&run, At::Exit, Must::HaveCopy)?;
        let mut program = Program { otp: otp.canonicalize()?, search };
        program.adds()?;
        program.reads()?;
        program.runs()?;
        program.bindings(others)?;
        program.makes_keys()?;
        program.rings()?;
        program.imports()?;
        program.imports_many()?;
        Ok(program.search.is_clean())
    }

    struct Program {
        otp: PathBuf,
        search: Search,
    }

    impl Program {
        fn clean(&mut self, what: &str, line: &str, input: Option<&str>) -> Result<()> {
            self.look(what, line, input, At::Exit, Must::BeClean)
        }

        fn look(&mut self, what: &str, line: &str, input: Option<&str>, at: At, must: Must) -> Result<()> {
            let words: Vec<&str> = line.split(' ').collect();
            self.search.look(&Run { what, program: &self.otp, words: &words, input, begin: Begin::AtOnce }, at, must)
        }

        fn adds(&mut self) -> Result<()> {
            // The encoded fields. The username is not secret here.
            let payload_len = 3 + "report".len() + 2 * (3 + FIELD_LEN);
            for account in ["edms/mem", "edms/out", "edms/extra"] {
                self.search.payload(account, payload_len);
            }
            let fields = "--username report --password-stdin --field-file token=token";
            self.clean("add", &format!("add edms/mem {fields} --key-file key"), Some("password"))?;
            self.clean("add, key to standard output", &format!("add edms/out {fields}"), Some("password"))?;
            // The key is made from the end. The start-up test uses what comes before, and nothing else does.
            let (used_up, secret) = (random(4096 - 128)?, random(128)?);
            self.search.file("entropy", &[&used_up[..], &secret].concat())?;
            self.search.secret("entropy", secret);
            let extra = format!("add edms/extra {fields} --extra-entropy entropy --key-file extra.key");
            self.clean("add --extra-entropy", &extra, Some("password"))
        }

        fn reads(&mut self) -> Result<()> {
            self.clean("get --field", "get --key-file key --field password", None)?;
            self.clean("get --field, key from a descriptor", "get --key-fd 0 --field password", Some("key"))?;
            for format in ["json", "env", "shell"] {
                let line = format!("get --key-file key --format {format}");
                self.clean(&format!("get --format {format}"), &line, None)?;
            }
            self.clean("get --template", "get --key-file key --template {username|url}:{password|url}", None)?;
            self.clean("get, key from standard input", "get --key-file - --format json", Some("key"))?;
            self.clean("verify", "verify --key-file key", None)?;
            self.clean("key inspect", "key inspect --key-file key", None)
        }

        fn runs(&mut self) -> Result<()> {
            let mut run = |what, hand_over, must| {
                self.look(what, &format!("run --key-file key {hand_over} -- true"), None, At::Exec, must)
            };
            run("run --stdin", "--stdin password", Must::BeClean)?;
            run("run --fd", "--fd 5=password", Must::BeClean)?;
            run("run --file", "--file P=password", Must::BeClean)?;
            run("run --env", "--env P=password", Must::HaveOnly("password"))
        }

        fn bindings(&mut self, others: &Bindings<'_>) -> Result<()> {
            let login = std::path::absolute(others.login)?;
            let c = Run {
                what: "a C program, after otp_account_free",
                program: &login,
                words: &["key"],
                input: None,
                begin: Begin::AtOnce,
            };
            self.search.look(&c, At::Exit, Must::BeClean)?;
            let script = "import sys; sys.path.insert(0, sys.argv[1]); import otp_link; \
                          otp_link.open_account(key_file='key').close()";
            let package = others.package.to_str().ok_or("the path of the Python package is not Unicode")?;
            let words = ["-c", script, package];
            let program = Path::new(others.python);
            self.search.look(
                &Run {
                    what: "Python, after close",
                    program,
                    words: &words,
                    input: None,
                    begin: Begin::WithTheFirstLock,
                },
                At::Exit,
                Must::BeClean,
            )
        }

        /// Commands that make more keys and end the first ones.
        fn makes_keys(&mut self) -> Result<()> {
            let issue = "issue edms/mem --key-file key";
            self.clean("issue", &format!("{issue} --new-key-file key2"), None)?;
            self.clean("issue, key to standard output", issue, None)?;
            let rotate = "rotate --yes edms/mem --key-file key --password-stdin --new-key-dir keys";
            self.clean("rotate", rotate, Some("password"))?;
            let whole = "rotate --yes edms/out --username report --password-stdin --field-file token=token";
            self.clean("rotate without a key, to output", whole, Some("password"))
        }

        /// A ring, and rotations with it: one that ends in doubt, and its end.
        fn rings(&mut self) -> Result<()> {
            self.search.payload("edms/ring", 3 + "report".len() + 3 + FIELD_LEN);
            let add = "add edms/ring --username report --password-stdin --ring ring --pages 4 --key-file r.key";
            let rotate = "rotate edms/ring --ring ring --new-key-dir keys";
            if !Command::new(&self.otp).args(["ring", "init"]).arg(self.search.path("ring")).status()?.success() {
                return Err("no ring could be made".into());
            }
            self.clean("add --ring", add, Some("password"))?;
            self.clean("issue --ring", "issue edms/ring --ring ring --pages 4 --new-key-file r2.key", None)?;
            self.clean("rotate --ring", &format!("{rotate} --password-stdin"), Some("password"))?;
            let in_doubt = format!("{rotate} --password-stdin --apply false");
            self.look("rotate --apply", &in_doubt, Some("password"), At::Failure(15), Must::BeClean)?;
            self.clean("rotate --resume", &format!("{rotate} --resume --apply true"), None)?;
            self.clean("verify --ring", "verify --ring ring", None)
        }

        /// What other programs keep, and everything in a ring.
        fn imports_many(&mut self) -> Result<()> {
            for account in ["many/json", "many/csv", "dotenv"] {
                self.search.payload(account, 3 + "report".len() + 3 + FIELD_LEN);
            }
            let password = String::from_utf8(fs::read(self.search.path("password"))?)?;
            // Half of it is escaped and must be decoded.
            let (plain, rest) = password.split_at(password.len() / 2);
            let escaped = rest.chars().fold(String::new(), |text, c| text + &format!("\\u{:04x}", u32::from(c)));
            let json = format!(
                "{{\"account\": \"many/json\", \"username\": \"report\", \"password\": \"{plain}{escaped}\"}}\n"
            );
            self.search.file("many.jsonl", json.as_bytes())?;
            let csv = format!("account,username,password\nmany/csv,report,\"{password}\"\n");
            self.search.file("many.csv", csv.as_bytes())?;
            self.search.file("dotenv.env", format!("USERNAME=report\nPASSWORD='{password}'\n").as_bytes())?;
            let to = "--ring ring --new-key-dir keys";
            self.clean("import jsonl", &format!("import jsonl many.jsonl {to}"), None)?;
            self.clean("import csv", &format!("import csv many.csv {to}"), None)?;
            self.clean("import dotenv", &format!("import dotenv dotenv.env {to}"), None)?;
            self.clean("export", "export many/ --ring ring --yes", None)
        }

        fn imports(&mut self) -> Result<()> {
            self.search.file("old.p", OLD_FILE)?;
            self.search.secret_file("old user key", OLD_USER_KEY.to_vec())?;
            self.search.secret_file("old password key", OLD_PASS_KEY.to_vec())?;
            self.search.secret("old password", OLD_PASSWORD.to_vec());
            self.search.payload("old", 3 + "reporting".len() + 3 + OLD_PASSWORD.len());
            let words = [
                "import",
                "secure-python-link",
                "old.p",
                "--user-key-file=old user key",
                "--pass-key-file=old password key",
                "--key-file=old.key",
            ];
            let run = Run {
                what: "import secure-python-link",
                program: &self.otp,
                words: &words,
                input: None,
                begin: Begin::AtOnce,
            };
            self.search.look(&run, At::Exit, Must::BeClean)
        }
    }

    fn random(len: usize) -> io::Result<Vec<u8>> {
        let mut bytes = vec![0; len];
        File::open("/dev/urandom")?.read_exact(&mut bytes)?;
        Ok(bytes)
    }

    fn letter(byte: u8) -> u8 {
        b'A' + byte % 26 + 32 * (byte >> 7)
    }
}
