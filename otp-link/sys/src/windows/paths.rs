//! Paths as the system's calls take them, and names that it does not keep as they are.

use std::io::{self, ErrorKind};
use std::os::windows::ffi::OsStrExt;
use std::path::{Component, Path, Prefix};

/// Names of devices, in each directory and with any extension.
const DEVICES: [&str; 6] = ["con", "prn", "aux", "nul", "conin$", "conout$"];
/// Devices that are followed by a digit.
const NUMBERED: [&str; 2] = ["com", "lpt"];

/// Text followed by a NUL.
pub(super) fn wide(text: impl AsRef<std::ffi::OsStr>) -> io::Result<Vec<u16>> {
    let mut wide: Vec<u16> = text.as_ref().encode_wide().collect();
    if wide.contains(&0) {
        return Err(io::Error::new(ErrorKind::InvalidInput, "it has a NUL in it"));
    }
    wide.push(0);
    Ok(wide)
}

/// A path followed by a NUL, absolute, and in the form that may be longer than 260 characters.
pub(super) fn wide_path(path: &Path) -> io::Result<Vec<u16>> {
    let path = std::path::absolute(path)?;
    let text = path.as_os_str();
    let long = match path.components().next() {
        Some(Component::Prefix(prefix)) => match prefix.kind() {
            Prefix::Disk(_) => Some((r"\\?\", 0)),
            // Two backslashes are dropped.
            Prefix::UNC(..) => Some((r"\\?\UNC\", 2)),
            _ => None,
        },
        _ => None,
    };
    match long {
        Some((before, skipped)) => {
            let path = wide(text)?;
            Ok(before.encode_utf16().chain(path[skipped..].iter().copied()).collect())
        }
        None => wide(text),
    }
}

/// Refuses to make something whose name the system would change, or take for a device.
///
/// # Errors
///
/// `InvalidFilename`: a part of the path is the name of a device, such as `nul` or `com1.key`, or ends with a dot or a space.
pub fn check_name(path: &Path) -> io::Result<()> {
    let names = path.components().filter_map(|part| match part {
        Component::Normal(name) => Some(name.as_encoded_bytes()),
        _ => None,
    });
    // What ends the path is no component of it.
    let last = path.as_os_str().as_encoded_bytes().rsplit(|byte| matches!(byte, b'\\' | b'/')).next();
    for name in names.chain(last.filter(|last| ![&b"."[..], b".."].contains(last))) {
        if matches!(name.last(), Some(b'.' | b' ')) {
            return Err(io::Error::new(
                ErrorKind::InvalidFilename,
                "Windows drops a dot or space at the end of a name",
            ));
        }
        if is_device(name) {
            return Err(io::Error::new(ErrorKind::InvalidFilename, "Windows takes this name for a device"));
        }
        if name.contains(&b':') {
            return Err(io::Error::new(ErrorKind::InvalidFilename, "Windows takes a colon for a part of another file"));
        }
    }
    Ok(())
}

fn is_device(name: &[u8]) -> bool {
    let stem = name.split(|byte| *byte == b'.').next().unwrap_or_default().trim_ascii_end().to_ascii_lowercase();
    let Ok(stem) = str::from_utf8(&stem) else { return false };
    let number = NUMBERED.iter().find_map(|device| stem.strip_prefix(device));
    DEVICES.contains(&stem)
        || number.is_some_and(|n| {
            n.chars().count() == 1
                && n.contains(['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '\u{b9}', '\u{b2}', '\u{b3}'])
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_would_not_be_kept_is_refused() {
        for name in [
            "nul",
            r"C:\keys\AUX",
            "com1.key",
            "lpt\u{b9}",
            "con .txt",
            "a.",
            "a ",
            r"a.\b",
            "nightly.key:x",
            "conout$",
        ] {
            assert_eq!(check_name(Path::new(name)).unwrap_err().kind(), ErrorKind::InvalidFilename, "{name}");
        }
        for name in
            ["nightly.key", r"C:\keys\a.b", "..\\a", ".", ".hidden", "null", "com", "com10", "console", r"\\s\c\a", ""]
        {
            check_name(Path::new(name)).unwrap();
        }
    }

    #[test]
    fn a_long_form_is_given_to_drives_and_shares() {
        let form = |path: &str| String::from_utf16(&wide_path(Path::new(path)).unwrap()).unwrap();
        assert_eq!(form(r"C:\a\..\b"), "\\\\?\\C:\\b\0");
        assert_eq!(form(r"\\server\share\a"), "\\\\?\\UNC\\server\\share\\a\0");
        assert_eq!(form(r"\\?\C:\a"), "\\\\?\\C:\\a\0");
        assert!(form("a").ends_with("\\a\0") && form("a").starts_with(r"\\?\"));
        assert!(wide_path(Path::new("a\0b")).is_err());
    }
}
