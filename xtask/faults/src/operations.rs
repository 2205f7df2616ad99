//! The operations under trial, and their effects.

use std::path::Path;
use std::process::Command;

use crate::entropy;
use crate::import_check;
use crate::ring_scene;
use crate::scene::{ACCOUNT, Kind, NEW_ACCOUNT, Otp, Scene};

/// A command that writes.
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) scene: Kind,
    pub(crate) arguments: Vec<&'static str>,
    /// Its standard input.
    pub(crate) input: &'static str,
    pub(crate) effect: Effect,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// A new account with one key.
    Adds,
    /// One more key opens the secret.
    Issues,
    /// New keys open a new secret. The old ones end, unless there is a grace period.
    Replaces { grace: bool },
    /// This key ends.
    Ends(&'static str),
    /// The accounts of a manifest, each with its keys; see [`import_check`](crate::import_check).
    Imports,
    /// The account is removed.
    Removes,
    /// With a ring: existing keys open a new secret. Whether the database changes too, and all keys are replaced.
    Renews { applies: bool, new_keys: bool },
    /// With a ring: an unfinished rotation ends with the new secret, or with the old one.
    Settles { new: bool },
    /// With a ring: no record changes.
    Keeps,
}

impl Operation {
    /// The command, in a scene's folder.
    pub(crate) fn command(&self, otp: &Otp, scene: &Scene, folder: &Path) -> Command {
        let id = |argument: &'static str| match self.effect {
            Effect::Ends(file) if argument == ITS_ID => {
                scene.held.iter().find(|key| key.file == file).map_or(argument, |key| key.id.as_str())
            }
            _ => argument,
        };
        let arguments: Vec<&str> = self.arguments.iter().map(|argument| id(argument)).collect();
        otp.command(folder, &arguments)
    }

    /// Whether it uses up the file [`entropy::FILE`].
    pub(crate) fn uses_entropy(&self) -> bool {
        self.arguments.contains(&entropy::FILE)
    }

    /// Whether it makes keys.
    pub(crate) fn hands_over(&self) -> bool {
        match self.effect {
            Effect::Adds | Effect::Issues | Effect::Imports | Effect::Replaces { .. } | Effect::Renews { .. } => true,
            // The key on its last page gets a successor.
            Effect::Settles { new } => new,
            Effect::Ends(_) | Effect::Removes | Effect::Keeps => false,
        }
    }

    /// What its program writes into the database.
    pub(crate) fn applies(&self) -> Option<&'static str> {
        match self.effect {
            Effect::Renews { applies: true, .. } | Effect::Settles { new: true } => Some("new"),
            Effect::Settles { new: false } if self.arguments.contains(&"--apply") => Some("old"),
            _ => None,
        }
    }

    /// The account that it changes.
    pub(crate) fn account(&self) -> &'static str {
        if self.effect == Effect::Adds { NEW_ACCOUNT } else { ACCOUNT }
    }
}

/// Where an operation that makes keys puts them: a new file or a new folder.
pub(crate) const MADE: &str = "made";

/// The key that is revoked. Its id is filled in later.
pub(crate) const REVOKED: &str = "keys/caller-3.key";
/// A placeholder for that key's id among the arguments.
pub(crate) const ITS_ID: &str = "ID";

pub(crate) fn all() -> Vec<Operation> {
    const FIELDS: [&str; 3] = ["--username", "alice", "--password-stdin"];
    const KEY: [&str; 2] = ["--key-file", "keys/caller-1.key"];
    let operation = |name, scene, parts: &[&[&'static str]], effect| Operation {
        name,
        scene,
        arguments: parts.concat(),
        input: "new",
        effect,
    };
    let (replaces, with_grace) = (Effect::Replaces { grace: false }, Effect::Replaces { grace: true });
    let add: &[&str] = &["add", NEW_ACCOUNT];
    let issue: &[&str] = &["issue", ACCOUNT];
    let rotate: &[&str] = &["rotate", "--yes", ACCOUNT];
    let (to_file, to_new_file): (&[&str], &[&str]) = (&["--key-file", MADE], &["--new-key-file", MADE]);
    let (to_folder, grace): (&[&str], &[&str]) = (&["--new-key-dir", MADE], &["--grace", "30d"]);
    let mut all = vec![
        operation("add", Kind::Small, &[add, &FIELDS], Effect::Adds),
        operation("add, a new store, to a key file", Kind::Nothing, &[add, &FIELDS, to_file], Effect::Adds),
        operation(
            "add --extra-entropy",
            Kind::Small,
            &[add, &FIELDS, &["--extra-entropy", entropy::FILE]],
            Effect::Adds,
        ),
        operation("issue", Kind::Small, &[issue, &KEY], Effect::Issues),
        operation("issue, to a key file", Kind::Small, &[issue, &KEY, to_new_file], Effect::Issues),
        operation("rotate", Kind::Small, &[rotate, &FIELDS], replaces),
        operation("rotate, to key files", Kind::Small, &[rotate, &KEY, &["--password-stdin"], to_folder], replaces),
        operation("rotate --grace", Kind::Small, &[rotate, &FIELDS, grace], with_grace),
        operation("rotate --grace, to key files", Kind::Small, &[rotate, &FIELDS, grace, to_folder], with_grace),
        operation("revoke", Kind::Small, &[&["revoke", ACCOUNT, ITS_ID]], Effect::Ends(REVOKED)),
        operation(
            "revoke, without a file to lock",
            Kind::Unlocked,
            &[&["revoke", ACCOUNT, ITS_ID]],
            Effect::Ends(REVOKED),
        ),
        operation("remove", Kind::Small, &[&["remove", "--yes", ACCOUNT]], Effect::Removes),
        operation("import", Kind::Small, &[&import_check::IMPORT], Effect::Imports),
        operation("rotate of 33 keys: a batch put", Kind::Large, &[rotate, &FIELDS], replaces),
    ];
    all.extend(with_ring());
    all
}

/// Every command that changes a ring.
fn with_ring() -> Vec<Operation> {
    const RING: [&str; 2] = ["--ring", "ring"];
    const APPLY: [&str; 4] = ["--apply", "/bin/sh", "--", ring_scene::APPLY];
    let operation = |name, scene, parts: &[&[&'static str]], effect| Operation {
        name,
        scene,
        arguments: parts.concat(),
        input: "new",
        effect,
    };
    let add: &[&str] = &["add", NEW_ACCOUNT, "--username", "alice", "--password-stdin", "--pages", "4"];
    let issue: &[&str] = &["issue", ACCOUNT, "--pages", "4"];
    let rotate: &[&str] = &["rotate", ACCOUNT];
    let renews = |applies, new_keys| Effect::Renews { applies, new_keys };
    let (settles, goes_back) = (Effect::Settles { new: true }, Effect::Settles { new: false });
    let password: &[&str] = &["--password-stdin"];
    let (before, after) = (Kind::DoubtBefore, Kind::DoubtAfter);
    vec![
        operation("ring: init", Kind::Ring, &[&["ring", "init", "another"]], Effect::Keeps),
        operation("ring: adopt", Kind::Ring, &[&["ring", "adopt"], &RING], Effect::Keeps),
        operation("ring: add", Kind::Ring, &[&["ring", "add", "--key-file", ring_scene::LOOSE], &RING], Effect::Keeps),
        operation("ring: add an account", Kind::Ring, &[add, &RING], Effect::Adds),
        operation("ring: import", Kind::Ring, &[&import_check::IMPORT, &RING], Effect::Imports),
        operation("ring: issue", Kind::Ring, &[issue, &RING, &["--new-key-file", MADE]], Effect::Issues),
        operation("ring: revoke", Kind::Ring, &[&["revoke", ACCOUNT, ITS_ID], &RING], Effect::Ends(REVOKED)),
        operation("ring: remove", Kind::Ring, &[&["remove", "--yes", ACCOUNT], &RING], Effect::Removes),
        operation("ring: rotate", Kind::Ring, &[rotate, &RING, password], renews(false, false)),
        operation("ring: rotate --apply", Kind::Ring, &[rotate, &RING, password, &APPLY], renews(true, false)),
        operation(
            "ring: rotate --apply --new-keys, to key files",
            Kind::Ring,
            &[rotate, &RING, password, &["--new-keys", "--new-key-dir", MADE], &APPLY],
            renews(true, true),
        ),
        operation("ring: rotate --resume, unchanged", before, &[rotate, &RING, &["--resume"], &APPLY], settles),
        operation("ring: rotate --resume, changed", after, &[rotate, &RING, &["--resume"], &APPLY], settles),
        operation("ring: rotate --abort, unchanged", before, &[rotate, &RING, &["--abort"], &APPLY], goes_back),
        operation("ring: rotate --abort, changed", after, &[rotate, &RING, &["--abort"], &APPLY], goes_back),
        operation("ring: rotate --forget", before, &[rotate, &RING, &["--forget", "--yes"]], goes_back),
    ]
}
