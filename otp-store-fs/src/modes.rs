//! [`Modes`]: what a store gives to what it makes.

use otp_sys::Status;

/// The modes of what a store makes: read bits as its root has them, write permission for the owner alone.
#[derive(Clone, Copy, Debug)]
#[cfg_attr(windows, allow(dead_code, reason = "there are no modes there"))]
pub(crate) struct Modes {
    /// The mode of files: 0600, 0640 or 0644.
    pub(crate) file: u32,
    /// The mode of directories: 0700, 0750 or 0755, and set-group-ID if the root has it.
    pub(crate) dir: u32,
    /// The group that the group bits are for: the root's.
    pub(crate) group: u32,
}

impl Modes {
    /// The modes of what is made below this root.
    pub(crate) fn of(root: &Status) -> Self {
        Self { file: 0o600 | root.mode & 0o044, dir: 0o700 | root.mode & 0o2055, group: root.group }
    }
}

#[cfg(test)]
mod tests {
    use otp_sys::FileKind;

    use super::*;

    #[test]
    fn modes_follow_the_read_bits_of_the_root() {
        for (root, file, dir) in [
            (0o700, 0o600, 0o700),
            (0o750, 0o640, 0o750),
            (0o755, 0o644, 0o755),
            (0o2750, 0o640, 0o2750),
            (0o500, 0o600, 0o700),
            (0o7777, 0o644, 0o2755),
        ] {
            let status = Status { kind: FileKind::Directory, mode: root, owner: 1, group: 2, len: 0, place: (0, 0) };
            let modes = Modes::of(&status);
            assert_eq!((modes.file, modes.dir, modes.group), (file, dir, 2), "{root:o}");
        }
    }
}
