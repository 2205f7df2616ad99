//! The names in a store's directories.
//!
//! `ROOT/<account>/<id>.otp` is a record; notes and markers lie beside it. Names that start with a dot are the store's own.
//! No segment of an account's name starts with a dot or ends in `.otp`, so names of different sorts never collide.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use otp_core::AccountName;

/// The file that an account's writers lock.
pub(crate) const LOCK: &str = ".lock";
/// How the names of temporary files and directories start.
pub(crate) const TEMPORARY: &str = ".tmp-";

/// A name for a temporary file that is unlikely to be in use; its maker still has the system refuse one that exists.
pub(crate) fn temporary_name() -> String {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    // Randomness may fail, and only those who need it should have to report that.
    let nanos = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    format!("{TEMPORARY}{:x}-{nanos:x}-{:x}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed))
}

/// The account of a directory called `name` inside the directory of `account`, or inside the root; `None` for other names.
pub(crate) fn child(account: Option<&AccountName>, name: &str) -> Option<AccountName> {
    match account {
        None => AccountName::parse(name).ok(),
        Some(account) => AccountName::parse(&format!("{account}/{name}")).ok(),
    }
}

/// The account above, if there is one, and the last segment of the name.
pub(crate) fn parent(account: &AccountName) -> (Option<AccountName>, &str) {
    match account.as_str().rsplit_once('/') {
        Some((parent, segment)) => (AccountName::parse(parent).ok(), segment),
        None => (None, account.as_str()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_has_its_parent() {
        let account = AccountName::parse("a/b").unwrap();
        let child = child(Some(&account), "c").unwrap();
        assert_eq!(child.as_str(), "a/b/c");
        assert_eq!(parent(&child), (Some(account), "c"));
        assert_eq!(parent(&AccountName::parse("a").unwrap()), (None, "a"));
        assert_eq!(super::child(None, "A"), None);
    }
}
