//! What the machine does to secrets in memory.

use std::path::Path;

use super::finding::Finding;

/// What opening a record may lock at once: two pages each for key and record, in bytes.
const LOCKABLE_LEN: u64 = 64 * 1024;

/// Looks at core dumps, swap, and how much memory may be locked.
pub(super) fn examine() -> Vec<Finding> {
    let core_dumps = otp_sys::core_dump_limit().filter(|limit| *limit > 0).map(|_| Finding::CoreDumps);
    let swap = otp_sys::swap_devices().filter(|devices| !devices.is_empty()).map(|devices| Finding::Swap { devices });
    let lockable = otp_sys::lockable_memory().and_then(lockable_memory);
    [core_dumps, swap, lockable].into_iter().flatten().chain(not_looked_at()).collect()
}

/// What this system does not report.
#[cfg(unix)]
fn not_looked_at() -> Option<Finding> {
    None
}

/// What this system does not report.
#[cfg(windows)]
fn not_looked_at() -> [Finding; 2] {
    [
        Finding::NotLookedAt {
            subject: "crash dumps",
            summary: "not looked at: otp shows no dialog and keeps its heap out of reports, but the machine's settings may dump \
                      any program that crashes",
        },
        Finding::NotLookedAt {
            subject: "page file",
            summary: "not looked at: otp locks what holds secrets, but the scripts that get them do not; BitLocker encrypts it",
        },
    ]
}

/// Who can read and write something, where modes do not say it.
#[cfg(unix)]
pub(super) fn access(_: &Path) -> Option<Finding> {
    None
}

/// Who can read and write something. What can't be looked at becomes a different finding.
#[cfg(windows)]
pub(super) fn access(path: &Path) -> Option<Finding> {
    let list = otp_sys::access_list(path).ok()?;
    if !list.is_kept {
        return Some(Finding::Access { path: path.into(), writers: vec!["everybody".into()], readers: Vec::new() });
    }
    let names = |of: fn(&otp_sys::Party) -> bool| {
        list.parties.iter().filter(|party| of(party)).map(otp_sys::Party::name).collect()
    };
    let (writers, readers) = (names(|party| party.writes), names(|party| party.reads && !party.writes));
    Some(Finding::Access { path: path.into(), writers, readers })
}

fn lockable_memory(limit: u64) -> Option<Finding> {
    (limit < LOCKABLE_LEN).then_some(Finding::LockableMemory { limit, enough: LOCKABLE_LEN })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn less_lockable_memory_than_opening_takes_is_a_finding() {
        assert!(lockable_memory(LOCKABLE_LEN).is_none());
        assert!(matches!(lockable_memory(LOCKABLE_LEN - 1), Some(Finding::LockableMemory { limit: 65_535, .. })));
    }
}
