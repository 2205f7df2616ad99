//! A Python script that opens one record, beside the bare interpreter and the packages that scripts use today.

use std::path::Path;
use std::process::Command;

use otp_test_tools::TempDir;
use xtask::Result;
use xtask::sh::{answers, output, run};

use super::open::{Programs, SECRET};
use super::processes::{Process, alone, in_pairs, process};
use super::{Findings, Scale};
use crate::python::assemble;

pub(super) const PYTHON: &str = "a Python script that opens one record";

/// Names the folder of Secure-Python-Link, which is public (NeilMaude/Secure-Python-Link) and not part of this.
const ORIGINAL: &str = "SECURE_PYTHON_LINK";

/// How another package seals and opens: a script that prints the script that opens.
struct Peer {
    name: &'static str,
    prepare: &'static str,
}

const PEERS: [Peer; 3] = [
    Peer {
        name: "cryptography.fernet",
        prepare: "from cryptography.fernet import Fernet; key = Fernet.generate_key(); token = Fernet(key).encrypt(SECRET); \
                  print(f'from cryptography.fernet import Fernet; print(Fernet({key!r}).decrypt({token!r}).decode())')",
    },
    Peer {
        name: "keyring, keyrings.alt in a file",
        prepare: "import keyrings.alt.file; ring = keyrings.alt.file.PlaintextKeyring(); ring.file_path = 'keyring.cfg'; \
                  ring.set_password('bench', 'alice', SECRET.decode()); \
                  print(\"import keyring; from keyrings.alt.file import PlaintextKeyring; ring = PlaintextKeyring(); \
                  ring.file_path = 'keyring.cfg'; keyring.set_keyring(ring); print(keyring.get_password('bench', 'alice'))\")",
    },
    Peer {
        name: "Secure-Python-Link",
        prepare: "import os, sys; folder = os.environ['SECURE_PYTHON_LINK']; sys.path.insert(0, folder); \
                  from WorkflowSecurity import secure_account; _, *keys = secure_account('alice', SECRET.decode(), 'old.p'); \
                  print(f'import sys; sys.path.insert(0, {folder!r}); from WorkflowSecurity import get_account_details; \
                  print(get_account_details(*{keys!r}, \"old.p\"))')",
    },
];

pub(super) fn measure(programs: &Programs, scale: Scale, found: &mut Findings) -> Result<()> {
    let package = assemble("release")?;
    // The interpreter itself: the `python3` on the PATH may be a script that starts it.
    let interpreter = output(Command::new("python3").args(["-c", "import sys; print(sys.executable)"]))?;
    let (folder, interpreter) = (otp_test_tools::folder(), interpreter.trim_end());
    seal(programs, &folder)?;
    let home = folder.path();
    let ours = |script: &str| {
        let mut command = alone(interpreter, home);
        command.args(["-c", script]).env("PYTHONPATH", &package);
        command
    };
    let open = "import otp_link\n\
                with otp_link.open_account(key_file='key', store='store') as account: print(account.password)";
    let mut scripts = vec![
        process("python3 -c pass", "", || ours("pass")),
        process("import otp_link", "", || ours("import otp_link")),
        process("import, and open", SECRET, || ours(open)),
    ];
    for peer in &PEERS {
        match script(peer, interpreter, home) {
            Some(process) => scripts.push(process),
            None => found.missing.push(peer.name.to_owned()),
        }
    }
    found.figures.extend(in_pairs(PYTHON, &scripts, scale.runs / 2)?);
    Ok(())
}

fn seal(programs: &Programs, folder: &TempDir) -> Result<()> {
    let secret = folder.path().join("secret");
    let failed = |error: std::io::Error| format!("the account to open: {error}");
    std::fs::write(&secret, SECRET).map_err(failed)?;
    let mut add = alone(&programs.fixed, folder.path());
    add.args(["--store", "store", "add", "bench", "--username", "alice", "--password-stdin", "--key-file", "key"]);
    run(add.stdin(std::fs::File::open(&secret).map_err(failed)?))
}

/// The script that opens, if the package is installed and its answer is right.
fn script<'p>(peer: &'static Peer, interpreter: &'p str, home: &'p Path) -> Option<Process<'p>> {
    let python = move |script: &str| {
        let mut command = alone(interpreter, home);
        command.args(["-c", script]).envs(std::env::var_os(ORIGINAL).map(|folder| (ORIGINAL, folder)));
        command
    };
    let prepare = peer.prepare.replace("SECRET", &format!("b'{SECRET}'"));
    if !answers(&mut python(&prepare)) {
        return None;
    }
    let script = output(&mut python(&prepare)).ok()?;
    let ready = process(peer.name, SECRET, move || python(script.trim_end()));
    let mut command = (ready.command)().ok()?;
    super::processes::check(&ready, &mut command).is_ok().then_some(ready)
}
