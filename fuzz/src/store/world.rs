//! The two stores, what else was planted in the directory, and how they are compared.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use otp_core::store::{Scope, Slot};
use otp_core::{AccountName, KeyId, Kind, MemoryStore, UnixTime};
use otp_store_fs::{Finding, FsStore, examine};
use tempfile::TempDir;

use super::{Place, Step, content, name};
use crate::objects::objects;
use crate::scratch::{Entry, is_lock, make_directories, restore, scratch, snapshot};
use crate::valid::time;

pub(super) struct World {
    _home: TempDir,
    pub(super) root: PathBuf,
    pub(super) store: FsStore,
    /// The same store, opened a second time.
    pub(super) other: FsStore,
    pub(super) memory: MemoryStore,
    pub(super) now: UnixTime,
    /// The text of each key that was issued.
    pub(super) keys: Vec<String>,
    pub(super) draws: u64,
    /// What is not part of the store, by its path below the root; `None` stands for a directory.
    pub(super) foreign: BTreeMap<PathBuf, Option<Vec<u8>>>,
    /// What crashed writers left behind.
    pub(super) strays: BTreeSet<PathBuf>,
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
            Step::Put(place, number) => self.put(&place.slot(), &content(*number)),
            Step::PutMany(objects) => {
                let object = |(place, number): &(Place, u8)| (place.slot(), content(*number));
                self.put_many(&objects.iter().take(8).map(object).collect::<Vec<_>>());
            }
            Step::PutChunk { account, from, count } => {
                // Rarely many, since every file is looked at after each step.
                let count = if *count < 250 { u16::from(*count) % 32 } else { 255 + u16::from(*count) % 3 };
                let slot = |number: u16| {
                    let mut id = [*from; KeyId::LEN];
                    id[..2].copy_from_slice(&number.to_be_bytes());
                    Slot { account: name(*account), id: KeyId::from_bytes(id), kind: Kind::Record }
                };
                self.put_many(&(0..count).map(|number| (slot(number), vec![*from])).collect::<Vec<_>>());
            }
            Step::Get { place, room } => self.get(&place.slot(), usize::from(*room) % 16_384),
            Step::GetWithNote { place, room } => self.get_with_note(&place.slot(), usize::from(*room) % 16_384),
            Step::Replace { place, expected, new, lock } => {
                self.replace(&place.slot(), *expected, &content(*new), lock);
            }
            Step::List { top: None, stop } => self.list(Scope::All, (*stop).into()),
            Step::List { top: Some(top), stop } => self.list(Scope::Below(&name(*top)), (*stop).into()),
            Step::ListBelow(top) => {
                if let Ok(top) = AccountName::parse(top) {
                    self.list(Scope::Below(&top), usize::MAX);
                }
            }
            Step::ListAccount(account) => self.list_account(&name(*account)),
            Step::Remove(place) => self.remove(&place.slot()),
            Step::Reopen { make: true } => self.store = FsStore::open_or_create(&self.root).unwrap(),
            Step::Reopen { make: false } => self.store = FsStore::open(&self.root).unwrap(),
            Step::Restore(account) => restore(&self.root, name(*account).as_str(), &self.root.with_extension("aside")),
            Step::Swap => std::mem::swap(&mut self.store, &mut self.other),
            Step::Lock(account) => self.lock(&name(*account)),
            Step::Damage(place, change) => self.damage(&place.slot(), |bytes| change.apply(bytes)),
            Step::Foreign { account, what, bytes } => self.plant_foreign(*account, *what, bytes),
            Step::Stray { account, what } => self.plant_stray(*account, *what),
            Step::EmptyDirectory(account) => make_directories(&self.root.join(name(*account).as_str())),
            Step::Examine { fix } => self.examine(*fix),
            Step::Obstacle(place, obstacle) => obstacle.meet(self, &place.slot()),
            Step::Keep { keep, exclusive } => self.keep(keep, *exclusive),
        }
        self.strays.retain(|path| self.root.join(path).symlink_metadata().is_ok());
    }

    /// An examination finds what was planted and empty directories, nothing else; it changes only what it is told to.
    fn examine(&self, fix: bool) {
        let before = (!fix).then(|| snapshot(&self.root));
        let foreign = self.foreign.keys().map(|path| ("foreign", self.root.join(path), false));
        let strays = self.strays.iter().map(|path| ("stray", self.root.join(path), fix));
        let empty = self.empty_directories().into_iter().map(|name| ("empty", self.root.join(name), fix));
        let expected: BTreeSet<(&str, PathBuf, bool)> = foreign.chain(strays).chain(empty).collect();
        let found: BTreeSet<_> = examine(&self.root, fix)
            .into_iter()
            .map(|finding| match finding {
                Finding::Foreign { path } => ("foreign", path, false),
                Finding::Stray { path, removed } => ("stray", path, removed),
                Finding::Empty { path, removed } => ("empty", path, removed),
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(found, expected);
        assert!(before.is_none_or(|before| before == snapshot(&self.root)), "a look changed something");
    }

    /// Both stores have the same objects.
    pub(super) fn check(&self) {
        let Ok(expected) = objects(&self.memory);
        assert_eq!(objects(&self.store).unwrap(), expected);
    }

    /// At the end, exactly the right contents are there, byte by byte.
    pub(super) fn finish(mut self) {
        self.store = FsStore::open(&self.root).unwrap();
        self.check();
        self.examine(true);
        self.strays.clear();
        // A directory that contained only strays is empty by now.
        self.examine(true);
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

/// The directories above a path, below the root.
fn directories(path: &Path) -> impl Iterator<Item = (PathBuf, Entry)> {
    let above = path.ancestors().skip(1).filter(|path| !path.as_os_str().is_empty());
    above.map(|path| (path.to_owned(), Entry::Directory { mode: 0o700 }))
}
