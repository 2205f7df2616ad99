//! [`Warning`]: what works, but its user should know about.

use std::fmt::{self, Display};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock};

use otp_core::{AccountName, KeyId};
use otp_sys::Access;

use crate::any_store::StoreError;
use crate::key_origin::KeyOrigin;
use crate::message::redact;

/// Something that works, but that the user should know about.
#[derive(Debug)]
#[non_exhaustive]
pub enum Warning<'a> {
    /// Others can read the file that standard input or a descriptor leads to.
    KeyOpenToOthers {
        /// Where the key came from.
        origin: &'a KeyOrigin,
        /// The file's permission bits.
        mode: u32,
    },
    /// Others can write to the directory of a key file or a store, but can't replace what is not theirs.
    SharedDirectory {
        /// The directory.
        path: &'a Path,
        /// Its permission bits.
        mode: u32,
    },
    /// A key of an account that is kept in a ring was revoked without the ring: until the ring knows, anyone who can
    /// write the store can bring the key back.
    RevokedWithoutRing {
        /// The account.
        account: &'a AccountName,
    },
    /// A key was revoked, but the note that says so could not be written.
    NoTombstone {
        /// The key's account.
        account: &'a AccountName,
        /// The key's id.
        key_id: KeyId,
        /// Why.
        error: &'a StoreError,
    },
    /// Another process has had an account locked for a second; this one keeps waiting.
    WaitingForLock {
        /// The account's directory, or the ring's.
        path: &'a Path,
    },
    /// A store on the network has kept a request waiting for a second; this process keeps waiting.
    WaitingForStore {
        /// The server, or the store's URL if its helper says nothing.
        host: &'a str,
        /// Which try it is, from 1.
        attempt: u16,
    },
    /// A sink of the audit log does not take a line, but another one has, or the log is optional.
    NotAudited {
        /// The sink.
        path: &'a Path,
        /// Why.
        error: &'a io::Error,
    },
    /// A store on another machine may be reached without TLS.
    InsecureStore {
        /// Its URL.
        url: &'a str,
    },
}

impl Display for Warning<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::KeyOpenToOthers { origin, mode } => {
                write!(f, "{origin}: others can read the key ({})", Access(*mode))
            }
            Self::SharedDirectory { path, mode } => {
                let path = redact(&path.display().to_string());
                write!(f, "others can write to the directory {path} ({})", Access(*mode))
            }
            Self::RevokedWithoutRing { account } => write!(
                f,
                "account {account} is kept in a ring, which does not know that the key has ended; revoke it with the ring too"
            ),
            Self::NoTombstone { account, key_id, error } => write!(
                f,
                "key {key_id} of account {account} has ended, but the store does not say that it was revoked: {}",
                redact(&error.to_string())
            ),
            Self::NotAudited { path, error } => {
                write!(f, "the audit log {} was not written: {error}", redact(&path.display().to_string()))
            }
            Self::WaitingForLock { path } => {
                write!(f, "another process has {} locked; waiting for it", redact(&path.display().to_string()))
            }
            Self::WaitingForStore { host, attempt } => {
                write!(f, "waiting for {} (try {attempt})", redact(host))
            }
            Self::InsecureStore { url } => {
                write!(
                    f,
                    "the store {} may be spoken to without TLS: others can read and change what is sent",
                    redact(url)
                )
            }
        }
    }
}

static HANDLER: OnceLock<fn(&Warning<'_>)> = OnceLock::new();

/// Sets what becomes of warnings in this process. Without a handler they are dropped; the first one that is set stays.
pub fn set_warning_handler(handler: fn(&Warning<'_>)) {
    let _ = HANDLER.set(handler);
}

/// The shared directories that have been warned about: once is enough for each.
static SHARED: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

pub(crate) fn warn(warning: &Warning<'_>) {
    let Some(handler) = HANDLER.get() else { return };
    // In the child of a process that was here in another thread, nobody will ever release it.
    if let (Warning::SharedDirectory { path, .. }, Ok(mut shared)) = (warning, SHARED.try_lock()) {
        if shared.iter().any(|known| known == path) {
            return;
        }
        shared.push(path.to_path_buf());
    }
    handler(warning);
}
