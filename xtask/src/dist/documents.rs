//! What comes with the programs: man page, completions, licences and changelog.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use xtask::Result;
use xtask::cargo::target;
use xtask::sh::{output, root};

use super::programs::{self, build};
use super::release::Release;

/// Files copied from the repository.
const FILES: [&str; 4] = ["README.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"];
/// Files that the program itself writes.
const WRITTEN: [(&str, &[&str]); 4] = [
    ("man/otp.1", &["man"]),
    ("completions/otp.bash", &["completions", "bash"]),
    ("completions/_otp", &["completions", "zsh"]),
    ("completions/otp.fish", &["completions", "fish"]),
];

/// A folder with all of them.
pub(super) struct Documents(PathBuf);

/// Collects them.
pub(super) fn make(release: &Release) -> Result<Documents> {
    let otp = build(release, programs::host()?)?.otp;
    let documents = Documents(target().join("dist-documents"));
    let failed = |error: io::Error| format!("{}: {error}", documents.0.display());
    for part in ["man", "completions"] {
        fs::create_dir_all(documents.0.join(part)).map_err(failed)?;
    }
    for file in FILES {
        fs::copy(root().join(file), documents.0.join(file)).map_err(failed)?;
    }
    for (file, arguments) in WRITTEN {
        fs::write(documents.0.join(file), output(Command::new(&otp).args(arguments))?).map_err(failed)?;
    }
    Ok(documents)
}

impl Documents {
    /// Copies them into a new folder, as they are in an archive.
    pub(super) fn copy_to(&self, folder: &Path) -> io::Result<()> {
        for part in ["man", "completions"] {
            fs::create_dir_all(folder.join(part))?;
        }
        let files = FILES.into_iter().chain(WRITTEN.map(|(file, _)| file));
        files.into_iter().try_for_each(|file| fs::copy(self.0.join(file), folder.join(file)).map(drop))
    }

    /// The path of one of them.
    pub(super) fn path(&self, file: &str) -> PathBuf {
        self.0.join(file)
    }
}
