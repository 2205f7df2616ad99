//! The operations under trial, and their effects.

use std::path::Path;
use std::process::Command;

use crate::entropy;
use crate::scene::{ACCOUNT, Kind, NEW_ACCOUNT, Otp, Scene};

/// A command that writes.
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) scene: Kind,
    pub(crate) arguments: Vec<&'static str>,
    /// What it reads from standard input.
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
    /// The account is gone.
    Removes,
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
        matches!(self.effect, Effect::Adds | Effect::Issues | Effect::Replaces { .. })
    }

    /// The account that it changes.
    pub(crate) fn account(&self) -> &'static str {
        if self.effect == Effect::Adds { NEW_ACCOUNT } else { ACCOUNT }
    }
}

/// Where an operation that makes keys puts them: a new file, or a new folder.
pub(crate) const MADE: &str = "made";

/// The key that is revoked. Its id is filled in later.
pub(crate) const REVOKED: &str = "keys/caller-3.key";
/// Stands for that key's id among the arguments.
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
    vec![
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
        operation("remove", Kind::Small, &[&["remove", "--yes", ACCOUNT]], Effect::Removes),
        operation("rotate of 33 keys: a batch put", Kind::Large, &[rotate, &FIELDS], replaces),
    ]
}
