//! The standard streams.

use std::fs::File;
use std::io::{self, ErrorKind};
use std::os::windows::io::AsHandle;

/// A copy of an open file's handle, which no program inherits here.
pub fn inherited(file: &File) -> io::Result<File> {
    file.try_clone()
}

/// Whether reading from an open file consumes what is read.
pub fn is_stream(file: &File) -> io::Result<bool> {
    let kind = file.metadata()?.file_type();
    Ok(!kind.is_file() && !kind.is_dir())
}

/// Standard output, without the standard library's buffer, which would keep a copy of a secret.
pub fn standard_output() -> io::Result<File> {
    Ok(File::from(io::stdout().as_handle().try_clone_to_owned()?))
}

/// Standard input, without the standard library's buffer, which would keep a copy of a secret.
pub fn standard_input() -> io::Result<File> {
    Ok(File::from(io::stdin().as_handle().try_clone_to_owned()?))
}

/// Standard input for number 0. Windows hands no other numbered descriptors to a process.
///
/// # Errors
///
/// `Unsupported`, and the system's.
pub fn take_fd(number: i32) -> io::Result<File> {
    match number {
        0 => standard_input(),
        _ => Err(io::Error::new(ErrorKind::Unsupported, "Windows hands no numbered descriptors to a program")),
    }
}
