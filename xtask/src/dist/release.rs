//! [`Release`]: version, commit and time of a build, and how it becomes the same bytes everywhere.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use xtask::Result;
use xtask::cargo::{self, target};
use xtask::sh::{output, program, root};

use super::source;

/// The same as in `.cargo/config.toml`, which the variable with the flags overrides.
const FLAGS: [&str; 2] = ["--cfg", "poly1305_force_soft"];

/// Builds in a third of the time; not for releases.
const QUICK: [(&str, &str); 3] = [
    ("CARGO_PROFILE_DIST_LTO", "off"),
    ("CARGO_PROFILE_DIST_OPT_LEVEL", "0"),
    ("CARGO_PROFILE_DIST_CODEGEN_UNITS", "16"),
];

/// How programs are built.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Kind {
    Full,
    /// Without optimisation, to test everything else.
    Quick,
}

/// One version of one commit.
pub(super) struct Release {
    pub(super) version: String,
    /// In full, with `-dirty` appended if the work tree differs.
    pub(super) commit: String,
    /// When it was committed, in seconds since 1970: the timestamp of every built file.
    pub(super) time: String,
    folder: PathBuf,
    kind: Kind,
}

impl Release {
    /// The release of this checkout, or of this exported tree.
    pub(super) fn of_this_tree(kind: Kind) -> Result<Self> {
        let (commit, time) = if source::is_checkout() { checked_out() } else { exported() }?;
        let folder = target().join(if kind == Kind::Full { "dist-files" } else { "dist-quick" });
        fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
        Ok(Self { version: cargo::version("otp-cli")?, commit, time, folder, kind })
    }

    /// The folder for released files.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The prefix of all file names.
    pub(super) fn name(&self) -> String {
        format!("otp-link-{}", self.version)
    }

    /// Makes a command build the same bytes in any folder, on any day.
    pub(super) fn reproducible<'c>(&self, command: &'c mut Command) -> Result<&'c mut Command> {
        let remap = |from: &Path, to: &str| format!("--remap-path-prefix={}={to}", from.display());
        let home = std::env::var_os("CARGO_HOME").map(PathBuf::from);
        let home = home.or_else(|| Some(std::env::home_dir()?.join(".cargo"))).ok_or("cargo has no home")?;
        // With the component rust-src installed, the compiler would name the library's sources by their path here.
        let sysroot = output(program("rustc").args(["--print", "sysroot"]))?;
        let library = Path::new(sysroot.trim()).join("lib/rustlib/src/rust");
        let remaps =
            [remap(&home, "/cargo"), remap(&library, "/rust"), remap(root(), "/otp"), remap(target(), "/target")];
        let flags: Vec<&str> = FLAGS.into_iter().chain(remaps.iter().map(String::as_str)).collect();
        if self.kind == Kind::Quick {
            command.envs(QUICK);
        }
        Ok(command
            .env("CARGO_ENCODED_RUSTFLAGS", flags.join("\u{1f}"))
            .env("OTP_COMMIT", &self.commit)
            .env("SOURCE_DATE_EPOCH", &self.time))
    }
}

fn checked_out() -> Result<(String, String)> {
    let git = |arguments: &[&str]| output(program("git").args(arguments)).map(|text| text.trim().to_owned());
    Ok((git(&["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"])?, git(&["log", "-1", "--format=%ct"])?))
}

/// What `git archive` has written into the tree.
fn exported() -> Result<(String, String)> {
    let text = fs::read_to_string(root().join(".commit")).map_err(|error| format!(".commit: {error}"))?;
    match text.split_whitespace().collect::<Vec<_>>()[..] {
        [commit, time] if !commit.starts_with('$') => Ok((commit.to_owned(), time.to_owned())),
        _ => Err("this is neither a checkout nor an exported tree: its commit is not known".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_flags_are_those_of_every_other_build() {
        let configuration = fs::read_to_string(root().join(".cargo/config.toml")).unwrap();
        assert!(configuration.contains(&format!("rustflags = {FLAGS:?}")), "{configuration}");
    }
}
