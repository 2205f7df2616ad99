//! The package for Debian and its derivatives: built by cargo-deb, checked by lintian, installed, used and removed.

use std::fs;
use std::path::{Path, PathBuf};

use otp_test_tools::folder;
use xtask::Result;
use xtask::cargo::cargo;
use xtask::sh::{answers, output, program, run};

use super::documents::Documents;
use super::installed::Root;
use super::programs::{X86_64, build};
use super::release::Release;
use super::{documents, packagers};

/// The package's maintainer; `docs/releasing.md` says who that is.
pub(super) const MAINTAINER: &str = "The maintainers of otp-link <maintainers@otp-link.invalid>";

/// Makes the package, and tries it out.
pub(super) fn make(release: &Release) -> Result<()> {
    packagers::require("deb")?;
    if !answers(program("lintian").arg("--version")) {
        return Err("this needs lintian: apt-get install lintian".into());
    }
    let built = build(release, &X86_64)?;
    stage(release, &documents::make(release)?, built.otp.parent().ok_or("a program without a folder")?)?;
    let package = release.folder().join(format!("otp-link_{}-1_amd64.deb", release.version));
    let mut deb = cargo(&["deb", "--no-build", "--no-strip", "--locked", "-p", "otp-cli", "--profile", "dist"]);
    deb.args(["--target", X86_64.triple, "--maintainer", MAINTAINER, "--output"]).arg(&package);
    run(deb.env("SOURCE_DATE_EPOCH", &release.time))?;
    run(program("lintian").args(["--fail-on", "error,warning", "--info"]).arg(&package))?;
    try_out(release, &package)
}

/// Puts the other files where the metadata for cargo-deb and cargo-generate-rpm expects them: below the programs.
pub(super) fn stage(release: &Release, documents: &Documents, programs: &Path) -> Result<PathBuf> {
    let stage = programs.join("package");
    let failed = |error: std::io::Error| format!("{}: {error}", stage.display());
    fs::create_dir_all(&stage).map_err(failed)?;
    for file in ["man/otp.1", "completions/otp.bash", "completions/_otp", "completions/otp.fish"] {
        let name = Path::new(file).file_name().unwrap_or_default();
        fs::copy(documents.path(file), stage.join(name)).map_err(failed)?;
    }
    let day = output(program("date").args(["--utc", "--rfc-email", "--date", &format!("@{}", release.time)]))?;
    let changes = format!(
        "otp-link ({}-1) unstable; urgency=medium\n\n  * What is new: /usr/share/doc/otp-link/changelog.gz\n\n -- {MAINTAINER}  {day}",
        release.version
    );
    fs::write(stage.join("changelog.Debian"), changes).map_err(failed)?;
    fs::copy(documents.path("CHANGELOG.md"), stage.join("changelog")).map_err(failed)?;
    let compressed = ["changelog.Debian", "changelog", "otp.1"];
    run(program("gzip").args(["-9nf", "--"]).args(compressed).current_dir(&stage))?;
    Ok(stage)
}

fn try_out(release: &Release, package: &Path) -> Result<()> {
    let top = folder();
    let administration = top.path().join("var/lib/dpkg");
    let made = fs::create_dir_all(administration.join("info"))
        .and_then(|()| fs::create_dir_all(administration.join("updates")))
        .and_then(|()| fs::write(administration.join("status"), ""));
    made.map_err(|error| format!("{}: {error}", administration.display()))?;
    let root = Root::new(top.path())?;
    let dpkg = || {
        let mut dpkg = root.as_root("dpkg");
        dpkg.arg(format!("--root={}", top.path().display())).args(["--force-script-chrootless", "--log=/dev/null"]);
        dpkg
    };
    run(dpkg().arg("--install").arg(package))?;
    root.main_job(release)?;
    run(dpkg().args(["--purge", "otp-link"]))?;
    root.is_empty()
}
