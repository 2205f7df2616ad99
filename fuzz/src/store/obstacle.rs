//! What stands in a store's way: it is refused with the right code, or not seen at all, and nothing happens to it.

use std::fs;
use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use arbitrary::Arbitrary;
use otp_core::store::{Slot, Store};
use otp_core::{Code, Coded};
use otp_store_fs::doctor::examine_store;
use otp_store_fs::{Error, FsStore};

use super::world::{World, slots};
use crate::scratch::{change_mode, make_directories, snapshot};

#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
pub(super) enum Obstacle {
    /// In the place of an object: a link, a directory, a socket; or the object, and others can write to it.
    ObjectLink,
    ObjectDirectory,
    ObjectSocket,
    ObjectOpen,
    /// The same of an account's directory.
    AccountLink,
    AccountFile,
    AccountOpen,
    /// Others can write to the whole store.
    RootOpen,
}

/// What the store's verbs answer; `None` is what they answer otherwise.
struct Answers {
    get: Option<Result<bool, Code>>,
    put: Result<bool, Code>,
    list: Option<Code>,
    remove: Option<Result<bool, Code>>,
    lock: Option<Code>,
    prune: Option<Code>,
    doctor: Option<Code>,
}

const UNSAFE: Code = Code::UnsafePermissions;

impl Obstacle {
    /// Puts it there if there is room for it, asks for everything, and takes it away.
    pub(super) fn meet(self, world: &World, slot: &Slot) {
        let object = world.store.path_of(slot);
        let account = object.parent().unwrap().to_owned();
        let Some(path) = self.plant(world, &object, &account) else {
            return;
        };
        let before = snapshot(&world.root);
        self.ask(world, slot, &path);
        assert_eq!(snapshot(&world.root), before);
        if self.answers().remove == Some(Ok(true)) {
            assert!(world.store.remove(slot).unwrap());
            assert!(path.symlink_metadata().is_err());
        }
        self.clear(&path);
    }

    /// Gives where it stands.
    fn plant(self, world: &World, object: &Path, account: &Path) -> Option<PathBuf> {
        let free = |path: &Path| path.symlink_metadata().is_err() && path.parent().is_some_and(Path::is_dir);
        let path = match self {
            Self::ObjectLink | Self::ObjectDirectory | Self::ObjectSocket => Some(object).filter(|path| free(path)),
            Self::ObjectOpen => Some(object).filter(|path| path.is_file()),
            Self::AccountLink | Self::AccountFile => Some(account).filter(|path| free(path)),
            Self::AccountOpen => Some(account).filter(|path| path.is_dir()),
            Self::RootOpen => Some(&*world.root),
        }?;
        match self {
            Self::ObjectLink | Self::AccountLink => symlink(&world.root, path).unwrap(),
            Self::ObjectDirectory => make_directories(path),
            // Not where the path is longer than a socket's may be.
            Self::ObjectSocket => drop(UnixListener::bind(path).ok()?),
            Self::AccountFile => fs::write(path, b"").unwrap(),
            Self::ObjectOpen => change_mode(path, 0o622),
            Self::AccountOpen | Self::RootOpen => change_mode(path, 0o722),
        }
        Some(path.to_owned())
    }

    fn answers(self) -> Answers {
        let base = Answers {
            get: Some(Err(UNSAFE)),
            put: Err(UNSAFE),
            list: None,
            remove: Some(Err(UNSAFE)),
            lock: None,
            prune: None,
            doctor: Some(UNSAFE),
        };
        let object = Answers { put: Ok(false), remove: Some(Ok(true)), ..base };
        match self {
            Self::ObjectLink => Answers { list: Some(UNSAFE), ..object },
            Self::ObjectDirectory => Answers {
                get: Some(Err(Code::Damaged)),
                remove: Some(Err(Code::StoreUnavailable)),
                doctor: Some(Code::Other),
                ..object
            },
            Self::ObjectSocket => Answers { get: Some(Err(Code::Damaged)), doctor: Some(Code::Other), ..object },
            Self::ObjectOpen => Answers { remove: None, ..object },
            Self::AccountLink | Self::AccountOpen => {
                Answers { list: Some(UNSAFE), lock: Some(UNSAFE), prune: Some(UNSAFE), ..base }
            }
            Self::AccountFile => Answers {
                get: Some(Ok(false)),
                put: Err(Code::StoreUnavailable),
                remove: Some(Ok(false)),
                lock: Some(Code::StoreUnavailable),
                doctor: Some(Code::Other),
                ..base
            },
            Self::RootOpen => Answers { get: None, lock: Some(UNSAFE), prune: Some(UNSAFE), ..base },
        }
    }

    fn ask(self, world: &World, slot: &Slot, path: &Path) {
        let (store, answers) = (&world.store, self.answers());
        let mut buffer = [0; 16];
        let Ok(there) = world.memory.get(slot, &mut buffer);
        let got = coded(store.get(slot, &mut buffer)).map(|len| len.is_some());
        assert_eq!(got, answers.get.unwrap_or(Ok(there.is_some())), "{self:?}");
        assert_eq!(coded(store.put(slot, b"new")), answers.put, "{self:?}");
        let put = coded(store.put_all(&[(slot.clone(), b"new")]));
        assert_eq!(put, answers.put.map(usize::from), "{self:?}");
        let Ok(all) = slots(&world.memory, "", usize::MAX);
        let listed = coded(slots(store, "", usize::MAX));
        assert_eq!(listed, answers.list.map_or(Ok(all), Err), "{self:?}");
        if answers.remove.is_some_and(|removed| removed != Ok(true)) {
            assert_eq!(Some(coded(store.remove(slot))), answers.remove, "{self:?}");
        }
        if let Some(code) = answers.lock {
            assert_eq!(coded(store.lock(&slot.account)).map(drop), Err(code), "{self:?}");
        }
        if let Some(code) = answers.prune {
            assert_eq!(coded(store.prune(&slot.account)), Err(code), "{self:?}");
        }
        if self == Self::RootOpen {
            assert_eq!(coded(FsStore::open(&world.root)).map(drop), Err(UNSAFE));
            assert_eq!(coded(FsStore::open_or_create(&world.root)).map(drop), Err(UNSAFE));
        }
        let shown = path.display().to_string();
        let told = examine_store(&world.root, false).into_iter().find(|finding| finding.subject == shown);
        assert_eq!(told.map(|finding| finding.code), answers.doctor, "{self:?}");
    }

    fn clear(self, path: &Path) {
        match self {
            Self::ObjectLink | Self::ObjectSocket => {}
            Self::AccountLink | Self::AccountFile => fs::remove_file(path).unwrap(),
            Self::ObjectDirectory => fs::remove_dir(path).unwrap(),
            Self::ObjectOpen => change_mode(path, 0o600),
            Self::AccountOpen | Self::RootOpen => change_mode(path, 0o700),
        }
    }
}

fn coded<T>(outcome: Result<T, Error>) -> Result<T, Code> {
    outcome.map_err(|error| error.code())
}
