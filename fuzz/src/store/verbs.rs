//! Each of the store's verbs, in both stores.

use std::fs;
use std::ops::ControlFlow;

use otp_core::store::{Scope, Slot, Store};
use otp_core::{AccountName, Code, Coded};
use otp_store_fs::FsStore;

use super::LockOf;
use super::world::World;
use crate::objects::slots;
use crate::scratch::{Entry, is_lock, is_stray, snapshot};
use crate::valid::account;

impl World {
    pub(super) fn put(&self, slot: &Slot, bytes: &[u8]) {
        let Ok(put) = self.memory.put(slot, bytes);
        assert_eq!(self.store.put(slot, bytes).unwrap(), put);
    }

    pub(super) fn put_many(&self, objects: &[(Slot, Vec<u8>)]) {
        let objects: Vec<(Slot, &[u8])> = objects.iter().map(|(slot, bytes)| (slot.clone(), &bytes[..])).collect();
        let Ok(count) = self.memory.put_many(&objects);
        assert_eq!(self.store.put_many(&objects).unwrap(), count);
    }

    pub(super) fn get(&self, slot: &Slot, room: usize) {
        let [mut one, mut other] = [(); 2].map(|()| vec![0xaa; room]);
        let Ok(len) = self.memory.get(slot, &mut other);
        assert_eq!(self.store.get(slot, &mut one).unwrap(), len);
        assert_eq!(one, other);
    }

    pub(super) fn get_with_note(&self, slot: &Slot, room: usize) {
        let [mut one, mut other] = [(); 2].map(|()| (vec![0xaa; room], [0xaa; 40]));
        let Ok(lens) = self.memory.get_with_note(&slot.account, slot.id, &mut other.0, &mut other.1);
        let got = self.store.get_with_note(&slot.account, slot.id, &mut one.0, &mut one.1);
        assert_eq!(got.unwrap(), lens);
        assert_eq!(one, other);
    }

    pub(super) fn replace(&self, slot: &Slot, right: bool, new: &[u8], lock: &LockOf) {
        let mut held = vec![0; 16_384];
        let Ok(len) = self.memory.get(slot, &mut held);
        let mut expected = held[..len.unwrap_or(0)].to_vec();
        if !right {
            // Something else, if possible of the same length.
            match expected.last_mut() {
                Some(byte) => *byte ^= 1,
                None => expected.push(0),
            }
        }
        let replace = |locked: &FsStore, name: &AccountName| {
            let guard = locked.lock(name).unwrap();
            self.store.replace(&guard, slot, &expected, new)
        };
        let wrong = match lock {
            LockOf::Account => {
                let Ok(replaced) = self.memory.replace(&(), slot, &expected, new);
                assert_eq!(replace(&self.store, &slot.account).unwrap(), replaced);
                return;
            }
            LockOf::OtherAccount => replace(&self.store, &account("other")),
            LockOf::OtherStore => replace(&self.other, &slot.account),
        };
        assert_eq!(wrong.map_err(|error| error.code()), Err(Code::Usage));
    }

    pub(super) fn list(&self, scope: Scope<'_>, stop: usize) {
        let Ok(expected) = slots(&self.memory, scope, stop);
        assert_eq!(slots(&self.store, scope, stop).unwrap(), expected);
    }

    pub(super) fn list_account(&self, name: &AccountName) {
        let Ok(expected) = slots_of(&self.memory, name);
        assert_eq!(slots_of(&self.store, name).unwrap(), expected);
    }

    pub(super) fn remove(&self, slot: &Slot) {
        let Ok(removed) = self.memory.remove(slot);
        assert_eq!(self.store.remove(slot).unwrap(), removed);
    }

    pub(super) fn lock(&self, name: &AccountName) {
        let directory = self.root.join(name.as_str());
        let lock = self.store.lock(name).unwrap();
        assert!(directory.join(".lock").is_file());
        drop(lock);
        for entry in fs::read_dir(&directory).into_iter().flatten() {
            assert!(!is_stray(entry.unwrap().file_name().as_ref()), "a stray was left");
        }
        self.check_pruned(name);
    }

    /// After a lock, no directory is left empty: neither the account's nor those above it.
    pub(super) fn check_pruned(&self, name: &AccountName) {
        for directory in self.root.join(name.as_str()).ancestors().take_while(|path| **path != *self.root) {
            let is_empty = |entries: fs::ReadDir| entries.flatten().all(|entry| is_lock(&entry.path()));
            assert!(!fs::read_dir(directory).is_ok_and(is_empty), "{} is empty", directory.display());
        }
    }

    pub(super) fn damage(&self, slot: &Slot, spoil: impl Fn(&mut Vec<u8>)) {
        let path = self.store.path_of(slot);
        if let Ok(mut bytes) = fs::read(&path) {
            spoil(&mut bytes);
            fs::write(&path, &bytes).unwrap();
            let Ok(there) = self.memory.remove(slot);
            let Ok(put) = self.memory.put(slot, &bytes);
            assert!(there && put);
        }
    }

    /// The accounts with empty directories, by their paths below the root.
    pub(super) fn empty_directories(&self) -> Vec<String> {
        let entries = snapshot(&self.root);
        let is_directory = |entry: &Entry| matches!(entry, Entry::Directory { .. });
        let paths = entries.iter().filter(|(_, entry)| is_directory(entry)).map(|(path, _)| path);
        let empty = paths.filter(|path| !entries.keys().any(|other| other.parent() == Some(path) && !is_lock(other)));
        let names = empty.filter_map(|path| AccountName::parse(path.to_str()?).ok());
        names.map(|name| name.as_str().to_owned()).collect()
    }
}

/// The slots of one account, sorted.
pub(super) fn slots_of<S: Store>(store: &S, name: &AccountName) -> Result<Vec<Slot>, S::Error> {
    let mut slots = Vec::new();
    store.list_account(name, &mut |slot| {
        slots.push(slot.clone());
        ControlFlow::Continue(())
    })?;
    slots.sort();
    Ok(slots)
}
