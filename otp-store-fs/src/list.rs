//! Listing: sorted, and one directory at a time.
//!
//! Directories wait in a map by the names of their accounts. The smallest comes out, gives its objects, and puts in the
//! directories below it. Those are all larger than itself, so what comes out is sorted, though `a-b` sorts between `a`
//! and `a/b`.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::sync::Arc;

use otp_core::AccountName;
use otp_core::store::{ObjectName, Scope, Slot};
use otp_sys::FileKind;

use crate::error::Error;
use crate::platform::Dir;
use crate::store::FsStore;
use crate::{names, walk};

/// What a directory holds.
#[derive(Default)]
struct Contents {
    objects: Vec<ObjectName>,
    /// Names of objects, at which something else than a file is.
    occupied: Vec<ObjectName>,
    /// The accounts whose directories it holds.
    below: Vec<AccountName>,
}

/// Gives every slot of the accounts in a scope, sorted.
pub(crate) fn list(
    store: &FsStore,
    scope: Scope<'_>,
    each: &mut dyn FnMut(&Slot) -> ControlFlow<()>,
) -> Result<(), Error> {
    list_with_obstacles(store, scope, &mut |slot, obstacle| match obstacle {
        None => each(slot),
        Some(_) => ControlFlow::Continue(()),
    })
}

/// As [`list`], and gives each slot that something else than a file stands in too, with the error.
pub(crate) fn list_with_obstacles(
    store: &FsStore,
    scope: Scope<'_>,
    each: &mut dyn FnMut(&Slot, Option<Error>) -> ControlFlow<()>,
) -> Result<(), Error> {
    // By their accounts, the directories that wait, each as the open directory that it lies in.
    let mut waiting: BTreeMap<AccountName, Arc<Dir>> = BTreeMap::new();
    if let Scope::Below(top) = scope {
        let parent = match names::parent(top).0 {
            Some(parent) => walk::find(store, &parent)?,
            None => Some(Arc::clone(&store.root)),
        };
        waiting.extend(parent.map(|parent| (top.clone(), parent)));
    } else {
        let below = read(store, &store.root, None)?.below;
        waiting.extend(below.into_iter().map(|account| (account, Arc::clone(&store.root))));
    }
    while let Some((account, parent)) = waiting.pop_first() {
        let segment = names::parent(&account).1;
        let Some(dir) = walk::open_dir(store, &parent, segment, || store.dir_of(&account))? else {
            continue;
        };
        let dir = Arc::new(dir);
        let Contents { objects, occupied, below } = read(store, &dir, Some(&account))?;
        waiting.extend(below.into_iter().map(|below| (below, Arc::clone(&dir))));
        let mut all: Vec<_> = objects.into_iter().map(|object| (object, true)).collect();
        all.extend(occupied.into_iter().map(|object| (object, false)));
        all.sort_unstable();
        if !scope.contains(&account) {
            continue;
        }
        let flow = all.into_iter().try_for_each(|(ObjectName { id, kind }, is_file)| {
            let slot = Slot { account: account.clone(), id, kind };
            let obstacle = if is_file { None } else { Some(Error::NotAFile { path: store.path_of(&slot) }) };
            each(&slot, obstacle)
        });
        if flow.is_break() {
            break;
        }
    }
    Ok(())
}

/// Gives every slot of one account, in the order of its directory.
pub(crate) fn list_account(
    store: &FsStore,
    account: &AccountName,
    each: &mut dyn FnMut(&Slot) -> ControlFlow<()>,
) -> Result<(), Error> {
    if let Some(dir) = walk::find(store, account)? {
        let objects = read(store, &dir, Some(account))?.objects;
        let mut slots = objects.into_iter().map(|ObjectName { id, kind }| Slot { account: account.clone(), id, kind });
        let _ = slots.try_for_each(|slot| each(&slot));
    }
    Ok(())
}

/// Reads the directory of an account, or the root. Foreign files are skipped.
fn read(store: &FsStore, dir: &Dir, account: Option<&AccountName>) -> Result<Contents, Error> {
    let here = || account.map_or_else(|| store.path.clone(), |account| store.dir_of(account));
    let mut contents = Contents::default();
    let mut link = None;
    let outcome = dir.entries(&mut |name, kind| {
        let Some(name) = name.to_str() else {
            return ControlFlow::Continue(());
        };
        let object = ObjectName::parse(name);
        let below = if object.is_none() && kind != FileKind::File { names::child(account, name) } else { None };
        match (object, below, kind) {
            (Some(_), _, FileKind::Symlink) | (_, Some(_), FileKind::Symlink) => link = Some(here().join(name)),
            (Some(object), _, FileKind::File) => contents.objects.push(object),
            (Some(object), _, FileKind::Directory | FileKind::Other) => contents.occupied.push(object),
            (_, Some(below), FileKind::Directory) => contents.below.push(below),
            _ => {}
        }
        ControlFlow::Continue(())
    });
    match (outcome, link) {
        (Err(error), _) if error.kind() != ErrorKind::NotFound => Err(Error::store("list", here(), error)),
        (_, Some(path)) => Err(Error::Symlink { path }),
        // What was removed meanwhile has nothing.
        _ => Ok(contents),
    }
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_is_removed_while_it_is_listed_has_nothing() {
        let home = otp_test_tools::folder();
        let store = FsStore::open_or_create(home.path().join("store")).unwrap();
        let account = AccountName::parse("a").unwrap();
        std::fs::create_dir(store.root().join("a")).unwrap();
        let dir = Dir::open(&store.root().join("a")).unwrap();
        std::fs::remove_dir(store.root().join("a")).unwrap();
        let contents = read(&store, &dir, Some(&account)).unwrap();
        assert!(contents.objects.is_empty() && contents.below.is_empty());
    }
}
