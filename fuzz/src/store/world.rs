//! The two stores, what else was planted in the directory, and how they are compared.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::fs;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStringExt;
use std::path::{Path, PathBuf};

use otp_core::store::{Slot, Store};
use otp_core::{AccountName, KeyId, MemoryStore, UnixTime};
use otp_store_fs::FsStore;
use otp_store_fs::doctor::{Severity, examine_store};
use tempfile::TempDir;

use super::{KINDS, NAMES, PREFIXES, Place, Step, content, name};
use crate::scratch::{Entry, is_lock, make_directories, restore, scratch, snapshot};
use crate::support::time;

pub(super) struct World {
    _home: TempDir,
    pub(super) root: PathBuf,
    pub(super) store: FsStore,
    /// The same store, opened twice.
    other: FsStore,
    pub(super) memory: MemoryStore,
    pub(super) now: UnixTime,
    /// The text of each key that was given.
    pub(super) keys: Vec<String>,
    pub(super) draws: u64,
    /// What is no part of a store, by its path below the root; `None` is a directory.
    foreign: BTreeMap<PathBuf, Option<Vec<u8>>>,
    /// What writers that crashed left behind.
    strays: BTreeSet<PathBuf>,
}

impl World {
    pub(super) fn new() -> Self {
        let home = scratch();
        let root = home.path().join("store");
        let store = FsStore::open_or_create(&root).unwrap();
        let (other, memory) = (FsStore::open(&root).unwrap(), MemoryStore::new());
        let (foreign, strays) = (BTreeMap::new(), BTreeSet::new());
        let now = time(1_800_000_000);
        Self { _home: home, root, store, other, memory, now, keys: Vec::new(), draws: 0, foreign, strays }
    }

    pub(super) fn perform(&mut self, step: &Step<'_>) {
        match step {
            Step::Put(place, number) => {
                let (slot, bytes) = (place.slot(), content(*number));
                let Ok(put) = self.memory.put(&slot, &bytes);
                assert_eq!(self.store.put(&slot, &bytes).unwrap(), put);
            }
            Step::PutAll(objects) => {
                let object = |(place, number): &(Place, u8)| (place.slot(), content(*number));
                self.put_all(&objects.iter().take(8).map(object).collect::<Vec<_>>());
            }
            Step::PutMany { account, from, count } => {
                let id = |number: u8| KeyId::from_bytes([from.wrapping_add(number); 10]);
                let slot = |number| Slot { account: name(*account), id: id(number), kind: KINDS[0] };
                self.put_all(&(0..30 + count % 8).map(|number| (slot(number), vec![number])).collect::<Vec<_>>());
            }
            Step::Get { place, room } => {
                let [mut one, mut other] = [(); 2].map(|()| vec![0xaa; usize::from(*room) % 16_384]);
                let Ok(len) = self.memory.get(&place.slot(), &mut other);
                assert_eq!(self.store.get(&place.slot(), &mut one).unwrap(), len);
                assert_eq!(one, other);
            }
            Step::List { prefix, stop } => {
                self.list(PREFIXES[usize::from(*prefix) % PREFIXES.len()], usize::from(*stop));
            }
            Step::ListOf(prefix) => self.list(prefix, usize::MAX),
            Step::Remove(place) => {
                let Ok(removed) = self.memory.remove(&place.slot());
                assert_eq!(self.store.remove(&place.slot()).unwrap(), removed);
            }
            Step::Reopen { make: true } => self.store = FsStore::open_or_create(&self.root).unwrap(),
            Step::Reopen { make: false } => self.store = FsStore::open(&self.root).unwrap(),
            Step::Restore(account) => restore(&self.root, name(*account).as_str(), &self.root.with_extension("aside")),
            Step::Swap => std::mem::swap(&mut self.store, &mut self.other),
            Step::Lock { account, prune } => self.lock(&name(*account), *prune),
            Step::Prune(account) => self.prune(&name(*account)),
            Step::Damage(place, change) => {
                let path = self.store.path_of(&place.slot());
                if let Ok(mut bytes) = fs::read(&path) {
                    change.apply(&mut bytes);
                    fs::write(&path, &bytes).unwrap();
                    let Ok(there) = self.memory.remove(&place.slot());
                    let Ok(put) = self.memory.put(&place.slot(), &bytes);
                    assert!(there && put);
                }
            }
            Step::Foreign { account, what, bytes } => self.plant_foreign(*account, *what, bytes),
            Step::Stray { account, what } => self.plant_stray(*account, *what),
            Step::EmptyDirectory(account) => make_directories(&self.root.join(name(*account).as_str())),
            Step::Doctor { fix } => self.doctor(*fix),
            Step::Obstacle(place, obstacle) => obstacle.meet(self, &place.slot()),
            Step::Keep { keep, alone } => self.keep(keep, *alone),
        }
        self.strays.retain(|path| self.root.join(path).symlink_metadata().is_ok());
    }

    fn put_all(&self, objects: &[(Slot, Vec<u8>)]) {
        let objects: Vec<(Slot, &[u8])> = objects.iter().map(|(slot, bytes)| (slot.clone(), &bytes[..])).collect();
        let Ok(count) = self.memory.put_all(&objects);
        assert_eq!(self.store.put_all(&objects).unwrap(), count);
    }

    fn list(&self, prefix: &str, stop: usize) {
        let Ok(expected) = slots(&self.memory, prefix, stop);
        assert_eq!(slots(&self.store, prefix, stop).unwrap(), expected);
    }

    fn lock(&self, account: &AccountName, prune: bool) {
        let lock = self.store.lock(account).unwrap();
        let directory = self.root.join(account.as_str());
        if prune {
            self.store.prune(account).unwrap();
            assert!(directory.join(".lock").is_file(), "somebody holds it");
        }
        for entry in fs::read_dir(&directory).unwrap() {
            assert!(!entry.unwrap().file_name().as_encoded_bytes().starts_with(b".tmp-"));
        }
        drop(lock);
    }

    fn prune(&self, account: &AccountName) {
        self.store.prune(account).unwrap();
        let directory = self.root.join(account.as_str());
        let is_empty = |directory: fs::ReadDir| directory.flatten().all(|entry| is_lock(&entry.path()));
        assert!(!fs::read_dir(directory).is_ok_and(is_empty), "an empty one is gone");
    }

    /// A directory of the store that is there, by its path below the root.
    fn directory(&self, account: Option<u8>) -> Option<PathBuf> {
        let path = account.map_or_else(PathBuf::new, |account| NAMES[usize::from(account) % NAMES.len()].into());
        self.root.join(&path).is_dir().then_some(path)
    }

    fn plant_foreign(&mut self, account: Option<u8>, what: u8, bytes: &[u8]) {
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

    fn plant_stray(&mut self, account: Option<u8>, what: u8) {
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

    fn doctor(&self, fix: bool) {
        let before = (!fix).then(|| snapshot(&self.root));
        let mut expected: BTreeSet<(String, bool)> = BTreeSet::new();
        let shown = |path: &PathBuf| self.root.join(path).display().to_string();
        expected.extend(self.foreign.keys().map(|path| (shown(path), false)));
        expected.extend(self.strays.iter().map(|path| (shown(path), fix)));
        let mut findings = examine_store(&self.root, fix);
        findings.retain(|finding| finding.severity > Severity::Notice);
        let found: BTreeSet<_> = findings.into_iter().map(|finding| (finding.subject, finding.fixed)).collect();
        assert_eq!(found, expected);
        assert!(before.is_none_or(|before| before == snapshot(&self.root)), "who only looks changes nothing");
    }

    /// Both stores have the same objects.
    pub(super) fn check(&self) {
        let Ok(expected) = objects(&self.memory);
        assert_eq!(objects(&self.store).unwrap(), expected);
    }

    /// What is there in the end, byte by byte, and nothing else.
    pub(super) fn finish(mut self) {
        self.store = FsStore::open(&self.root).unwrap();
        self.check();
        self.doctor(true);
        self.strays.clear();
        // A directory that had only strays is empty by now.
        self.doctor(true);
        let Ok(objects) = objects(&self.memory);
        let files = objects.into_iter().map(|(slot, bytes)| {
            let path = self.store.path_of(&slot).strip_prefix(&self.root).unwrap().to_owned();
            (path, Entry::File { mode: 0o600, bytes })
        });
        let mut expected: BTreeMap<PathBuf, Entry> = files.collect();
        let mut found = snapshot(&self.root);
        for (path, bytes) in self.foreign {
            let planted = found.remove(&path).unwrap();
            match (bytes, planted) {
                (Some(bytes), Entry::File { bytes: planted, .. }) => assert_eq!(planted, bytes),
                (None, Entry::Directory { .. }) => {}
                (bytes, planted) => panic!("{planted:?} instead of {bytes:?}"),
            }
            expected.extend(directories(&path));
        }
        let above: Vec<_> = expected.keys().flat_map(|path| directories(path)).collect();
        expected.extend(above);
        let locks: Vec<PathBuf> = found.keys().filter(|path| is_lock(path)).cloned().collect();
        for lock in locks {
            found.remove(&lock);
            assert!(expected.contains_key(lock.parent().unwrap()));
        }
        assert_eq!(found, expected);
    }
}

/// The slots below a prefix; it stops the list behind some.
pub(super) fn slots<S: Store>(store: &S, prefix: &str, stop: usize) -> Result<Vec<Slot>, S::Error> {
    let mut slots = Vec::new();
    store.list(prefix, &mut |slot| {
        slots.push(slot.clone());
        if slots.len() > stop { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
    })?;
    Ok(slots)
}

fn objects<S: Store>(store: &S) -> Result<Vec<(Slot, Vec<u8>)>, S::Error> {
    let mut buffer = vec![0; 16_384];
    let object = |slot: Slot| {
        let len = store.get(&slot, &mut buffer)?.expect("it was listed");
        Ok((slot, buffer[..len].to_vec()))
    };
    slots(store, "", usize::MAX)?.into_iter().map(object).collect()
}

/// The directories above a path, below the root.
fn directories(path: &Path) -> impl Iterator<Item = (PathBuf, Entry)> {
    let above = path.ancestors().skip(1).filter(|path| !path.as_os_str().is_empty());
    above.map(|path| (path.to_owned(), Entry::Directory { mode: 0o700 }))
}
