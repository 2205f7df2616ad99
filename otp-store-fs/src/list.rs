//! Listing: sorted, and one directory at a time.
//!
//! Directories wait in a map, keyed by their accounts' names. The smallest is taken out, its objects are listed, and
//! the directories below it are put in. Their names are all larger than its own, so the list is sorted, even though
//! `a-b` sorts between `a` and `a/b`.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::{self, ErrorKind};
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
    /// Each object's name, and whether a file is there rather than something else.
    objects: Vec<(ObjectName, bool)>,
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

/// Like [`list`], and also gives each slot that holds something other than a file, with the error.
pub(crate) fn list_with_obstacles(
    store: &FsStore,
    scope: Scope<'_>,
    each: &mut dyn FnMut(&Slot, Option<Error>) -> ControlFlow<()>,
) -> Result<(), Error> {
    // The directories that wait, by their accounts, each as the open directory that contains it.
    let mut waiting: BTreeMap<AccountName, Arc<Dir>> = BTreeMap::new();
    if let Scope::Below(top) = scope {
        waiting.extend(walk::find_parent(store, top)?.map(|parent| (top.clone(), parent)));
    } else {
        let below = read(store, None, |each| store.root.entries(each))?.below;
        waiting.extend(below.into_iter().map(|account| (account, Arc::clone(&store.root))));
    }
    while let Some((account, parent)) = waiting.pop_first() {
        let segment = names::parent(&account).1;
        let Some(mut dir) = walk::open_dir(store, &parent, segment, || store.dir_of(&account))? else {
            continue;
        };
        let Contents { mut objects, below } = read(store, Some(&account), |each| dir.entries_once(each))?;
        if !below.is_empty() {
            let dir = Arc::new(dir);
            waiting.extend(below.into_iter().map(|below| (below, Arc::clone(&dir))));
        }
        if !scope.contains(&account) {
            continue;
        }
        objects.sort_unstable();
        let flow = objects.into_iter().try_for_each(|(ObjectName { id, kind }, is_file)| {
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
    if let Some(mut dir) = walk::find(store, account)? {
        let objects = read(store, Some(account), |each| dir.entries_once(each))?.objects;
        let mut files = objects.into_iter().filter_map(|(object, is_file)| is_file.then_some(object));
        let _ = files.try_for_each(|ObjectName { id, kind }| each(&Slot { account: account.clone(), id, kind }));
    }
    Ok(())
}

/// Reads the directory of an account, or the root, by its entries. Foreign files are skipped.
fn read(
    store: &FsStore,
    account: Option<&AccountName>,
    entries: impl FnOnce(&mut dyn FnMut(&OsStr, FileKind) -> ControlFlow<()>) -> io::Result<()>,
) -> Result<Contents, Error> {
    let here = || account.map_or_else(|| store.path.clone(), |account| store.dir_of(account));
    let mut contents = Contents::default();
    let mut link = None;
    let outcome = entries(&mut |name, kind| {
        let Some(name) = name.to_str() else {
            return ControlFlow::Continue(());
        };
        let object = ObjectName::parse(name);
        let below = if object.is_none() && kind != FileKind::File { names::child(account, name) } else { None };
        match (object, below, kind) {
            (Some(_), _, FileKind::Symlink) | (_, Some(_), FileKind::Symlink) => link = Some(here().join(name)),
            (Some(object), _, kind) => contents.objects.push((object, kind == FileKind::File)),
            (_, Some(below), FileKind::Directory) => contents.below.push(below),
            _ => {}
        }
        ControlFlow::Continue(())
    });
    match (outcome, link) {
        (Err(error), _) if error.kind() != ErrorKind::NotFound => Err(Error::store("list", here(), error)),
        (_, Some(path)) => Err(Error::Symlink { path }),
        // A directory that was removed in the meantime holds nothing.
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
        let mut dir = Dir::open(&store.root().join("a")).unwrap();
        std::fs::remove_dir(store.root().join("a")).unwrap();
        let contents = read(&store, Some(&account), |each| dir.entries_once(each)).unwrap();
        assert!(contents.objects.is_empty() && contents.below.is_empty());
    }
}
