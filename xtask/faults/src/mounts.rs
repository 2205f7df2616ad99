//! Small file systems that no other process sees: a helper mounts them in its own mount namespace.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::folder::make_folder;
use xtask::Result;
use xtask::sh::answers;

/// A shell in its own mount namespace. Its mounts vanish when it ends.
pub(crate) struct Helper {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// A mounted file system.
pub(crate) struct Mount {
    /// Its path in the helper's namespace.
    inside: PathBuf,
    /// The same place, as seen by this process and its children.
    pub(crate) folder: PathBuf,
}

impl Helper {
    pub(crate) fn new() -> Result<Self> {
        let as_root = ["--mount"].as_slice();
        let as_user = ["--mount", "--map-root-user"].as_slice();
        let Some(options) = [as_root, as_user].into_iter().find(|options| answers(&mut unshare(options, "true")))
        else {
            return Err("full and read-only disks need a mount namespace: run as root, or allow namespaces to users \
                        (sysctl kernel.unprivileged_userns_clone=1, kernel.apparmor_restrict_unprivileged_userns=0); \
                        unshare comes with util-linux"
                .into());
        };
        let failed = |error| format!("unshare: {error}");
        let mut child = unshare(options, "sh").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(failed)?;
        let (Some(orders), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the helper has no pipes".into());
        };
        let mut helper = Self { child, orders, answers: BufReader::new(answers) };
        helper.order("mount --make-rprivate /")?;
        Ok(helper)
    }

    /// Mounts a file system at a new folder, which is appended to `order`.
    pub(crate) fn mount(&mut self, inside: PathBuf, order: &str) -> Result<Mount> {
        make_folder(&inside)?;
        self.order(&format!("{order} {}", inside.display()))?;
        let root = PathBuf::from(format!("/proc/{}/root", self.child.id()));
        let folder = root.join(inside.strip_prefix("/").unwrap_or(&inside));
        Ok(Mount { inside, folder })
    }

    pub(crate) fn set_read_only(&mut self, mount: &Mount, read_only: bool) -> Result<()> {
        let mode = if read_only { "ro" } else { "rw" };
        self.order(&format!("mount -o remount,bind,{mode} {}", mount.inside.display()))
    }

    /// Runs a command in the shell, and waits for it.
    fn order(&mut self, order: &str) -> Result<()> {
        let failed = |error: std::io::Error| format!("{order}: {error}");
        writeln!(self.orders, "{{ {order}; }} </dev/null >&2; echo $?").map_err(failed)?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer).map_err(failed)?;
        if answer.trim() == "0" { Ok(()) } else { Err(format!("{order}: it ended with {}", answer.trim())) }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn unshare(options: &[&str], program: &str) -> Command {
    let mut command = Command::new("unshare");
    command.args(options).arg(program);
    command
}

/// Whether a program is on the `PATH`.
pub(crate) fn is_there(program: &str) -> bool {
    let places = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&places).chain([Path::new("/usr/sbin").into()]).any(|place| place.join(program).is_file())
}
