//! What the machine does to secrets in memory.

use super::finding::Finding;

/// What opening a record may lock at once: two pages each for key and record, in bytes.
const LOCKABLE_LEN: u64 = 64 * 1024;

/// Looks at core dumps, swap, and how much memory may be locked.
pub(super) fn examine() -> Vec<Finding> {
    let core_dumps = otp_sys::core_dump_limit().filter(|limit| *limit > 0).map(|_| Finding::CoreDumps);
    let swap = otp_sys::swap_devices().filter(|devices| !devices.is_empty()).map(|devices| Finding::Swap { devices });
    let lockable = otp_sys::lockable_memory().and_then(lockable_memory);
    [core_dumps, swap, lockable].into_iter().flatten().collect()
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
