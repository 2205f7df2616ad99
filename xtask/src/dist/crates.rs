//! The crates as they will be published, each built from its package alone, in order of their dependencies.

use std::fs;
use std::path::Path;

use xtask::Result;
use xtask::cargo::{cargo, target};
use xtask::sh::{output, program, root, run};

use super::release::Release;

/// The published crates, each after those that it depends on.
pub(super) const CRATES: [&str; 8] =
    ["otp-core", "otp-remote-protocol", "otp-sys", "otp-store-fs", "otp-link", "otp-cli", "otp-ffi", "otp-remote"];

/// The licences, which are links in each crate's folder: on Windows, git may have made them files that contain a path.
const LICENCES: [&str; 2] = ["LICENSE-MIT", "LICENSE-APACHE"];

/// Packs the crates, builds what is in the packages, and copies them.
pub(super) fn make(release: &Release) -> Result<()> {
    let mut package = cargo(&["package", "--locked"]);
    package.args(release.commit.ends_with("-dirty").then_some("--allow-dirty"));
    run(package.args(CRATES.iter().flat_map(|name| ["-p", name])))?;
    for name in CRATES {
        let top = format!("{name}-{}", release.version);
        let file = format!("{top}.crate");
        let packed = target().join("package").join(&file);
        check(&packed, &top)?;
        fs::copy(&packed, release.folder().join(&file)).map_err(|error| format!("{file}: {error}"))?;
    }
    Ok(())
}

/// Fails unless a package contains its README and the texts of both licences.
fn check(package: &Path, top: &str) -> Result<()> {
    let packed = |name: &str| output(program("tar").arg("-xzOf").arg(package).arg(format!("{top}/{name}")));
    packed("README.md")?;
    for name in LICENCES {
        let text = fs::read_to_string(root().join(name)).map_err(|error| format!("{name}: {error}"))?;
        if packed(name)? != text {
            return Err(format!("{name} in {} is not the licence's text", package.display()));
        }
    }
    Ok(())
}
