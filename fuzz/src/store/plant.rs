//! What is not part of a store: foreign files, and what crashed writers left behind.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;
use std::path::PathBuf;

use super::NAMES;
use super::world::World;
use crate::scratch::make_directories;

impl World {
    /// An existing directory of the store, by its path below the root.
    fn directory(&self, account: Option<u8>) -> Option<PathBuf> {
        let path = account.map_or_else(PathBuf::new, |account| NAMES[usize::from(account) % NAMES.len()].into());
        self.root.join(&path).is_dir().then_some(path)
    }

    pub(super) fn plant_foreign(&mut self, account: Option<u8>, what: u8, bytes: &[u8]) {
        let names: [&[u8]; 6] = [b"README", b"x.otp", b".hidden", b"aaaaaaaaaaaaaaaa.bak", b"\xff", b"UPPER"];
        let at = usize::from(what) % names.len();
        let Some(path) = self.directory(account).map(|path| path.join(OsString::from_vec(names[at].to_vec()))) else {
            return;
        };
        if self.foreign.contains_key(&path) {
            return;
        }
        if names[at] == b"UPPER" {
            make_directories(&self.root.join(&path));
            self.foreign.insert(path, None);
        } else {
            fs::write(self.root.join(&path), bytes).unwrap();
            self.foreign.insert(path, Some(bytes.to_vec()));
        }
    }

    pub(super) fn plant_stray(&mut self, account: Option<u8>, what: u8) {
        let Some(directory) = self.directory(account) else {
            return;
        };
        let path = directory.join([".tmp-0", ".tmp-dir-a", ".tmp-dir-b", ".tmp-dir-c"][usize::from(what) % 4]);
        if what.is_multiple_of(4) {
            fs::write(self.root.join(&path), b"half of somethi").unwrap();
        } else {
            make_directories(&self.root.join(&path));
        }
        self.strays.insert(path);
    }
}
