//! Putting and removing: staged, synced, published, and the directory synced.

use std::io::ErrorKind;
use std::sync::Arc;

use otp_core::name::AccountName;
use otp_core::store::Slot;

use crate::check::Modes;
use crate::sys::{Dir, Durable, Staged};
use crate::{Error, FsStore, path, walk};

/// How many files of a batch are open at once: enough to share their syncs, and few enough for the usual limits.
const CHUNK: usize = if cfg!(target_os = "linux") { 256 } else { 64 };

/// Puts one object, with one sync of its file and one of each directory that changed.
pub(crate) fn put(store: &FsStore, slot: &Slot, bytes: &[u8]) -> Result<bool, Error> {
    let modes = walk::modes_for_writing(store)?;
    let path = store.path_of(slot);
    let failed = |error| Error::store("write", &path, error);
    let mut changed = Vec::new();
    walk::retry(&path, || {
        let dir = walk::find_or_make(store, &slot.account, &modes, &mut changed)?;
        let staged = Staged::new(Arc::clone(&dir), bytes, modes).map_err(failed)?;
        // Durable before it is visible: whoever sees a record may rely on it.
        staged.sync().map_err(failed)?;
        let put = staged.publish(&path::file_name(slot)).map_err(failed)?;
        if put {
            changed.push(dir);
        }
        walk::sync(&changed, &path)?;
        Ok(put)
    })
}

/// Puts many objects, a chunk at a time: all staged, synced together, published, and their directories synced together.
pub(crate) fn put_all(store: &FsStore, objects: &[(Slot, &[u8])]) -> Result<usize, Error> {
    let modes = walk::modes_for_writing(store)?;
    let mut count = 0;
    for chunk in objects.chunks(CHUNK) {
        let put = put_chunk(store, chunk, &modes)?;
        count += put;
        if put < chunk.len() {
            break;
        }
    }
    Ok(count)
}

fn put_chunk(store: &FsStore, objects: &[(Slot, &[u8])], modes: &Modes) -> Result<usize, Error> {
    let mut changed = Vec::new();
    let mut staged = Vec::with_capacity(objects.len());
    for (slot, bytes) in objects {
        let path = store.path_of(slot);
        staged.push(walk::retry(&path, || {
            let dir = walk::find_or_make(store, &slot.account, modes, &mut changed)?;
            Staged::new(dir, bytes, *modes).map_err(|error| Error::store("write", &path, error))
        })?);
    }
    walk::sync_together(&staged).map_err(|error| Error::store("write", &store.path, error))?;
    let mut count = 0;
    for (staged, (slot, bytes)) in staged.into_iter().zip(objects) {
        let dir = Arc::clone(staged.dir());
        let put = match staged.publish(&path::file_name(slot)) {
            Ok(put) => put,
            // Somebody pruned the directory meanwhile.
            Err(error) if error.kind() == ErrorKind::NotFound => put(store, slot, bytes)?,
            Err(error) => return Err(Error::store("write", store.path_of(slot), error)),
        };
        if !put {
            break;
        }
        changed.push(dir);
        count += 1;
    }
    changed.sort_unstable_by_key(|dir| dir.status().place);
    changed.dedup_by_key(|dir| dir.status().place);
    walk::sync(&changed, &store.path)?;
    Ok(count)
}

/// Removes one object, with one sync of its directory.
pub(crate) fn remove(store: &FsStore, slot: &Slot) -> Result<bool, Error> {
    walk::modes_for_writing(store)?;
    let Some(dir) = walk::find(store, &slot.account)? else {
        return Ok(false);
    };
    let failed = |error| Error::store("remove", store.path_of(slot), error);
    match dir.remove_file(&path::file_name(slot)) {
        Ok(()) => dir.sync().map(|()| true).map_err(failed),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(false),
        Err(error) => Err(failed(error)),
    }
}

/// Removes an account's directory and those above it, as far as they are empty and nobody uses them.
pub(crate) fn prune(store: &FsStore, account: &AccountName) -> Result<(), Error> {
    walk::modes_for_writing(store)?;
    let mut name = account.clone();
    loop {
        let (parent, segment) = match name.as_str().rsplit_once('/') {
            Some((parent, segment)) => (AccountName::parse(parent).ok(), segment),
            None => (None, name.as_str()),
        };
        let parent_dir = match &parent {
            Some(parent) => walk::find(store, parent)?,
            None => Some(Arc::clone(&store.root)),
        };
        let failed = |error| Error::store("remove", store.path.join(name.as_str()), error);
        if let Some(parent_dir) = parent_dir
            && let Some(dir) = walk::open_dir(&parent_dir, segment, || store.path.join(name.as_str()))?
        {
            if !only_a_lock(&dir).map_err(failed)? || !dir.remove_lock().map_err(failed)? {
                return Ok(());
            }
            match parent_dir.remove_dir(segment) {
                Ok(()) => parent_dir.sync().map_err(failed)?,
                // Somebody put something in it, or removed it, just now.
                Err(error) if matches!(error.kind(), ErrorKind::DirectoryNotEmpty | ErrorKind::NotFound) => {}
                Err(error) => return Err(failed(error)),
            }
        }
        match parent {
            Some(parent) => name = parent,
            None => return Ok(()),
        }
    }
}

fn only_a_lock(dir: &Dir) -> std::io::Result<bool> {
    let mut others = false;
    dir.entries(&mut |name, _| others |= name != path::LOCK)?;
    Ok(!others)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use otp_core::KeyId;
    use otp_core::store::Store;

    use super::*;
    use crate::step::without_nameless_files;

    #[test]
    fn temporary_files_survive_those_who_clear_up_after_crashes() {
        let home = tempfile::tempdir().unwrap();
        let store = FsStore::open_or_create(home.path()).unwrap();
        let account: AccountName = "a/b".parse().unwrap();
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    drop(store.lock(&account).unwrap());
                    store.prune(&account).unwrap();
                }
            });
            let writers = [1, 2].map(|writer| {
                let (store, account) = (&store, &account);
                scope.spawn(move || {
                    for round in 0..100 {
                        let slot = Slot::record(account, KeyId::from_bytes([writer; 10]));
                        let put = without_nameless_files(|| store.put(&slot, &[round; 100])).unwrap();
                        assert!(put);
                        let mut buffer = [0; 100];
                        assert_eq!(store.get(&slot, &mut buffer).unwrap(), Some(100));
                        assert_eq!(buffer, [round; 100]);
                        assert!(store.remove(&slot).unwrap());
                    }
                })
            });
            let outcomes = writers.map(std::thread::ScopedJoinHandle::join);
            done.store(true, Ordering::Relaxed);
            assert!(outcomes.iter().all(Result::is_ok));
        });
        store.prune(&account).unwrap();
        assert_eq!(home.path().read_dir().unwrap().count(), 0, "something was left behind");
    }
}
