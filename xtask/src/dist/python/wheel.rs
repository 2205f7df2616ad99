//! [`Maker`]: builds wheels with maturin, and adds the helper for remote stores.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use otp_test_tools::folder;
use xtask::Result;
use xtask::cargo::target;
use xtask::sh::{output, program, run};

use super::super::release::Release;
use super::{File, LINUX, MANIFEST};
use crate::windows;

/// Puts a program into a wheel, beside the extension module that starts it: the wheel, the program, its path, the time.
const ADD: &str = "
import base64, hashlib, pathlib, sys, time, zipfile
wheel, program, place, when = sys.argv[1:]
date = time.gmtime(int(when))[:6]
with zipfile.ZipFile(wheel) as archive:
    members = [(info, archive.read(info)) for info in archive.infolist()]
[record] = [info for info, _ in members if info.filename.endswith('.dist-info/RECORD')]
body = pathlib.Path(program).read_bytes()
digest = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).rstrip(b'=').decode()
info = zipfile.ZipInfo(place, date)
info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o100755 << 16
with zipfile.ZipFile(wheel, 'w', zipfile.ZIP_DEFLATED) as archive:
    archive.writestr(info, body)
    for info, content in members:
        if info is record:
            content = f'{place},sha256={digest},{len(body)}\\n'.encode() + content
        info.date_time = date
        archive.writestr(info, content)
";

/// What all wheels are made with.
pub(super) struct Maker<'m> {
    pub(super) release: &'m Release,
    /// The environment with the tools.
    pub(super) venv: &'m Path,
    /// The `PATH` to use them.
    pub(super) path: &'m OsStr,
}

impl Maker<'_> {
    /// A wheel for a Linux, new or old.
    pub(super) fn linux(&self, triple: &str, helper: &Path) -> Result<File> {
        run(program("rustup").args(["target", "add", triple]))?;
        let arguments = ["--target", triple, "--zig", "--compatibility", LINUX];
        self.wheel(&arguments, &target().join("python"), helper, "otp_link/otp-remote")
    }

    /// A wheel for Windows.
    pub(super) fn windows(&self, helper: &Path) -> Result<File> {
        self.wheel(&["--target", windows::TARGET], &windows::folder(), helper, "otp_link/otp-remote.exe")
    }

    fn wheel(&self, arguments: &[&str], built_in: &Path, helper: &Path, place: &str) -> Result<File> {
        let made = self.maturin(
            &[&["build", "--locked", "--release", "--manifest-path", MANIFEST], arguments].concat(),
            built_in,
        )?;
        run(program("python3").args(["-c", ADD]).arg(&made).arg(helper).args([place, &self.release.time]))?;
        Ok(made)
    }

    /// The source package.
    pub(super) fn source(&self) -> Result<File> {
        self.maturin(&["sdist", "--manifest-path", MANIFEST], &target().join("python"))
    }

    /// Runs the build, and returns what it made.
    fn maturin(&self, arguments: &[&str], built_in: &Path) -> Result<File> {
        let folder = folder();
        let mut maturin = program(self.venv.join("bin/maturin"));
        maturin.args(arguments).arg("--out").arg(folder.path());
        maturin.env("PATH", self.path).env("CARGO_TARGET_DIR", built_in);
        run(self.release.reproducible(&mut maturin)?)?;
        let failed = |error: std::io::Error| format!("{}: {error}", folder.path().display());
        let mut made = fs::read_dir(folder.path()).map_err(failed)?;
        let file = made.next().ok_or("maturin has made nothing")?.map_err(failed)?;
        let released = self.release.folder().join(file.file_name());
        fs::copy(file.path(), &released).map_err(failed)?;
        Ok(released)
    }

    /// Whether a wheel runs on all systems that its name promises.
    pub(super) fn audit(&self, wheel: &Path, promised: &str) -> Result<()> {
        let said = output(program(self.venv.join("bin/auditwheel")).arg("show").arg(wheel).env("PATH", self.path))?;
        let words = said.split_whitespace().collect::<Vec<_>>().join(" ");
        if words.contains(&format!("constrains the platform tag to \"{promised}\""))
            || words.contains(&format!("consistent with the following platform tag: \"{promised}\""))
        {
            Ok(())
        } else {
            Err(format!("{} is not for {promised}:\n{said}", wheel.display()))
        }
    }
}
