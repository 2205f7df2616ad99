//! Replacing an object by another, if it is the one that the caller knows.

use std::sync::Arc;

use otp_core::store::Slot;

use crate::durable::Durable;
use crate::error::Error;
use crate::lock::AccountLock;
use crate::platform::{Dir, Staged};
use crate::reach::open_in;
use crate::store::FsStore;
use crate::walk;

/// Replaces an object by `new` if it holds exactly `expected`, and says whether it did.
///
/// The account's lock keeps other calls of this kind out, so nothing changes between the look and the replacement. Only
/// `remove` needs no lock: where the system can't exchange two names, an object removed in that moment comes back.
pub(crate) fn replace(
    store: &FsStore,
    guard: &AccountLock<'_>,
    slot: &Slot,
    expected: &[u8],
    new: &[u8],
) -> Result<bool, Error> {
    let path = store.path_of(slot);
    if !guard.is_of(store, &slot.account) {
        return Err(Error::WrongLock { path });
    }
    let modes = walk::modes_for_writing(store)?;
    let failed = |error| Error::store("replace", &path, error);
    walk::retry(&path, || {
        let Some(dir) = walk::find(store, &slot.account)? else {
            return Ok(false);
        };
        let dir = Arc::new(dir);
        let staged = Staged::named(Arc::clone(&dir), new, modes).map_err(failed)?;
        // Durable before it is visible: after a power loss, the old object is there or the new one, whole.
        staged.sync().map_err(failed)?;
        if !holds(store, &dir, slot, expected)? {
            return Ok(false);
        }
        staged.replace(&slot.name().to_string()).map_err(failed)?;
        // A replacement that was reported stays.
        dir.sync().map_err(failed)?;
        Ok(true)
    })
}

/// Whether an object holds exactly these bytes.
fn holds(store: &FsStore, dir: &Dir, slot: &Slot, expected: &[u8]) -> Result<bool, Error> {
    let Some((mut file, status)) = open_in(store, dir, slot)? else {
        return Ok(false);
    };
    if status.len != expected.len() as u64 {
        return Ok(false);
    }
    let mut bytes = vec![0; expected.len()];
    let read =
        otp_sys::fill(&mut file, &mut bytes).map_err(|error| Error::store("read", store.path_of(slot), error))?;
    Ok(bytes[..read] == *expected)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use otp_core::KeyId;
    use otp_core::store::Store;

    use super::*;
    use crate::step::on_plain_file_system;

    #[test]
    fn a_reader_sees_old_or_new_whole_in_either_way_of_replacing() {
        let home = otp_test_tools::folder();
        let store = FsStore::open_or_create(home.path()).unwrap();
        let slot = Slot::record(&"a/b".parse().unwrap(), KeyId::from_bytes([1; 10]));
        assert!(store.put(&slot, &[0; 5000]).unwrap());
        let done = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let reader = scope.spawn(|| {
                let mut last = 0;
                while !done.load(Ordering::Relaxed) {
                    let mut buffer = [0; 5001];
                    assert_eq!(store.get(&slot, &mut buffer).unwrap(), Some(5000), "it was missing, or cut");
                    assert!(buffer[..5000].iter().all(|byte| *byte == buffer[0]), "it was mixed");
                    assert!(buffer[0] >= last, "an old one came back");
                    last = buffer[0];
                }
            });
            let guard = store.lock(&slot.account).unwrap();
            for round in 0..100_u8 {
                let replace = || store.replace(&guard, &slot, &[round; 5000], &[round + 1; 5000]);
                let replaced = if round % 2 == 0 { replace() } else { on_plain_file_system(replace) };
                assert!(replaced.unwrap());
            }
            done.store(true, Ordering::Relaxed);
            reader.join().unwrap();
        });
        assert_eq!(
            home.path().join("a/b").read_dir().unwrap().count(),
            2,
            "there is more than the record and the lock"
        );
    }
}
