//! `SHA256SUMS` of all files.

use std::fs;

use xtask::Result;
use xtask::sh::output;

use super::release::Release;

const NAME: &str = "SHA256SUMS";

/// Writes the sums, and prints them.
pub(super) fn write(release: &Release) -> Result<()> {
    let failed = |error: std::io::Error| format!("{}: {error}", release.folder().display());
    let mut names = Vec::new();
    for entry in fs::read_dir(release.folder()).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.path().is_file() && entry.file_name() != NAME {
            names.push(entry.file_name());
        }
    }
    if names.is_empty() {
        return Ok(());
    }
    names.sort();
    let mut sum = std::process::Command::new("sha256sum");
    let sums = output(sum.arg("--").args(names).current_dir(release.folder()))?;
    println!("\n{}\n{sums}", release.folder().display());
    fs::write(release.folder().join(NAME), sums).map_err(failed)
}
