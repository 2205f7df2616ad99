//! Whether the clock can be believed.

use std::ops::ControlFlow;
use std::time::{Duration, SystemTime};

use otp_core::Store;
use otp_core::store::Scope;
use otp_store_fs::FsStore;

use super::finding::Finding;

/// A correct clock shows no earlier time: 2025-01-01T00:00:00Z, in seconds after 1970.
const EARLIEST_SECS: u64 = 1_735_689_600;
/// How far the clocks of machines that share a store may differ.
const TOLERANCE: Duration = Duration::from_secs(300);

/// Compares the clock with the times of a store's files.
pub(super) fn examine(store: Option<&FsStore>) -> Option<Finding> {
    compare(SystemTime::now(), store.and_then(newest))
}

fn compare(now: SystemTime, newest: Option<SystemTime>) -> Option<Finding> {
    if now < SystemTime::UNIX_EPOCH + Duration::from_secs(EARLIEST_SECS) {
        return Some(Finding::ClockTooEarly);
    }
    let ahead = newest?.duration_since(now).ok()?;
    (ahead > TOLERANCE).then_some(Finding::ClockBehind { secs: ahead.as_secs() })
}

/// When the newest object of a store was written.
fn newest(store: &FsStore) -> Option<SystemTime> {
    let mut newest = None;
    let listed = store.list(Scope::All, &mut |slot| {
        let written = store.path_of(slot).symlink_metadata().and_then(|metadata| metadata.modified());
        newest = newest.max(written.ok());
        ControlFlow::Continue(())
    });
    // Anything that can't be listed is a finding of the store's own examination.
    listed.ok().and(newest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_before_2025_or_behind_the_store_is_a_finding() {
        let at = |secs| SystemTime::UNIX_EPOCH + Duration::from_secs(secs);
        assert!(matches!(compare(at(EARLIEST_SECS - 1), None), Some(Finding::ClockTooEarly)));
        assert!(compare(at(EARLIEST_SECS), None).is_none());
        assert!(compare(at(EARLIEST_SECS), Some(at(EARLIEST_SECS + 300))).is_none());
        let behind = compare(at(EARLIEST_SECS), Some(at(EARLIEST_SECS + 301)));
        assert!(matches!(behind, Some(Finding::ClockBehind { secs: 301 })));
        assert!(compare(at(EARLIEST_SECS + 9999), Some(at(EARLIEST_SECS))).is_none());
    }
}
