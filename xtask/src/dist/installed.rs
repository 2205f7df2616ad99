//! [`Root`]: a separate system in a folder, in which packages are installed and their programs see nothing else.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::{fs, io};

use xtask::Result;
use xtask::sh::{answers, output, program};

use super::release::Release;
use super::trial::Trial;

/// Where Debian's package puts the CA certificates.
const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The top of the system.
pub(super) struct Root<'r> {
    top: &'r Path,
    is_superuser: bool,
}

impl<'r> Root<'r> {
    /// Turns a folder into such a system, with the certificates that the package recommends.
    pub(super) fn new(top: &'r Path) -> Result<Self> {
        let certificates = top.join(&CERTIFICATES[1..]);
        let made = fs::create_dir_all(certificates.parent().unwrap_or(top))
            .and_then(|()| fs::copy(CERTIFICATES, &certificates))
            .and_then(|_| fs::create_dir_all(top.join("dev")))
            // For output that nobody reads, a file is as good as a device, and needs no privileges.
            .and_then(|()| fs::write(top.join("dev/null"), ""));
        made.map_err(|error| format!("{}, or {CERTIFICATES}: {error}", top.display()))?;
        Ok(Self { top, is_superuser: answers(program("test").args(["-w", "/"])) })
    }

    /// A program that may change the folder as root could.
    pub(super) fn as_root(&self, name: impl AsRef<OsStr>) -> Command {
        if self.is_superuser {
            return program(name);
        }
        let mut command = program("unshare");
        command.arg("--map-root-user").arg(name);
        command
    }

    /// Does the main job with the package's program, the only one there.
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

    /// Copies a program of this machine into the system, with the libraries that it is linked with.
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

    /// Fails if the package has left a file or a folder of its own behind. Shared folders may stay.
    pub(super) fn is_empty(&self) -> Result<()> {
        let usr = self.top.join("usr");
        match if usr.exists() { left(&usr)? } else { None } {
            Some(path) => Err(format!("the package has left {}", path.display())),
            None => Ok(()),
        }
    }
}

/// The first path below a folder that has our name in it.
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
