//! The source archive, and whether it has everything that its tests need.

use std::path::{Path, PathBuf};

use otp_test_tools::folder;
use xtask::Result;
use xtask::cargo::target;
use xtask::sh::{program, root, run};

use super::release::Release;

/// Packs the commit's tree.
pub(super) fn make(release: &Release) -> Result<()> {
    if !is_checkout() {
        return Err("a source archive is made in a checkout".into());
    }
    let tar = release.folder().join(format!("{}.tar", release.name()));
    let mut git = program("git");
    // Files that root unpacks must not be writable for a group.
    git.args(["-c", "tar.umask=0022", "archive", "--format=tar", &format!("--prefix={}/", release.name())]);
    run(git.arg("--output").arg(&tar).arg("HEAD"))?;
    run(program("gzip").args(["-9nf", "--"]).arg(tar))
}

/// Whether this tree is a git checkout, and not an exported tree.
pub(super) fn is_checkout() -> bool {
    root().join(".git").exists()
}

/// Unpacks the archive into a folder, and returns the top of the tree.
pub(super) fn unpack(release: &Release, folder: &Path) -> Result<PathBuf> {
    make(release)?;
    std::fs::create_dir_all(folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    let archive = release.folder().join(format!("{}.tar.gz", release.name()));
    run(program("tar").arg("-xzf").arg(archive).arg("-C").arg(folder))?;
    Ok(folder.join(release.name()))
}

/// Runs every test in the unpacked archive, without git and, once the crates are downloaded, without a registry.
pub(super) fn check_suite(release: &Release) -> Result<()> {
    let folder = folder();
    let tree = unpack(release, folder.path())?;
    let cargo = || {
        let mut cargo = program("cargo");
        cargo.current_dir(&tree).env("CARGO_TARGET_DIR", target().join("dist-suite"));
        cargo
    };
    run(cargo().args(["fetch", "--locked"]))?;
    run(cargo().args(["xtask", "test"]).env("CARGO_NET_OFFLINE", "true").env("PIP_NO_INDEX", "1"))
}
