//! What crashed writers left behind.

use std::io::{self, ErrorKind};
use std::ops::ControlFlow;

use otp_sys::FileKind;

use crate::names::{LOCK, TEMPORARY};
use crate::platform::Dir;

/// Removes the temporary files and directories that nobody is working on, and says whether only the lock is left.
pub(crate) fn clear(dir: &Dir) -> io::Result<bool> {
    let (mut temporaries, mut only_a_lock) = (Vec::new(), true);
    dir.entries(&mut |name, kind| {
        match name.to_str().filter(|name| name.starts_with(TEMPORARY)) {
            Some(name) => temporaries.push((name.to_owned(), kind)),
            None => only_a_lock &= name == LOCK,
        }
        ControlFlow::Continue(())
    })?;
    for temporary in temporaries {
        let is_stray = match &temporary {
            // Its maker locks it. If they do so only after this look, they find it gone and start over.
            (name, FileKind::File | FileKind::Directory) => dir.is_stray(name).unwrap_or(false),
            (_, FileKind::Symlink | FileKind::Other) => false,
        };
        if is_stray {
            remove(dir, &temporary)?;
        } else {
            only_a_lock = false;
        }
    }
    Ok(only_a_lock)
}

/// Removes a temporary file or directory, unless somebody else did already.
pub(crate) fn remove(dir: &Dir, (name, kind): &(String, FileKind)) -> io::Result<()> {
    let removed = if *kind == FileKind::Directory { dir.remove_dir(name) } else { dir.remove_file(name) };
    match removed {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        outcome => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stray_that_somebody_else_removed_is_no_error() {
        let home = otp_test_tools::folder();
        let dir = Dir::open(home.path()).unwrap();
        for kind in [FileKind::File, FileKind::Directory] {
            remove(&dir, &(".tmp-1".to_owned(), kind)).unwrap();
        }
        std::fs::create_dir_all(home.path().join(".tmp-2/below")).unwrap();
        assert!(remove(&dir, &(".tmp-2".to_owned(), FileKind::Directory)).is_err());
    }
}
