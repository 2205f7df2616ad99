//! A program that this process becomes finds each file at its number.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::env;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek, Write};
use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};

use otp_sys::{exec_with_fds, harden_process, sealed_memory_file, take_fd};
use rustix::io::{FdFlags, fcntl_getfd, fcntl_setfd};

/// A number at which nothing is open.
const FREE: i32 = 500;

fn contents(file: &mut File) -> String {
    let mut text = String::new();
    file.rewind().unwrap();
    file.read_to_string(&mut text).unwrap();
    text
}

#[test]
fn a_program_finds_each_file_at_its_number_even_if_they_change_places() {
    let test = "a_program_finds_each_file_at_its_number_even_if_they_change_places";
    if env::var_os("OTP_TEST_EXEC").is_some() {
        harden_process();
        let files = ["first", "second", "third"].map(|text| sealed_memory_file("test", text.as_bytes()).unwrap());
        let [a, b, _] = files.each_ref().map(AsRawFd::as_raw_fd);
        let [first, second, third] = files;
        let mut command = Command::new("sh");
        command.arg("-c").arg(format!("cat /dev/fd/{b} /dev/fd/{a} /dev/fd/{FREE}"));
        panic!("{}", exec_with_fds(&mut command, vec![(first, b), (second, a), (third, FREE)]));
    }
    let this = env::current_exe().unwrap();
    let output = Command::new(this).args(["--exact", test, "--nocapture"]).env("OTP_TEST_EXEC", "").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.ends_with("firstsecondthird"), "{said}");
}

#[test]
fn without_such_a_program_everything_is_as_before() {
    let mut kept = sealed_memory_file("test", b"kept").unwrap();
    let given = || sealed_memory_file("test", b"given").unwrap();
    let mut command = Command::new("/there/is/no/such/program");
    let error = exec_with_fds(&mut command, vec![(given(), kept.as_raw_fd()), (given(), FREE)]);
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(contents(&mut kept), "kept");
    assert!(take_fd(FREE).is_err());
    assert!(exec_with_fds(&mut command, vec![(given(), -1)]).raw_os_error().is_some());
}

/// Runs a test of this file again, in a process that has a text at standard input.
fn with_input(test: &str, input: &str) -> String {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", test, "--nocapture"]).env("OTP_TEST_INPUT", "");
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    // A test that puts a file in the place of standard input may have closed the pipe already.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{said}");
    said
}

#[test]
fn standard_input_is_a_descriptor_like_any_other() {
    if env::var_os("OTP_TEST_INPUT").is_none() {
        with_input("standard_input_is_a_descriptor_like_any_other", "from input");
        return;
    }
    let mut text = String::new();
    take_fd(0).unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "from input");
}

#[test]
fn a_file_may_take_the_place_of_standard_input() {
    let test = "a_file_may_take_the_place_of_standard_input";
    if env::var_os("OTP_TEST_INPUT").is_none() {
        let said = with_input(test, "from input");
        assert!(said.ends_with("from the file"), "{said}");
        return;
    }
    let file = sealed_memory_file("test", b"from the file").unwrap();
    panic!("{}", exec_with_fds(&mut Command::new("cat"), vec![(file, 0)]));
}

#[test]
fn what_is_taken_or_made_closes_when_the_process_becomes_another_but_the_standard_ones_do_not() {
    let closes = |file: &File| fcntl_getfd(file).unwrap().contains(FdFlags::CLOEXEC);
    let file = sealed_memory_file("test", b"a secret").unwrap();
    assert!(closes(&file));
    fcntl_setfd(&file, FdFlags::empty()).unwrap();
    let taken = take_fd(file.as_raw_fd()).unwrap();
    assert!(closes(&file) && closes(&taken));
    let taken = take_fd(2).unwrap();
    assert!(!fcntl_getfd(std::io::stderr()).unwrap().contains(FdFlags::CLOEXEC) && closes(&taken));
}

#[cfg(target_os = "linux")]
#[test]
fn a_memory_file_has_every_seal() {
    use rustix::fs::{SealFlags, fcntl_get_seals};

    let seals = fcntl_get_seals(sealed_memory_file("test", b"a secret").unwrap()).unwrap();
    assert!(seals.contains(SealFlags::WRITE | SealFlags::GROW | SealFlags::SHRINK | SealFlags::SEAL), "{seals:?}");
}
