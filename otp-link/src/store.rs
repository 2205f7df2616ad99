//! Where the store is.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use otp_core::{AccountName, Keeper, KeyId, UnixTime};
use otp_store_fs::FsStore;
use otp_sys::LockedBuf;

use crate::any_store::AnyStore;
use crate::environment::{self, Environment, variable};
use crate::error::{Error, Result};
use crate::key_file;
use crate::remote::{Access, Name, Patience, RemoteStore, UrlFault};
use crate::ring::FsRing;
use crate::warning::{self, Warning};

/// What named the store that counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreOrigin {
    /// The caller.
    Explicit,
    /// `OTP_STORE`.
    Variable,
    /// Nothing: it is in the platform's directory for a user's data.
    Default,
}

/// A store, and what named it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreChoice {
    /// The root's path, or the URL.
    pub path: PathBuf,
    /// What named it.
    pub origin: StoreOrigin,
}

/// Finds the store: `explicit`, else `OTP_STORE`, else `otp/store` in the platform's directory for a user's data.
///
/// That directory is `$XDG_DATA_HOME` or `~/.local/share`; on macOS `~/Library/Application Support`, on Windows
/// `%LOCALAPPDATA%`. An empty variable counts as unset. The store need not exist.
///
/// # Errors
///
/// [`Error::NoStore`]: none is named, and neither the environment nor the user database has a home directory.
/// [`Error::RelativeHome`]: it is not an absolute path.
pub fn find_store(explicit: Option<&Path>) -> Result<StoreChoice> {
    find_store_in(explicit, &environment::process)
}

fn find_store_in(explicit: Option<&Path>, environment: Environment<'_>) -> Result<StoreChoice> {
    if let Some(path) = explicit {
        return Ok(StoreChoice { path: path.to_owned(), origin: StoreOrigin::Explicit });
    }
    if let Some(path) = variable(environment, "OTP_STORE") {
        return Ok(StoreChoice { path: path.into(), origin: StoreOrigin::Variable });
    }
    let data = data_directory(environment)?.ok_or(Error::NoStore)?;
    Ok(StoreChoice { path: data.join("otp").join("store"), origin: StoreOrigin::Default })
}

#[cfg(all(unix, not(target_os = "macos")))]
fn data_directory(environment: Environment<'_>) -> Result<Option<PathBuf>> {
    // "All paths set in these environment variables must be absolute"; others are ignored (XDG Base Directory).
    match variable(environment, "XDG_DATA_HOME").map(PathBuf::from).filter(|path| path.is_absolute()) {
        Some(data) => Ok(Some(data)),
        None => Ok(home(environment)?.map(|home| home.join(".local/share"))),
    }
}

#[cfg(target_os = "macos")]
#[cfg_attr(mutants, mutants::skip)]
fn data_directory(environment: Environment<'_>) -> Result<Option<PathBuf>> {
    Ok(home(environment)?.map(|home| home.join("Library/Application Support")))
}

/// The home directory: `HOME`, or what the user database says.
#[cfg(unix)]
fn home(environment: Environment<'_>) -> Result<Option<PathBuf>> {
    match variable(environment, "HOME").map(PathBuf::from).or_else(|| environment::home_of_user(environment)) {
        // The store would depend on the current directory.
        Some(path) if !path.is_absolute() => Err(Error::RelativeHome { path }),
        home => Ok(home),
    }
}

#[cfg(windows)]
#[cfg_attr(mutants, mutants::skip)]
#[allow(clippy::unnecessary_wraps, reason = "as on Unix")]
fn data_directory(environment: Environment<'_>) -> Result<Option<PathBuf>> {
    Ok(variable(environment, "LOCALAPPDATA").map(PathBuf::from))
}

/// Sets how long this process waits from now on for the lock of an account or a ring, in whole seconds. The default is
/// [`FsStore::LOCK_TIMEOUT`].
pub fn set_lock_timeout(timeout: Duration) {
    LOCK_TIMEOUT_SECS.store(timeout.as_secs(), Ordering::Relaxed);
}

static LOCK_TIMEOUT_SECS: AtomicU64 = AtomicU64::new(FsStore::LOCK_TIMEOUT.as_secs());

/// Where the store that counts is.
///
/// # Errors
///
/// Those of [`find_store`]; [`Error::StoreUrl`].
pub(crate) fn place(explicit: Option<&Path>) -> Result<Name> {
    let path = find_store(explicit)?.path;
    Name::parse(&path).map_err(|fault| {
        let name = path.display().to_string();
        let url = match (&fault, name.split_once(['?', '#'])) {
            // Only the person who wrote it knows what the secret is.
            (UrlFault::Secret { .. }, _) => "(not shown)".to_owned(),
            // The fault names what is wrong; the rest may be a secret that nobody recognizes as one.
            (_, Some((place, _))) => place.to_owned(),
            (_, None) => name,
        };
        Error::StoreUrl { url, fault }
    })
}

/// A store that is about to be opened. For one on the network, the helper is already running.
pub(crate) enum Prepared {
    Files(PathBuf),
    Remote(RemoteStore),
}

impl Prepared {
    pub(crate) fn open(self) -> Result<AnyStore> {
        match self {
            Self::Files(path) => open_files(path),
            Self::Remote(store) => Ok(AnyStore::Remote(store)),
        }
    }
}

/// Prepares the store that exists for opening an account, before the key is read.
pub(crate) fn prepare(explicit: Option<&Path>) -> Result<Prepared> {
    match place(explicit)? {
        Name::Path(path) => Ok(Prepared::Files(path)),
        Name::Url(url) => Ok(Prepared::Remote(RemoteStore::open(url, Access::Read, Patience::in_all()?)?)),
    }
}

/// Opens the store that exists, for reading.
pub(crate) fn open(explicit: Option<&Path>) -> Result<AnyStore> {
    open_for(Access::Read, explicit)
}

/// Opens the store that exists, for reading and writing.
pub(crate) fn open_to_write(explicit: Option<&Path>) -> Result<AnyStore> {
    open_for(Access::Write, explicit)
}

fn open_for(access: Access, explicit: Option<&Path>) -> Result<AnyStore> {
    match place(explicit)? {
        Name::Path(path) => open_files(path),
        Name::Url(url) => Ok(AnyStore::Remote(RemoteStore::open(url, access, Patience::without_progress()?)?)),
    }
}

/// Opens the store, and makes it if it does not exist.
pub(crate) fn open_or_create(explicit: Option<&Path>) -> Result<AnyStore> {
    make(explicit).map(|(store, _)| store)
}

/// Opens the store, makes it if it does not exist, and says whether it did. On the network, it becomes a store once it
/// has shown that it keeps its promises, which is tried once.
pub(crate) fn make(explicit: Option<&Path>) -> Result<(AnyStore, bool)> {
    match place(explicit)? {
        Name::Path(path) => {
            key_file::check_parent(&path)?;
            let before = path.exists();
            Ok((AnyStore::Files(with_patience(FsStore::open_or_create(path)?)), before))
        }
        Name::Url(url) => {
            let store = RemoteStore::open(url, Access::Write, Patience::without_progress()?)?;
            let before = store.limits()?.is_initialised || store.init()?;
            Ok((AnyStore::Remote(store), before))
        }
    }
}

fn open_files(path: PathBuf) -> Result<AnyStore> {
    key_file::check_parent(&path)?;
    Ok(AnyStore::Files(with_patience(FsStore::open(path)?)))
}

/// How long this process waits for a lock.
pub(crate) fn lock_timeout() -> Duration {
    Duration::from_secs(LOCK_TIMEOUT_SECS.load(Ordering::Relaxed))
}

fn with_patience(store: FsStore) -> FsStore {
    store.lock_timeout(lock_timeout()).on_wait(|path| warning::warn(&Warning::WaitingForLock { path }))
}

/// The directories that [`open_or_create`] would make: the store's own, then those above it. None on the network.
pub(crate) fn absent_dirs(explicit: Option<&Path>) -> Result<Vec<PathBuf>> {
    let Name::Path(root) = place(explicit)? else { return Ok(Vec::new()) };
    let is_absent = |dir: &&Path| !dir.as_os_str().is_empty() && !dir.exists();
    Ok(root.ancestors().take_while(is_absent).map(Path::to_owned).collect())
}

/// Takes back a new key that could not be handed over.
pub(crate) fn withdraw(store: &AnyStore, ring: Option<&FsRing>, account: &AccountName, id: KeyId) -> Result<()> {
    match ring {
        Some(ring) => Ok(keeper(store).with_ring(ring).withdraw(account, id)?),
        None => Ok(keeper(store).withdraw(account, id)?),
    }
}

/// A keeper of the store, now.
pub(crate) fn keeper(store: &AnyStore) -> Keeper<'_, AnyStore, LockedBuf> {
    Keeper::in_memory(store, UnixTime::now())
}

#[cfg(all(test, unix))]
mod tests {
    use std::ffi::OsString;

    use super::*;

    fn find(explicit: Option<&str>, variables: &[(&str, &str)]) -> Result<StoreChoice> {
        let lookup =
            |name: &str| variables.iter().find(|(key, _)| *key == name).map(|(_, value)| OsString::from(value));
        find_store_in(explicit.map(Path::new), &lookup)
    }

    fn choice(path: &str, origin: StoreOrigin) -> StoreChoice {
        StoreChoice { path: path.into(), origin }
    }

    #[test]
    fn the_store_is_the_first_that_is_named() {
        assert!(matches!(find(None, &[]), Err(Error::NoStore)));
        let mut variables = vec![("HOME", "/home/me")];
        if !cfg!(target_os = "macos") {
            let default = choice("/home/me/.local/share/otp/store", StoreOrigin::Default);
            assert_eq!(find(None, &variables).unwrap(), default);
            assert_eq!(find(None, &[("HOME", "/home/me"), ("XDG_DATA_HOME", "relative")]).unwrap(), default);
            variables.push(("XDG_DATA_HOME", "/data"));
            assert_eq!(find(None, &variables).unwrap(), choice("/data/otp/store", StoreOrigin::Default));
        }
        variables.push(("OTP_STORE", "here"));
        assert_eq!(find(None, &variables).unwrap(), choice("here", StoreOrigin::Variable));
        assert_eq!(find(Some("there"), &variables).unwrap(), choice("there", StoreOrigin::Explicit));
    }

    #[test]
    fn a_home_that_is_another_one_in_each_directory_is_refused() {
        assert!(matches!(find(None, &[("HOME", "me")]), Err(Error::RelativeHome { path }) if path == Path::new("me")));
        assert_eq!(find(None, &[("HOME", "me"), ("OTP_STORE", "s")]).unwrap(), choice("s", StoreOrigin::Variable));
    }

    #[test]
    fn an_empty_variable_counts_as_unset() {
        assert!(matches!(find(None, &[("OTP_STORE", ""), ("HOME", "")]), Err(Error::NoStore)));
    }
}
