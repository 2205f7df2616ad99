//! [`Root`]: a system of its own in a folder, into which a package is installed, and in which its programs see nothing else.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use xtask::Result;
use xtask::sh::{answers, output, program};

use super::release::Release;
use super::trial::Trial;

/// Where Debian's package of them puts the certificates of the web.
const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The top of the system.
pub(super) struct Root<'r> {
    top: &'r Path,
    is_superuser: bool,
}

impl<'r> Root<'r> {
    /// Makes a folder such a system, with the certificates that the package recommends.
    pub(super) fn new(top: &'r Path) -> Result<Self> {
        let certificates = top.join(&CERTIFICATES[1..]);
        let made = fs::create_dir_all(certificates.parent().unwrap_or(top))
            .and_then(|()| fs::copy(CERTIFICATES, &certificates))
            .and_then(|_| fs::create_dir_all(top.join("dev")))
            // A file is as good as a device for what programs say to nobody, and anybody can make it.
            .and_then(|()| fs::write(top.join("dev/null"), ""));
        made.map_err(|error| format!("{}, or {CERTIFICATES}: {error}", top.display()))?;
        Ok(Self { top, is_superuser: answers(program("test").args(["-w", "/"])) })
    }

    /// A program that may do what root may do to the folder.
    pub(super) fn as_root(&self, name: impl AsRef<OsStr>) -> Command {
        if self.is_superuser {
            return program(name);
        }
        let mut command = program("unshare");
        command.arg("--map-root-user").arg(name);
        command
    }

    /// Does the main job with the program of the package, as the only one there is.
    pub(super) fn main_job(&self, release: &Release) -> Result<()> {
        let otp = || {
            let mut command = self.as_root("chroot");
            command.arg(self.top).arg("/usr/bin/otp");
            command
        };
        // There is no shell, so the program starts itself.
        let show = ["/usr/bin/otp", "get", "--key-file=nightly.key", "--field=username"];
        Trial { otp: &otp, home: self.top, show: &show, helpers: None }.main_job(release)
    }

    /// Puts a program of this machine into the system, with the libraries that it is linked with.
    pub(super) fn add(&self, path: &str) -> Result<()> {
        let linked = output(program("ldd").arg(path))?;
        for file in linked.split_whitespace().filter(|word| word.starts_with('/')).chain([path]) {
            let copy = self.top.join(&file[1..]);
            fs::create_dir_all(copy.parent().unwrap_or(self.top))
                .and_then(|()| fs::copy(file, &copy))
                .map_err(|error| format!("{}: {error}", copy.display()))?;
        }
        Ok(())
    }

    /// Fails if the package has left a file or a folder of its own. Folders that others share may stay.
    pub(super) fn is_empty(&self) -> Result<()> {
        let usr = self.top.join("usr");
        match if usr.exists() { left(&usr)? } else { None } {
            Some(path) => Err(format!("the package has left {}", path.display())),
            None => Ok(()),
        }
    }
}

/// The first thing below a folder that has our name in its own.
fn left(folder: &Path) -> Result<Option<PathBuf>> {
    let failed = |error: io::Error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.file_name().is_some_and(|name| name.to_string_lossy().contains("otp")) {
            return Ok(Some(path));
        }
        if path.is_dir()
            && let Some(path) = left(&path)?
        {
            return Ok(Some(path));
        }
    }
    Ok(None)
}
