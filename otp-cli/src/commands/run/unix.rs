//! On Unix, `otp` becomes the command: signals, exit code and descriptors are the command's own.

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};
use std::process::Command;

use super::plan::Values;
use crate::error::{Error, Result};
use crate::options::KeyArgs;
use crate::start::Obstacle;
use crate::streams::{self, descriptor};

/// Becomes the command, whose environment is already set.
pub(super) fn start(
    name: &OsStr,
    mut command: Command,
    arguments: &[OsString],
    values: Values<'_>,
    key: &KeyArgs,
) -> Result<Infallible> {
    let mut files = files(&values, arguments, &mut command)?;
    withhold_key(key, &mut files)?;
    // The command's descriptors hold copies.
    drop(values);
    let source = otp_sys::exec_with_fds(&mut command, files);
    let obstacle = Obstacle::of(name, &source);
    Err(Error::NotStarted { program: Path::new(name).display().to_string(), obstacle, source })
}

/// The files that the command finds at its descriptors.
fn files(values: &Values<'_>, arguments: &[OsString], command: &mut Command) -> Result<Vec<(File, i32)>> {
    let mut files = Vec::new();
    for (number, value) in &values.descriptors {
        files.push((pipe(value.as_ref())?, *number));
    }
    if cfg!(target_os = "linux") && !values.files.is_empty() && !is_open(0) {
        return Err(Error::usage_with("--file needs /proc, which is not mounted", "use --fd or --stdin"));
    }
    let (mut next, mut paths) = (10, Vec::new());
    for (_, value) in &values.files {
        while files.iter().any(|(_, number)| *number == next) || is_open(next) {
            next += 1;
        }
        paths.push(path_of(next));
        files.push((memory_file(value.as_ref())?, next));
    }
    values.set_arguments(&paths, arguments, command)?;
    Ok(files)
}

/// If the key came from a descriptor, by any name, withholds it and its duplicates from the command.
fn withhold_key(key: &KeyArgs, files: &mut Vec<(File, i32)>) -> Result<()> {
    let Some(path) = key.path().filter(|path| streams::leads_to_descriptor(path)) else { return Ok(()) };
    let origin = place(&path);
    let is_origin = |number: &i32| place(&descriptor(*number)) == origin;
    let open = std::fs::read_dir("/dev/fd").ok().filter(|_| origin.is_some());
    let numbers: Vec<i32> = match open {
        Some(open) => {
            open.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok()).filter(is_origin).collect()
        }
        // Without /proc, for example: by the number alone.
        None => key.stream().into_iter().collect(),
    };
    for number in numbers {
        // From a file, a script could rewind and read the key. A terminal yields only what is typed next.
        if number == 0 && !io::stdin().is_terminal() && files.iter().all(|(_, taken)| *taken != 0) {
            let nothing = File::open("/dev/null").map_err(Error::io("/dev/null can't be opened"))?;
            files.push((nothing, 0));
        } else if number > 2 {
            // If it is no longer open, so much the better.
            let _ = otp_sys::close_on_exec(number);
        }
    }
    Ok(())
}

/// What a path leads to: the number of its file system, and its number there.
fn place(path: &Path) -> Option<(u64, u64)> {
    use std::os::unix::fs::MetadataExt;
    path.metadata().ok().map(|metadata| (metadata.dev(), metadata.ino()))
}

/// A value that can be read once. One that is too long for a pipe becomes a file in memory, which can be read again.
fn pipe(value: &[u8]) -> Result<File> {
    match otp_sys::filled_pipe(value).map_err(Error::io("a pipe can't be made"))? {
        Some(pipe) => Ok(pipe),
        None => memory_file(value),
    }
}

fn memory_file(value: &[u8]) -> Result<File> {
    otp_sys::sealed_memory_file("otp", value).map_err(Error::io("a file in memory can't be made"))
}

/// Whether something is open at a number.
fn is_open(number: i32) -> bool {
    path_of(number).symlink_metadata().is_ok()
}

/// The path of a descriptor of this process, which stays valid when it becomes the command.
///
/// It contains the process's id, so that the command's children can use it too, even if they close what they inherit.
fn path_of(number: i32) -> PathBuf {
    let path: OsString = if cfg!(target_os = "linux") {
        format!("/proc/{}/fd/{number}", std::process::id()).into()
    } else {
        format!("/dev/fd/{number}").into()
    };
    path.into()
}
