//! The components of each program, as `CycloneDX` documents.

use std::fs;

use otp_test_tools::folder;
use xtask::Result;
use xtask::cargo::cargo;
use xtask::sh::{root, run};

use super::release::Release;
use super::{packagers, programs, source};

/// The crates that become something to install, by folder.
const CRATES: [(&str, &str); 4] =
    [("otp-cli", "otp-cli"), ("otp-remote", "otp-remote"), ("otp-ffi", "otp-ffi"), ("otp-python", "otp-ffi/python")];

/// Writes a document for each of them.
pub(super) fn make(release: &Release) -> Result<()> {
    packagers::require("cyclonedx")?;
    // The tool writes beside the manifests, so a copy of the checkout is used.
    let folder = folder();
    let tree = if source::is_checkout() { source::unpack(release, folder.path())? } else { root().to_owned() };
    let mut sbom = cargo(&["cyclonedx", "--format", "json", "--spec-version", "1.5", "--no-build-deps"]);
    sbom.args(["--target", programs::X86_64.triple]).current_dir(&tree);
    run(sbom.env("SOURCE_DATE_EPOCH", &release.time))?;
    for (name, place) in CRATES {
        let document = tree.join(place).join(format!("{name}.cdx.json"));
        let released = release.folder().join(format!("{name}-{}.cdx.json", release.version));
        // It refers to our crates by their paths.
        fs::read_to_string(&document)
            .and_then(|text| fs::write(released, text.replace(&*tree.to_string_lossy(), "/otp")))
            .map_err(|error| format!("{}: {error}", document.display()))?;
    }
    Ok(())
}
