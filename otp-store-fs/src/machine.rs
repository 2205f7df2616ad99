//! What the machine does to secrets in memory, and whether its clock can be believed.

use std::ops::ControlFlow;
use std::time::{Duration, SystemTime};

use otp_core::store::Store;

use crate::doctor::{Finding, Severity};
use crate::{FsStore, sys};

/// No clock that is right shows an earlier time: 2025-01-01T00:00:00Z, in seconds after 1970.
const EARLIEST_SECS: u64 = 1_735_689_600;
/// How far clocks of machines that share a store may differ.
const TOLERANCE: Duration = Duration::from_secs(300);
/// What opening a record may lock at once: two pages for each of key and record, in bytes.
const LOCKABLE_LEN: u64 = 64 * 1024;

/// Looks at the machine: core dumps, swap, how much memory may be locked, and the clock.
///
/// `store` gives times to compare the clock with. Findings about the process are about this one, as it is now:
/// ask before [`harden_process`](crate::sys::harden_process).
#[must_use]
pub fn examine_machine(store: Option<&FsStore>) -> Vec<Finding> {
    let mut findings = Vec::new();
    findings.extend(core_dumps());
    findings.extend(sys::swap_devices().and_then(|devices| swap(&devices)));
    findings.extend(lockable_memory());
    findings.extend(clock(SystemTime::now(), store.and_then(newest)));
    findings
}

fn core_dumps() -> Option<Finding> {
    (sys::core_dump_limit()? > 0).then(|| {
        Finding::new(
            Severity::Notice,
            "core dumps",
            "programs that crash may write their memory to a file; otp turns that off for itself, scripts do not",
            "ulimit -c 0",
        )
    })
}

fn swap(devices: &[String]) -> Option<Finding> {
    (!devices.is_empty()).then(|| {
        Finding::new(
            Severity::Notice,
            format!("swap ({})", devices.join(", ")),
            "memory may be written to disk; otp locks what holds secrets, but scripts that get them do not",
            "encrypt the swap",
        )
    })
}

fn lockable_memory() -> Option<Finding> {
    let limit = sys::lockable_memory()?;
    (limit < LOCKABLE_LEN).then(|| {
        Finding::new(
            Severity::Warning,
            "lockable memory",
            format!("only {limit} bytes may be locked, so secrets may reach the swap"),
            "raise the limit: ulimit -l 64, or LimitMEMLOCK=64K for a service",
        )
    })
}

fn clock(now: SystemTime, newest: Option<SystemTime>) -> Option<Finding> {
    let mend = "set the clock, for instance: timedatectl set-ntp true";
    if now < SystemTime::UNIX_EPOCH + Duration::from_secs(EARLIEST_SECS) {
        let meaning = "it is before 2025, so records that have expired would be opened";
        return Some(Finding::new(Severity::Problem, "clock", meaning, mend));
    }
    let ahead = newest?.duration_since(now).ok()?;
    (ahead > TOLERANCE).then(|| {
        let meaning = format!(
            "the newest record is {} seconds in the future; this clock or its writer's is wrong",
            ahead.as_secs()
        );
        Finding::new(Severity::Warning, "clock", meaning, mend)
    })
}

/// When the newest object of a store was made.
fn newest(store: &FsStore) -> Option<SystemTime> {
    let mut newest = None;
    // What can't be listed is found by the examination of the store.
    let _ = store.list("", &mut |slot| {
        let modified = store.path_of(slot).symlink_metadata().and_then(|metadata| metadata.modified());
        newest = newest.max(modified.ok());
        ControlFlow::Continue(())
    });
    newest
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn swap_is_found_if_there_is_any() {
        assert_eq!(swap(&[]), None);
        let found = swap(&["/dev/sda2".to_owned(), "/swap".to_owned()]).unwrap();
        assert_eq!((found.severity, found.subject.as_str()), (Severity::Notice, "swap (/dev/sda2, /swap)"));
    }

    #[test]
    fn a_clock_that_stands_before_2025_or_behind_the_store_is_found() {
        let at = |secs| SystemTime::UNIX_EPOCH + Duration::from_secs(secs);
        assert!(clock(at(EARLIEST_SECS - 1), None).is_some());
        assert!(clock(at(EARLIEST_SECS), None).is_none());
        assert!(clock(at(EARLIEST_SECS), Some(at(EARLIEST_SECS + 300))).is_none());
        assert!(clock(at(EARLIEST_SECS), Some(at(EARLIEST_SECS + 301))).is_some());
        assert!(clock(at(EARLIEST_SECS + 9999), Some(at(EARLIEST_SECS))).is_none());
    }
}
