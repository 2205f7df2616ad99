//! Files that a program finds at the numbers asked for when this process becomes it.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::env;
use std::fs::File;
use std::io::{ErrorKind, Read, Seek};
use std::os::fd::AsRawFd;
use std::process::Command;

use otp_store_fs::sys::{exec_with_fds, harden_process, sealed_memory_file, take_fd};

/// A number that nothing has.
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
fn if_there_is_no_such_program_everything_is_as_it_was() {
    let mut kept = sealed_memory_file("test", b"kept").unwrap();
    let given = || sealed_memory_file("test", b"given").unwrap();
    let mut command = Command::new("/there/is/no/such/program");
    let error = exec_with_fds(&mut command, vec![(given(), kept.as_raw_fd()), (given(), FREE)]);
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(contents(&mut kept), "kept");
    assert!(take_fd(FREE).is_err());
    assert!(exec_with_fds(&mut command, vec![(given(), -1)]).raw_os_error().is_some());
}
