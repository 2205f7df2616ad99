//! What this process keeps to itself: each test under limits of its own.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::env;
use std::fs;
use std::process::Command;

use otp_sys::{Hardened, LockedBuf, core_dump_limit, harden_process, lockable_memory, relock, swap_devices};
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
    assert_eq!(getrlimit(Resource::Core).maximum, hard, "a program that it becomes may want its dumps back");
    assert_eq!(dumpable_behavior().unwrap(), DumpableBehavior::NotDumpable);
}

#[test]
fn limits_of_the_process_are_known() {
    let Some(before) = before() else {
        for before in ["ulimit -S -c 0", "ulimit -S -c 1 || true", "ulimit -S -l 63", "ulimit -S -l 64"] {
            again("limits_of_the_process_are_known", before);
        }
        return;
    };
    assert_eq!(core_dump_limit(), Some(getrlimit(Resource::Core).current.unwrap_or(u64::MAX)));
    if let Some((_, kib)) = before.split_once("-l ") {
        assert_eq!(lockable_memory(), Some(kib.parse::<u64>().unwrap() * 1024));
    }
}

#[test]
fn the_swap_of_this_machine_is_known() {
    let devices = fs::read_to_string("/proc/swaps").unwrap().lines().count() - 1;
    assert_eq!(swap_devices().unwrap().len(), devices);
}

/// What a command locks, in bytes.
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

/// Whether this process may lock the whole arena.
fn may_lock() -> bool {
    getrlimit(Resource::Memlock).current.is_none_or(|limit| limit >= LEN as u64)
}

/// How many bytes this process has locked.
fn locked() -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmLck:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() * 1024
}

#[test]
fn memory_for_secrets_is_one_mapping_that_is_locked_and_left_out_of_dumps() {
    if before().is_none() {
        // In a process of its own, so that nothing else is put into its place.
        return again("memory_for_secrets_is_one_mapping_that_is_locked_and_left_out_of_dumps", "true");
    }
    let buffers: Vec<LockedBuf> = (1..20).map(|number| LockedBuf::new(number * 100)).collect();
    let addresses: Vec<usize> = buffers.iter().map(|buffer| buffer.as_ref().as_ptr().addr()).collect();
    assert!(addresses.iter().max().unwrap() - addresses.iter().min().unwrap() < LEN, "more than one mapping");
    let flags = flags_of(addresses[0]).unwrap();
    assert!(flags.contains(" dd "), "not left out of core dumps: {flags}");
    if may_lock() {
        assert!(flags.contains(" lo "), "not locked: {flags}");
        assert_eq!(locked(), LEN as u64);
    }
    drop(buffers);
    assert_eq!(LockedBuf::new(64).as_ref().as_ptr().addr(), addresses[0], "what is given back is handed out again");
}

#[test]
fn what_is_larger_than_the_arena_is_locked_and_given_back() {
    if before().is_none() {
        return again("what_is_larger_than_the_arena_is_locked_and_given_back", "true");
    }
    let buffer = LockedBuf::new(LEN + 1);
    let address = buffer.as_ref().as_ptr().addr();
    assert!(flags_of(address).unwrap().contains(" dd "));
    if getrlimit(Resource::Memlock).current.is_none_or(|limit| limit >= 2 * LEN as u64) {
        assert!(flags_of(address).unwrap().contains(" lo "));
    }
    drop(buffer);
    assert_eq!(flags_of(address), None);
}

#[test]
fn what_a_fork_unlocked_is_locked_again() {
    if before().is_none() {
        return again("what_a_fork_unlocked_is_locked_again", "true");
    }
    let buffers = [LockedBuf::new(100), LockedBuf::new(LEN + 1)];
    let before = locked();
    rustix::mm::munlockall().unwrap();
    assert_eq!(locked(), 0);
    relock();
    assert_eq!(locked(), before);
    drop(buffers);
}

#[test]
fn where_nothing_may_be_locked_buffers_work_all_the_same() {
    if before().is_none() {
        return again("where_nothing_may_be_locked_buffers_work_all_the_same", "ulimit -l 0");
    }
    let mut buffers = [LockedBuf::new(100), LockedBuf::new(LEN + 1)];
    for buffer in &mut buffers {
        buffer.as_mut().fill(7);
        assert!(buffer.as_ref().iter().all(|byte| *byte == 7));
    }
    relock();
}
