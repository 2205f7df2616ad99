//! The package for Fedora, openSUSE and relatives: built by cargo-generate-rpm, installed, used and removed.

use otp_test_tools::folder;
use xtask::Result;
use xtask::cargo::{cargo, target};
use xtask::sh::{answers, program, run};

use super::installed::Root;
use super::programs::{X86_64, build};
use super::release::Release;
use super::{deb, documents, packagers};

/// Makes the package, and tries it out.
pub(super) fn make(release: &Release) -> Result<()> {
    packagers::require("generate-rpm")?;
    if !answers(program("rpm").arg("--version")) {
        return Err("this needs rpm: apt-get install rpm".into());
    }
    let built = build(release, &X86_64)?;
    deb::stage(release, &documents::make(release)?, built.otp.parent().ok_or("a program without a folder")?)?;
    let package = release.folder().join(format!("otp-link-{}-1.x86_64.rpm", release.version));
    let mut rpm = cargo(&["generate-rpm", "-p", "otp-cli", "--profile", "dist", "--target", X86_64.triple]);
    rpm.args(["--payload-compress", "gzip", "--target-dir"]).arg(target()).arg("--output").arg(&package);
    run(rpm.args(["--source-date", &release.time]))?;

    let top = folder();
    let root = Root::new(top.path())?;
    let rpm = || {
        let mut rpm = root.as_root("rpm");
        rpm.arg("--root").arg(top.path());
        rpm
    };
    // The programs that run when the package is removed.
    for program in ["/bin/sh", "/bin/rmdir"] {
        root.add(program)?;
    }
    // Debian's rpm warns that there is another package manager. The shell in the folder belongs to no package.
    run(rpm().args(["--install", "--force-debian", "--nodeps"]).arg(&package))?;
    root.main_job(release)?;
    run(rpm().args(["--erase", "--force-debian", "otp-link"]))?;
    root.is_empty()
}
