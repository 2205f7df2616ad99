//! Listing: sorted, and one directory at a time.
//!
//! Directories wait in a map by their names; the smallest comes out, gives its objects, and puts in the directories below it.
//! These are all larger than itself, so what comes out is sorted, though `a-b` stands between `a` and `a/b`.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::ops::ControlFlow;
use std::sync::Arc;

use otp_core::name::{AccountName, KeyId};
use otp_core::store::{Kind, Slot};

use crate::sys::{Dir, FileKind};
use crate::{Error, FsStore, path, walk};

/// Directories that wait to be read: by their names from the root, the open directories that they lie in.
type Waiting = BTreeMap<AccountName, Arc<Dir>>;

/// Gives every slot whose account, with a `/` behind it, starts with `prefix`.
pub(crate) fn list(store: &FsStore, prefix: &str, each: &mut dyn FnMut(&Slot) -> ControlFlow<()>) -> Result<(), Error> {
    let mut waiting = Waiting::new();
    match prefix.rsplit_once('/') {
        None => read(store, &store.root, None, prefix, &mut waiting)?.clear(),
        Some((start, _)) => {
            // What no account can be called has no slots.
            let Ok(account) = AccountName::parse(start) else {
                return Ok(());
            };
            let parent = match start.rsplit_once('/').map(|(parent, _)| AccountName::parse(parent)) {
                None => Some(Arc::clone(&store.root)),
                Some(Ok(parent)) => walk::find(store, &parent)?,
                Some(Err(_)) => None,
            };
            waiting.extend(parent.map(|parent| (account, parent)));
        }
    }
    while let Some((account, parent)) = waiting.pop_first() {
        let segment = account.as_str().rsplit('/').next().unwrap_or_default();
        let Some(dir) = walk::open_dir(&parent, segment, || store.path.join(account.as_str()))? else {
            continue;
        };
        let mut objects = read(store, &Arc::new(dir), Some(&account), prefix, &mut waiting)?;
        if !starts_with(account.as_str(), prefix) {
            continue;
        }
        objects.sort_unstable();
        for (id, kind) in objects {
            if each(&Slot { account: account.clone(), id, kind }).is_break() {
                return Ok(());
            }
        }
    }
    Ok(())
}

/// Reads a directory: returns its objects, and adds the directories below it that `prefix` asks for to those that wait.
fn read(
    store: &FsStore,
    dir: &Arc<Dir>,
    account: Option<&AccountName>,
    prefix: &str,
    waiting: &mut Waiting,
) -> Result<Vec<(KeyId, Kind)>, Error> {
    let here = account.map_or_else(|| store.path.clone(), |account| store.path.join(account.as_str()));
    let mut objects = Vec::new();
    let mut link = None;
    let outcome = dir.entries(&mut |name, kind| {
        let Some(name) = name.to_str() else {
            return;
        };
        let object = path::parse_file_name(name);
        let below = if object.is_none() && kind != FileKind::File { path::child(account, name) } else { None };
        match (object, below, kind) {
            (Some(_), _, FileKind::Symlink) | (_, Some(_), FileKind::Symlink) => link = Some(here.join(name)),
            (Some(object), _, FileKind::File) => objects.push(object),
            (_, Some(below), FileKind::Directory) if meets(below.as_str(), prefix) => {
                waiting.insert(below, Arc::clone(dir));
            }
            // Foreign files are for the doctor.
            _ => {}
        }
    });
    match (outcome, link) {
        (Err(error), _) if error.kind() != ErrorKind::NotFound => Err(Error::store("list", here, error)),
        (_, Some(path)) => Err(Error::Symlink { path }),
        _ => Ok(objects),
    }
}

/// Whether the account's name with a `/` behind it starts with the prefix.
fn starts_with(account: &str, prefix: &str) -> bool {
    account.starts_with(prefix) || prefix.strip_suffix('/') == Some(account)
}

/// Whether the account or one below it can have the prefix.
fn meets(account: &str, prefix: &str) -> bool {
    starts_with(account, prefix) || prefix.strip_prefix(account).is_some_and(|rest| rest.starts_with('/'))
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_directory_that_is_removed_while_it_is_listed_has_nothing() {
        let home = tempfile::tempdir().unwrap();
        let store = FsStore::open_or_create(home.path().join("store")).unwrap();
        let account = AccountName::parse("a").unwrap();
        std::fs::create_dir(store.root().join("a")).unwrap();
        let dir = Arc::new(Dir::open(&store.root().join("a")).unwrap());
        std::fs::remove_dir(store.root().join("a")).unwrap();
        let objects = read(&store, &dir, Some(&account), "", &mut Waiting::new()).unwrap();
        assert!(objects.is_empty());
    }
}
