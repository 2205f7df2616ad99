//! What this process keeps to itself, and what is found out about the machine: each under limits of its own.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::env;
use std::fs::{self, File};
use std::process::Command;
use std::time::{Duration, SystemTime};

use otp_core::{Slot, Store};
use otp_store_fs::FsStore;
use otp_store_fs::doctor::{Severity, examine_machine};
use otp_store_fs::sys::{Hardened, LockedBuf, harden_process};
use rustix::process::{DumpableBehavior, Resource, dumpable_behavior, getrlimit};

/// Runs a test of this file once more, in a process of its own, after a command of the shell.
fn again(test: &str, before: &str) {
    let script = format!("{before}; exec \"$0\" --exact {test} --nocapture");
    let mut command = Command::new("sh");
    command.args(["-c", &script]).arg(env::current_exe().unwrap()).env("OTP_TEST_AGAIN", before);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{before}: {said}");
}

/// The command that this process was started after, if it is one of those that [`again`] starts.
fn before() -> Option<String> {
    env::var("OTP_TEST_AGAIN").ok()
}

#[test]
fn a_hardened_process_writes_no_core_dump_and_is_closed_to_others() {
    let test = "a_hardened_process_writes_no_core_dump_and_is_closed_to_others";
    if before().is_none() {
        return again(test, "ulimit -S -c 1 || true");
    }
    let hard = getrlimit(Resource::Core).maximum;
    assert_eq!(harden_process(), Hardened { no_core_dumps: true, not_dumpable: true });
    assert_eq!(getrlimit(Resource::Core).current, Some(0));
    assert_eq!(getrlimit(Resource::Core).maximum, hard, "what it becomes may want its dumps back");
    assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
}

#[test]
fn limits_of_the_process_are_found() {
    let Some(before) = before() else {
        for before in ["ulimit -S -c 0", "ulimit -S -c 1 || true", "ulimit -S -l 63", "ulimit -S -l 64"] {
            again("limits_of_the_process_are_found", before);
        }
        return;
    };
    let findings = examine_machine(None);
    let found = |subject| findings.iter().find(|finding| finding.subject == subject);
    assert_eq!(found("core dumps").is_some(), getrlimit(Resource::Core).current != Some(0));
    if before.contains("-l") {
        assert_eq!(found("lockable memory").is_some(), before.ends_with("63"));
    }
}

#[test]
fn the_swap_of_this_machine_is_found() {
    let devices = fs::read_to_string("/proc/swaps").unwrap().lines().count() - 1;
    let findings = examine_machine(None);
    assert_eq!(findings.iter().filter(|finding| finding.subject.starts_with("swap (/")).count(), devices.min(1));
}

#[test]
fn a_record_from_the_future_is_found() {
    let folder = tempfile::tempdir().unwrap();
    let store = FsStore::open_or_create(folder.path().join("store")).unwrap();
    let slots = ["a", "b", "c"].map(|name| Slot::record(&name.parse().unwrap(), otp_core::KeyId::from_bytes([7; 10])));
    for slot in &slots {
        store.put(slot, b"record").unwrap();
    }
    let clock = || examine_machine(Some(&store)).into_iter().find(|finding| finding.subject == "clock");
    assert!(clock().is_none());
    let file = File::options().write(true).open(store.path_of(&slots[1])).unwrap();
    file.set_modified(SystemTime::now() + Duration::from_secs(3600)).unwrap();
    assert_eq!(clock().unwrap().severity, Severity::Warning);
}

/// As little as `otp doctor` wants to be lockable, in bytes.
const LEN: usize = 64 * 1024;

/// What the kernel says of the mapping that an address lies in: its `VmFlags`.
fn flags_of(address: usize) -> Option<String> {
    let maps = fs::read_to_string("/proc/self/smaps").unwrap();
    let mut inside = false;
    for line in maps.lines() {
        let range = line.split(' ').next().and_then(|range| range.split_once('-'));
        if let Some((Ok(start), Ok(end))) =
            range.map(|(start, end)| (usize::from_str_radix(start, 16), usize::from_str_radix(end, 16)))
        {
            inside = (start..end).contains(&address);
        } else if let Some(flags) = line.strip_prefix("VmFlags:").filter(|_| inside) {
            return Some(format!("{flags} "));
        }
    }
    None
}

#[test]
fn memory_for_secrets_is_locked_and_in_no_dump_and_given_back() {
    if before().is_none() {
        // In a process of its own, so that nothing else is put into its place.
        return again("memory_for_secrets_is_locked_and_in_no_dump_and_given_back", "true");
    }
    let buffer = LockedBuf::new(LEN);
    let address = buffer.as_ref().as_ptr().addr();
    let flags = flags_of(address).unwrap();
    assert!(flags.contains(" dd "), "not left out of core dumps: {flags}");
    // Where less may be locked, `otp doctor` says so.
    if getrlimit(Resource::Memlock).current.is_none_or(|limit| limit >= LEN as u64) {
        assert!(flags.contains(" lo "), "not locked: {flags}");
    }
    drop(buffer);
    assert_eq!(flags_of(address), None);
}
