//! The crates as they will be published, each built from its package alone, in the order in which they need each other.

use std::fs;

use xtask::Result;
use xtask::cargo::{cargo, target};
use xtask::sh::run;

use super::release::Release;

/// What is published. Each comes behind those that it needs.
pub(super) const CRATES: [&str; 8] =
    ["otp-core", "otp-remote-protocol", "otp-sys", "otp-store-fs", "otp-link", "otp-cli", "otp-ffi", "otp-remote"];

/// Packs the crates, builds what is in the packages, and copies them.
pub(super) fn make(release: &Release) -> Result<()> {
    let mut package = cargo(&["package", "--locked"]);
    package.args(release.commit.ends_with("-dirty").then_some("--allow-dirty"));
    run(package.args(CRATES.iter().flat_map(|name| ["-p", name])))?;
    for name in CRATES {
        let file = format!("{name}-{}.crate", release.version);
        fs::copy(target().join("package").join(&file), release.folder().join(&file))
            .map_err(|error| format!("{file}: {error}"))?;
    }
    Ok(())
}
