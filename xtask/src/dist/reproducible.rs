//! Whether two builds in two folders give the same bytes.

use std::fs;

use xtask::Result;
use xtask::cargo::target;
use xtask::sh::{program, run};

use super::release::Release;
use super::source;

/// What is compared: everything that is built.
const PARTS: [&str; 7] = ["programs", "deb", "rpm", "c", "python", "windows", "sbom"];
/// Two folders whose paths differ, even in length. MinGW can't handle a space in a path.
const FOLDERS: [&str; 2] = ["one", "the-other-one"];

/// Builds the release twice, each time from the source archive in its own folder, and compares the checksums.
pub(super) fn check(release: &Release) -> Result<()> {
    let mut sums = Vec::new();
    for name in FOLDERS {
        let folder = target().join("dist-reproducible").join(name);
        // The sources are as old as their commit, so cargo would take the products of a later one to be up to date.
        let _ = fs::remove_dir_all(&folder);
        let tree = source::unpack(release, &folder)?;
        let mut dist = program("cargo");
        dist.current_dir(&tree).env("CARGO_TARGET_DIR", folder.join("target"));
        run(dist.args(["xtask", "dist"]).args(PARTS))?;
        let path = folder.join("target/dist-files/SHA256SUMS");
        sums.push(fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?);
    }
    let differing: Vec<&str> = sums[0].lines().filter(|line| !sums[1].lines().any(|other| other == *line)).collect();
    if differing.is_empty() && sums[0].lines().count() == sums[1].lines().count() {
        println!("\nthe same bytes twice:\n{}", sums[0]);
        Ok(())
    } else {
        Err(format!("two builds differ:\n{}", differing.join("\n")))
    }
}
