//! Putting: staged, synced, published, and the directory synced.

use std::io::ErrorKind;
use std::sync::Arc;

use otp_core::store::Slot;

use crate::durable::{Durable, sync_all};
use crate::error::Error;
use crate::modes::Modes;
use crate::platform::Staged;
use crate::store::FsStore;
use crate::walk;

/// How many files of a batch are open at once: enough to share their syncs, and few enough for common limits.
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
        // Durable before it is visible: everybody who sees a record may rely on it.
        staged.sync().map_err(failed)?;
        // So are the directories that were made for it. If a crash lost such a directory's name, the next writer would
        // take it for a new one, and what is in it would be there again.
        sync_all(&changed).map_err(failed)?;
        let put = staged.publish(&slot.name().to_string()).map_err(failed)?;
        if put {
            // A record that was reported stays.
            dir.sync().map_err(failed)?;
        }
        Ok(put)
    })
}

/// Puts many objects, a chunk at a time: all staged, synced together, published, and their directories synced together.
pub(crate) fn put_many(store: &FsStore, objects: &[(Slot, &[u8])]) -> Result<usize, Error> {
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
    let mut made = Vec::new();
    let mut staged = Vec::with_capacity(objects.len());
    for run in objects.chunk_by(|(one, _), (next, _)| one.account == next.account) {
        let path = store.path_of(&run[0].0);
        staged.extend(walk::retry(&path, || {
            let dir = walk::find_or_make(store, &run[0].0.account, modes, &mut made)?;
            let mut staged = Vec::with_capacity(run.len());
            for (slot, bytes) in run {
                let one = Staged::new(Arc::clone(&dir), bytes, *modes);
                staged.push(one.map_err(|error| Error::store("write", store.path_of(slot), error))?);
            }
            Ok(staged)
        })?);
    }
    // Durable before any is visible, as in `put`.
    let files = staged.iter().map(|staged| staged as &dyn Durable);
    let unseen: Vec<&dyn Durable> = files.chain(made.iter().map(|dir| dir as &dyn Durable)).collect();
    sync_all(&unseen).map_err(|error| Error::store("write", &store.path, error))?;
    let mut changed = Vec::with_capacity(objects.len());
    let mut count = 0;
    for (staged, (slot, bytes)) in staged.into_iter().zip(objects) {
        let dir = Arc::clone(staged.dir());
        let put = match staged.publish(&slot.name().to_string()) {
            Ok(put) => put,
            // The directory was removed meanwhile.
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
    // What was reported stays, as in `put`.
    sync_all(&changed).map_err(|error| Error::store("write", &store.path, error))?;
    Ok(count)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use otp_core::store::Store;
    use otp_core::{AccountName, KeyId};

    use super::*;
    use crate::step::on_plain_file_system;

    #[test]
    fn temporary_files_survive_those_who_clear_up_after_crashes() {
        let home = otp_test_tools::folder();
        let store = FsStore::open_or_create(home.path()).unwrap();
        let account: AccountName = "a/b".parse().unwrap();
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    drop(store.lock(&account).unwrap());
                }
            });
            let writers = [1, 2].map(|writer| {
                let (store, account) = (&store, &account);
                scope.spawn(move || {
                    for round in 0..100 {
                        let slot = Slot::record(account, KeyId::from_bytes([writer; 10]));
                        let put = on_plain_file_system(|| store.put(&slot, &[round; 100])).unwrap();
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
        drop(store.lock(&account).unwrap());
        assert_eq!(home.path().read_dir().unwrap().count(), 0, "something was left behind");
    }
}
