//! Small file systems that nobody else sees: a helper mounts them in a mount namespace of its own.

use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::folder::make_folder;
use crate::Result;
use crate::sh::answers;

/// A shell that does what it is told in its own mount namespace, and ends with everything that it mounted.
pub(super) struct Helper {
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// A mounted file system.
pub(super) struct Mount {
    /// Where the helper has it.
    inside: PathBuf,
    /// The same place as this process and its children reach it.
    pub(super) folder: PathBuf,
}

impl Helper {
    pub(super) fn new() -> Result<Self> {
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

    /// Mounts a file system at a new folder. What `order` says gets the folder at its end.
    pub(super) fn mount(&mut self, inside: PathBuf, order: &str) -> Result<Mount> {
        make_folder(&inside)?;
        self.order(&format!("{order} {}", inside.display()))?;
        let root = PathBuf::from(format!("/proc/{}/root", self.child.id()));
        let folder = root.join(inside.strip_prefix("/").unwrap_or(&inside));
        Ok(Mount { inside, folder })
    }

    pub(super) fn set_read_only(&mut self, mount: &Mount, read_only: bool) -> Result<()> {
        let mode = if read_only { "ro" } else { "rw" };
        self.order(&format!("mount -o remount,bind,{mode} {}", mount.inside.display()))
    }

    /// Has the shell run a command, and waits for it.
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

/// Whether a program is on the path of programs.
pub(super) fn is_there(program: &str) -> bool {
    let places = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&places).chain([Path::new("/usr/sbin").into()]).any(|place| place.join(program).is_file())
}
