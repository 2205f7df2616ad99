//! The program and its helper on Windows, end to end, with a server in this process. `cargo xtask windows helper`
//! builds the program and passes its path.
#![cfg(windows)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod stub;

use std::process::{Child, Command, Output, Stdio};
use std::thread::yield_now;

use self::stub::{BUCKET, Fault, Habit, Stub};

/// The exit code if a store can't be reached.
const UNAVAILABLE: i32 = 12;

/// Kills every helper; its exit code if there is none. It hits no others: this runs in a system of its own.
const KILL: &str = "taskkill /f /im otp-remote.exe";
const NOT_FOUND: i32 = 128;

/// A user with an account in a bucket, and its key in `a.key`.
struct Home {
    folder: tempfile::TempDir,
    stub: Stub,
}

impl Home {
    fn new() -> Self {
        let home = Self { folder: tempfile::tempdir().unwrap(), stub: Stub::start(Habit::None) };
        let add = home.otp("add edms/a --username=alice --generate --key-file=a.key").output().unwrap();
        assert!(add.status.success(), "{}", said(&add));
        home.stub.take_requests();
        home
    }

    fn otp(&self, line: &str) -> Command {
        let mut command =
            Command::new(std::env::var_os("OTP_STORES_PROGRAM").expect("cargo xtask windows helper says it"));
        command.args(line.split(' ')).current_dir(self.folder.path());
        command.env("AWS_ACCESS_KEY_ID", "id").env("AWS_SECRET_ACCESS_KEY", "secret");
        command.env("OTP_STORE", format!("s3://{BUCKET}/p?endpoint=http://127.0.0.1:{}", self.stub.port));
        command
    }

    /// Makes the server silent, starts a command that opens the account, and returns it once it waits for the server.
    fn waiting(&self) -> Child {
        self.stub.fail("GET", &[Fault::Silent; 9]);
        let mut get = self.otp("get --key-file=a.key");
        let waiting =
            get.env("OTP_STORE_TIMEOUT", "600").stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        while self.stub.take_requests().is_empty() {
            yield_now();
        }
        waiting
    }
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
#[ignore = "needs otp: cargo xtask windows helper"]
fn an_account_in_a_bucket_is_read_through_a_web_server_too() {
    let home = Home::new();
    let url = format!("http://127.0.0.1:{}/{BUCKET}/p", home.stub.port);
    let got = home.otp("get --field username --key-file=a.key --store").arg(url).output().unwrap();
    assert_eq!(
        (got.status.code(), String::from_utf8_lossy(&got.stdout).trim_end()),
        (Some(0), "alice"),
        "{}",
        said(&got)
    );
}

#[test]
#[ignore = "needs otp: cargo xtask windows helper"]
fn no_helper_runs_beside_a_command() {
    let home = Home::new();
    let line = ["run --key-file=a.key --", KILL].join(" ");
    let ran = home.otp(&line).output().unwrap();
    assert_eq!(ran.status.code(), Some(NOT_FOUND), "{}", said(&ran));
}

#[test]
#[ignore = "needs otp: cargo xtask windows helper"]
fn a_silent_server_is_waited_for_as_long_as_was_asked() {
    let home = Home::new();
    home.stub.fail("GET", &[Fault::Silent; 9]);
    let late = home.otp("get --key-file=a.key").env("OTP_STORE_TIMEOUT", "3").output().unwrap();
    assert_eq!((late.status.code(), late.stdout.as_slice()), (Some(UNAVAILABLE), &b""[..]), "{}", said(&late));
    assert!(said(&late).contains("waiting for 127.0.0.1 (try 1)"), "{}", said(&late));
}

#[test]
#[ignore = "needs otp: cargo xtask windows helper"]
fn those_who_wait_for_a_helper_that_is_killed_wait_no_longer() {
    let home = Home::new();
    let waiting = home.waiting();
    let (program, arguments) = KILL.split_once(' ').unwrap();
    let killed = Command::new(program).args(arguments.split(' ')).stdout(Stdio::null()).status().unwrap();
    assert!(killed.success());
    let ended = waiting.wait_with_output().unwrap();
    assert_eq!((ended.status.code(), ended.stdout.as_slice()), (Some(UNAVAILABLE), &b""[..]), "{}", said(&ended));
}

#[test]
#[ignore = "needs otp: cargo xtask windows helper"]
fn a_helper_does_not_outlive_its_program() {
    let home = Home::new();
    let mut waiting = home.waiting();
    assert_ne!(home.stub.connections(), 0);
    waiting.kill().unwrap();
    waiting.wait().unwrap();
    while home.stub.connections() != 0 {
        yield_now();
    }
}
