//! [`doctor()`]: looks at store, key files and machine, and says what is wrong with them.

mod clock;
mod finding;
mod machine;
mod remote;

use std::path::Path;

use otp_core::random::{self, STARTUP_LEN};
use otp_store_fs::FsStore;
use rand_core::TryRng;

use crate::error::{Error, Result};
use crate::remote::Name;
use crate::{key_file, ring, store};

pub use finding::{Finding, Severity};

/// Looks at the store, key files, the clock, the system's randomness, and what the machine does to secrets in memory.
///
/// With `fix`, stray temporary files and empty directories are removed; nothing else is touched. To check whether the
/// records themselves decode, use [`verify`](crate::verify). Findings about the process are about this one, as it is
/// now: ask before [`harden_process`](crate::harden_process).
///
/// # Errors
///
/// [`Error::NoStore`], [`Error::StoreUrl`], [`Error::StoreTimeout`]; everything else is a finding.
pub fn doctor(store: Option<&Path>, key_files: &[&Path], fix: bool) -> Result<Vec<Finding>> {
    let mut findings = Vec::new();
    let files = match store::place(store)? {
        Name::Path(root) if root.exists() => {
            findings.extend(otp_store_fs::examine(&root, fix).into_iter().map(Finding::Store));
            findings.extend(machine::access(&root));
            FsStore::open(&root).ok()
        }
        Name::Path(path) => {
            findings.push(Finding::NoStore { path });
            None
        }
        Name::Url(url) => {
            findings.extend(remote::examine(url)?);
            None
        }
    };
    for path in key_files {
        findings
            .extend(key_file::check_key_file(path).err().map(|error| Finding::KeyFile { path: (*path).into(), error }));
        findings.extend(machine::access(path));
    }
    findings.extend(machine::examine());
    findings.extend(clock::examine(files.as_ref()));
    findings.extend(randomness());
    Ok(findings)
}

/// Looks at the ring that counts, if one is named: that it is private, where it was made, and apart from the store.
#[must_use]
pub fn examine_ring(named: Option<&Path>, store: Option<&Path>) -> Option<Finding> {
    let path = ring::find_ring(named)?;
    ring::open(Some(&path), store).err().map(|error| Finding::Ring { path, error })
}

/// Puts the system's randomness through the health tests.
fn randomness() -> Option<Finding> {
    let error = random::system().try_fill_bytes(&mut [0; STARTUP_LEN]).err()?;
    Some(Finding::Randomness(Error::Randomness(Box::new(error))))
}
