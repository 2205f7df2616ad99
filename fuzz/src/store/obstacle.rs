//! Obstacles in a store: they are refused with the right code, or ignored, and nothing happens to them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{chown, symlink};
use std::os::unix::net::UnixListener;
use std::path::{Path, PathBuf};

use arbitrary::Arbitrary;
use otp_core::store::{Kind, Scope, Slot, Store};
use otp_core::{Code, Coded};
use otp_store_fs::{Error, Finding, FsStore, examine};

use super::verbs::slots_of;
use super::world::World;
use crate::objects::slots;
use crate::scratch::{Entry, change_mode, is_stray, make_directories, snapshot};

#[derive(Arbitrary, Clone, Copy, Debug, PartialEq)]
pub(super) enum Obstacle {
    /// In the place of an object: a link, a directory, a socket; or the object, which others can write to or own.
    ObjectLink,
    ObjectDirectory,
    ObjectSocket,
    ObjectOpen,
    ObjectOwned,
    /// The same for an account's directory.
    AccountLink,
    AccountFile,
    AccountOpen,
    AccountOwned,
    /// Others can write to the whole store.
    RootOpen,
}

/// The answers of the store's verbs; `None` means the usual answer.
struct Answers {
    get: Option<Result<bool, Code>>,
    put: Result<bool, Code>,
    list: Option<Code>,
    remove: Option<Result<bool, Code>>,
    lock: Option<Code>,
    found: Found,
}

/// What an examination finds.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Found {
    Faulty(Code),
    Foreign,
}

/// A user who owns nothing else: "nobody" on most systems.
const STRANGER: u32 = 65_534;
const UNSAFE: Code = Code::UnsafePermissions;

/// The contents, without what crashed writers left: trying to lock an account cleans that up.
fn without_strays(root: &Path) -> BTreeMap<PathBuf, Entry> {
    let mut entries = snapshot(root);
    entries.retain(|path, _| !is_stray(path));
    entries
}

impl Obstacle {
    /// Plants it if there is room for it, tries every verb, and takes it away.
    pub(super) fn meet(self, world: &World, slot: &Slot) {
        let object = world.store.path_of(slot);
        let account = object.parent().unwrap().to_owned();
        let Some(path) = self.plant(world, &object, &account) else {
            return;
        };
        let before = without_strays(&world.root);
        self.ask(world, slot, &path);
        assert_eq!(without_strays(&world.root), before);
        self.try_to_replace(world, slot);
        if self.answers().remove == Some(Ok(true)) {
            assert!(world.store.remove(slot).unwrap());
            assert!(path.symlink_metadata().is_err());
        }
        self.clear(&path);
    }

    /// Returns its path.
    fn plant(self, world: &World, object: &Path, account: &Path) -> Option<PathBuf> {
        let free = |path: &Path| path.symlink_metadata().is_err() && path.parent().is_some_and(Path::is_dir);
        let path = match self {
            Self::ObjectLink | Self::ObjectDirectory | Self::ObjectSocket => Some(object).filter(|path| free(path)),
            Self::ObjectOpen | Self::ObjectOwned => Some(object).filter(|path| path.is_file()),
            Self::AccountLink | Self::AccountFile => Some(account).filter(|path| free(path)),
            Self::AccountOpen | Self::AccountOwned => Some(account).filter(|path| path.is_dir()),
            Self::RootOpen => Some(&*world.root),
        }?;
        match self {
            Self::ObjectLink | Self::AccountLink => symlink(&world.root, path).unwrap(),
            Self::ObjectDirectory => make_directories(path),
            // Not possible if the path is too long for a socket.
            Self::ObjectSocket => drop(UnixListener::bind(path).ok()?),
            Self::AccountFile => fs::write(path, b"").unwrap(),
            Self::ObjectOpen => change_mode(path, 0o622),
            // Only root can do this.
            Self::ObjectOwned | Self::AccountOwned => chown(path, Some(STRANGER), None).ok()?,
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
            found: Found::Faulty(UNSAFE),
        };
        let object = Answers { put: Ok(false), remove: Some(Ok(true)), ..base };
        let no_file = Some(Err(Code::Damaged));
        match self {
            Self::ObjectLink => Answers { list: Some(UNSAFE), ..object },
            Self::ObjectDirectory => {
                let remove = Some(Err(Code::StoreUnavailable));
                Answers { get: no_file, remove, found: Found::Foreign, ..object }
            }
            Self::ObjectSocket => Answers { get: no_file, found: Found::Faulty(Code::Damaged), ..object },
            Self::ObjectOpen | Self::ObjectOwned => Answers { remove: None, ..object },
            Self::AccountLink | Self::AccountOpen | Self::AccountOwned => {
                Answers { list: Some(UNSAFE), lock: Some(UNSAFE), ..base }
            }
            Self::AccountFile => Answers {
                get: Some(Ok(false)),
                put: Err(Code::StoreUnavailable),
                remove: Some(Ok(false)),
                lock: Some(Code::StoreUnavailable),
                found: Found::Foreign,
                ..base
            },
            Self::RootOpen => Answers { get: None, lock: Some(UNSAFE), ..base },
        }
    }

    fn ask(self, world: &World, slot: &Slot, path: &Path) {
        let (store, memory, answers) = (&world.store, &world.memory, self.answers());
        let mut buffer = [0; 16];
        let Ok(there) = memory.get(slot, &mut buffer);
        let got = coded(store.get(slot, &mut buffer)).map(|len| len.is_some());
        assert_eq!(got, answers.get.unwrap_or(Ok(there.is_some())), "{self:?}");
        if let (Some(Err(code)), Kind::Record | Kind::Note) = (answers.get, slot.kind) {
            let got = store.get_with_note(&slot.account, slot.id, &mut buffer, &mut [0; 16]);
            assert_eq!(coded(got), Err(code), "{self:?}");
        }
        assert_eq!(coded(store.put(slot, b"new")), answers.put, "{self:?}");
        let put = coded(store.put_many(&[(slot.clone(), b"new")]));
        assert_eq!(put, answers.put.map(usize::from), "{self:?}");
        let (Ok(all), Ok(its)) = (slots(memory, Scope::All, usize::MAX), slots_of(memory, &slot.account));
        for (listed, expected) in [(slots(store, Scope::All, usize::MAX), all), (slots_of(store, &slot.account), its)] {
            assert_eq!(coded(listed), answers.list.map_or(Ok(expected), Err), "{self:?}");
        }
        if answers.remove.is_some_and(|removed| removed != Ok(true)) {
            assert_eq!(Some(coded(store.remove(slot))), answers.remove, "{self:?}");
        }
        if let Some(code) = answers.lock {
            assert_eq!(coded(store.lock(&slot.account)).map(drop), Err(code), "{self:?}");
        }
        if self == Self::RootOpen {
            assert_eq!(coded(FsStore::open(&world.root)).map(drop), Err(UNSAFE));
            assert_eq!(coded(FsStore::open_or_create(&world.root)).map(drop), Err(UNSAFE));
        }
        let found = examine(&world.root, false).into_iter().find_map(|finding| match finding {
            Finding::Faulty(error) if error.path() == path => Some(Found::Faulty(error.code())),
            Finding::Foreign { path: at } if at == path => Some(Found::Foreign),
            _ => None,
        });
        assert_eq!(found, Some(answers.found), "{self:?}");
    }

    /// Under the account's lock, whose file and cleaning up are not compared otherwise.
    fn try_to_replace(self, world: &World, slot: &Slot) {
        if self.answers().lock.is_some() {
            return;
        }
        let guard = world.store.lock(&slot.account).unwrap();
        let replaced = coded(world.store.replace(&guard, slot, b"", b"new"));
        assert_eq!(replaced.map_err(Err), Err(self.answers().get.unwrap()), "{self:?}");
    }

    fn clear(self, path: &Path) {
        match self {
            Self::ObjectLink | Self::ObjectSocket => {}
            Self::AccountLink | Self::AccountFile => fs::remove_file(path).unwrap(),
            Self::ObjectDirectory => fs::remove_dir(path).unwrap(),
            Self::ObjectOpen => change_mode(path, 0o600),
            Self::ObjectOwned | Self::AccountOwned => chown(path, Some(0), None).unwrap(),
            Self::AccountOpen | Self::RootOpen => change_mode(path, 0o700),
        }
    }
}

fn coded<T>(outcome: Result<T, Error>) -> Result<T, Code> {
    outcome.map_err(|error| error.code())
}
