//! How a ring remembers its place, so that a copy of it does not pass for the original (rule 14).

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

#[cfg(windows)]
use otp_sys::machine_id;

use crate::error::{Error, Result};

/// The file that makes a directory a ring. It says on which machine the ring is, and the file's own number there, which
/// differs for a copy.
const NAME: &str = ".otp-ring";
/// What it is called until it is whole.
const FRESH: &str = ".otp-ring.new";
/// The first line of that file.
const FORMAT: &str = "otp ring 1";

pub(super) fn is_ring(path: &Path) -> bool {
    path.join(NAME).is_file()
}

/// Whether a file was left by a [`write`] that was cut short.
pub(super) fn is_left(name: &OsStr) -> bool {
    name == FRESH
}

/// Refuses a ring that was copied, restored, or moved to another file system.
pub(super) fn check(path: &Path) -> Result<()> {
    let failed = |source| Error::Ring { path: path.to_owned(), source };
    let file = File::open(path.join(NAME)).map_err(failed)?;
    let expected = contents(&file).map_err(failed)?;
    let found = io::read_to_string(file).map_err(failed)?;
    if found == expected { Ok(()) } else { Err(Error::RingMoved { path: path.to_owned() }) }
}

/// Writes the file again, durably: the ring is where it is now.
pub(super) fn write(path: &Path) -> io::Result<()> {
    let fresh = path.join(FRESH);
    // One that an earlier call left behind.
    let _ = fs::remove_file(&fresh);
    let mut file = otp_sys::create_private(&fresh)?;
    let text = contents(&file)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    // Windows does not rename an open file.
    drop(file);
    otp_sys::patiently(|| fs::rename(&fresh, path.join(NAME)))?;
    otp_sys::sync_parent(&fresh)
}

fn contents(file: &File) -> io::Result<String> {
    let (_, number) = otp_sys::status_of(file)?.place;
    Ok(format!("{FORMAT}\nmachine {}\nfile {number}\n", machine()))
}

/// What names this machine, as far as the system tells.
fn machine() -> String {
    machine_id().map_or_else(|| "-".to_owned(), |id| id.trim().to_owned())
}

/// The machine id of systemd or D-Bus.
#[cfg(unix)]
fn machine_id() -> Option<String> {
    ["/etc/machine-id", "/var/lib/dbus/machine-id"].iter().find_map(|path| fs::read_to_string(path).ok())
}
