//! A folder with a store and its keys, prepared once and copied for each trial.

use std::collections::HashMap;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::entropy;
use crate::folder::{Workplace, copy, entries, make_folder, remove};
use crate::import_check;
use crate::ring_scene;
use xtask::Result;

/// The account under trial.
pub(crate) const ACCOUNT: &str = "work/reporting";
/// The account that `add` makes.
pub(crate) const NEW_ACCOUNT: &str = "work/new/account";

pub(crate) const OLDER: &str = "alice\nolder\n";
pub(crate) const OLD: &str = "alice\nold\n";
pub(crate) const NEW: &str = "alice\nnew\n";
pub(crate) const OTHER: &str = "alice\nother\n";

/// How many keys the account in a large scene has: enough for a rotation to sync them together.
pub(crate) const MANY: usize = 33;

/// The program under trial.
pub(crate) struct Otp(PathBuf);

impl Otp {
    /// Copies the program: the original may be rebuilt meanwhile.
    pub(crate) fn copy_from(built: &Path, place: &Workplace) -> Result<Self> {
        let copied = place.0.join("otp");
        match fs::copy(built, &copied) {
            Ok(_) => Ok(Self(copied)),
            Err(error) => Err(format!("{}: {error}", built.display())),
        }
    }

    /// A command in a scene's folder, on its store.
    pub(crate) fn command(&self, folder: &Path, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.0);
        command.args(["--store", "store", "--no-input"]).args(arguments).current_dir(folder);
        for name in ["OTP_STORE", "OTP_KEY", "OTP_KEY_FILE", "OTP_RING", "CREDENTIALS_DIRECTORY"] {
            command.env_remove(name);
        }
        // A panic's backtrace would only fill the screen.
        command.env("RUST_BACKTRACE", "0");
        command
    }

    /// Runs a command, with `input` on its standard input.
    pub(crate) fn run(&self, folder: &Path, arguments: &[&str], input: &str) -> Result<Output> {
        run_with_input(&mut self.command(folder, arguments), input)
    }

    /// Runs a command that must succeed, and returns its output.
    pub(crate) fn must(&self, folder: &Path, arguments: &[&str], input: &str) -> Result<String> {
        let output = self.run(folder, arguments, input)?;
        let said = String::from_utf8_lossy(&output.stderr);
        if !output.status.success() {
            return Err(format!("otp {}: {}: {said}", arguments.join(" "), output.status));
        }
        String::from_utf8(output.stdout).map_err(|_| format!("otp {}: printed no text", arguments.join(" ")))
    }
}

impl Otp {
    /// The id of the key in a file.
    pub(crate) fn key_id(&self, folder: &Path, file: &str) -> Result<String> {
        let shown = self.must(folder, &["key", "inspect", "--key-file", file, "--json"], "")?;
        let shown: Value = serde_json::from_str(&shown).map_err(|error| format!("otp key inspect: {error}"))?;
        Ok(shown["id"].as_str().ok_or("otp key inspect shows no key id")?.to_owned())
    }
}

/// Runs a command with `input` on its standard input, and returns its output on both streams.
pub(crate) fn run_with_input(command: &mut Command, input: &str) -> Result<Output> {
    let name = command.get_program().to_string_lossy().into_owned();
    let failed = |error: std::io::Error| format!("{name}: {error}");
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(failed)?;
    if let Some(mut stdin) = child.stdin.take() {
        // A killed process reads nothing.
        let _ = stdin.write_all(input.as_bytes());
    }
    child.wait_with_output().map_err(failed)
}

/// A key that was handed out before the run.
#[derive(Clone)]
pub(crate) struct Held {
    pub(crate) file: String,
    pub(crate) account: &'static str,
    pub(crate) id: String,
    /// What it opens; `None` if it has ended.
    pub(crate) opens: Option<&'static str>,
    /// Whether it has been replaced and is in its grace period.
    pub(crate) in_grace: bool,
}

/// The contents of a folder before the run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Kind {
    /// No store at all.
    Nothing,
    /// Three accounts. The account under trial has three keys, another in its grace period, and a revoked one.
    Small,
    /// The same, restored from a backup without the lock files.
    Unlocked,
    /// The account under trial has many keys.
    Large,
    /// A ring has the keys to three accounts, and there is a database: see [`ring_scene`].
    Ring,
    /// The same; a rotation was interrupted before it changed the database.
    DoubtBefore,
    /// The same; a rotation was interrupted after it changed the database.
    DoubtAfter,
}

impl Kind {
    /// Whether there is a ring.
    pub(crate) fn has_ring(self) -> bool {
        matches!(self, Self::Ring | Self::DoubtBefore | Self::DoubtAfter)
    }
}

/// One scene of each kind.
pub(crate) struct Scenes(HashMap<Kind, Scene>);

impl Scenes {
    pub(crate) fn prepare(otp: &Otp, place: &Workplace) -> Result<Self> {
        let mut scenes = HashMap::new();
        for kind in
            [Kind::Nothing, Kind::Small, Kind::Unlocked, Kind::Large, Kind::Ring, Kind::DoubtBefore, Kind::DoubtAfter]
        {
            scenes.insert(kind, Scene::prepare(otp, kind, place.0.join(format!("{kind:?}")))?);
        }
        Ok(Self(scenes))
    }

    pub(crate) fn of(&self, kind: Kind) -> &Scene {
        &self.0[&kind]
    }
}

/// A prepared folder.
pub(crate) struct Scene {
    pub(crate) folder: PathBuf,
    kind: Kind,
    pub(crate) held: Vec<Held>,
}

impl Scene {
    /// Prepares a folder with the program itself.
    fn prepare(otp: &Otp, kind: Kind, folder: PathBuf) -> Result<Self> {
        make_folder(&folder)?;
        make_folder(&folder.join("keys"))?;
        entropy::write(&folder)?;
        import_check::write(&folder)?;
        let mut scene = Self { folder, kind, held: Vec::new() };
        if kind == Kind::Nothing {
            return Ok(scene);
        }
        if kind.has_ring() {
            ring_scene::prepare(&mut scene, otp, kind)?;
            return Ok(scene);
        }
        scene.add(otp, ACCOUNT, "older", "grace")?;
        scene.rotate_with_grace(otp)?;
        let last = match kind {
            Kind::Large => MANY,
            _ => 3,
        };
        for number in 2..=last {
            scene.issue(otp, &format!("caller-{number}"))?;
        }
        scene.issue(otp, "revoked")?;
        if let Some(revoked) = scene.held.last_mut() {
            otp.must(&scene.folder, &["revoke", ACCOUNT, &revoked.id], "")?;
            revoked.opens = None;
        }
        scene.add(otp, "work/reporting/below", "other", "below")?;
        scene.add(otp, "else/where", "other", "elsewhere")?;
        if kind == Kind::Unlocked {
            let lock = scene.folder.join("store").join(ACCOUNT).join(".lock");
            fs::remove_file(&lock).map_err(|error| format!("{}: {error}", lock.display()))?;
        }
        Ok(scene)
    }

    /// The keys that a rotation replaces.
    pub(crate) fn current(&self) -> impl Iterator<Item = &Held> {
        self.held.iter().filter(|key| key.account == ACCOUNT && key.opens.is_some() && !key.in_grace)
    }

    fn add(&mut self, otp: &Otp, account: &'static str, password: &str, holder: &str) -> Result<()> {
        let file = format!("keys/{holder}.key");
        let arguments =
            ["add", account, "--username", "alice", "--password-stdin", "--for", holder, "--key-file", &file];
        otp.must(&self.folder, &arguments, password)?;
        self.hold(otp, account, file, if password == "older" { OLDER } else { OTHER })
    }

    fn rotate_with_grace(&mut self, otp: &Otp) -> Result<()> {
        let arguments = [
            "rotate",
            "--yes",
            ACCOUNT,
            "--username",
            "alice",
            "--password-stdin",
            "--grace",
            "30d",
            "--new-key-dir",
            "made",
        ];
        otp.must(&self.folder, &arguments, "old")?;
        let made = entries(&self.folder.join("made"))?;
        let [key] = made.as_slice() else {
            return Err(format!("a rotation of one key made {} files", made.len()));
        };
        let failed = |error| format!("{}: {error}", key.display());
        fs::rename(key, self.folder.join("keys/caller-1.key")).map_err(failed)?;
        fs::remove_dir(self.folder.join("made")).map_err(failed)?;
        self.held.iter_mut().for_each(|key| key.in_grace = true);
        self.hold(otp, ACCOUNT, "keys/caller-1.key".into(), OLD)
    }

    fn issue(&mut self, otp: &Otp, holder: &str) -> Result<()> {
        let file = format!("keys/{holder}.key");
        let arguments = ["issue", ACCOUNT, "--key-file", "keys/caller-1.key", "--for", holder, "--new-key-file", &file];
        otp.must(&self.folder, &arguments, "")?;
        self.hold(otp, ACCOUNT, file, OLD)
    }

    pub(crate) fn hold(&mut self, otp: &Otp, account: &'static str, file: String, opens: &'static str) -> Result<()> {
        let id = otp.key_id(&self.folder, &file)?;
        self.held.push(Held { file, account, id, opens: Some(opens), in_grace: false });
        Ok(())
    }

    /// Copies the folder over what an earlier trial left.
    pub(crate) fn copy_to(&self, folder: &Path) -> Result<()> {
        remove(folder)?;
        copy(&self.folder, folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        if self.kind.has_ring() { ring_scene::settle(folder) } else { Ok(()) }
    }
}
