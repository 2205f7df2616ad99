//! On Windows, no process can become another: `otp` starts the command, waits for it, and ends with its exit code.

use std::convert::Infallible;
use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;

use otp_link::LockedBuf;

use super::plan::Values;
use super::value_files::ValueFiles;
use crate::error::{Error, Result};
use crate::options::KeyArgs;
use crate::start::Obstacle;

/// Starts the command, whose environment is already set, and ends with its exit code.
pub(super) fn start(
    name: &OsStr,
    mut command: Command,
    arguments: &[OsString],
    mut values: Values<'_>,
    key: &KeyArgs,
) -> Result<Infallible> {
    let input = values.descriptors.pop().map(|(_, value)| value);
    if input.is_some() {
        command.stdin(Stdio::piped());
    } else if key.stream() == Some(0) {
        // The command must not read what follows the key on this stream.
        command.stdin(Stdio::null());
    }
    let contents: Vec<&[u8]> = values.files.iter().map(|(_, value)| value.as_ref()).collect();
    let files = ValueFiles::write(&contents)?;
    values.set_arguments(files.paths(), arguments, &mut command)?;
    drop(values);
    let code = run(&mut command, input);
    // In every case, and before this process ends.
    drop(files);
    match code {
        Ok(code) => std::process::exit(code),
        Err(source) => {
            let obstacle = Obstacle::of(name, &source);
            Err(Error::NotStarted { program: Path::new(name).display().to_string(), obstacle, source })
        }
    }
}

fn run(command: &mut Command, input: Option<LockedBuf>) -> io::Result<i32> {
    let mut running = otp_sys::start(command)?;
    if let Some((mut pipe, value)) = running.take_stdin().zip(input) {
        // The command may never read it, so don't wait for this. A value in a pipe is gone once it is read.
        thread::spawn(move || {
            let _ = pipe.write_all(value.as_ref());
        });
    }
    // On Windows, every process has an exit code.
    Ok(running.wait()?.code().unwrap_or(-1))
}

/// Overwrites a file's contents, durably.
pub(super) fn overwrite(mut file: File) -> io::Result<()> {
    let len = file.metadata()?.len();
    io::copy(&mut io::Read::take(io::repeat(0), len), &mut file)?;
    file.sync_all()
}
