//! A helper of a process: started, spoken to and ended, here with programs that every system has.
#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs::{self, Permissions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::thread;

use otp_sys::Helper;

fn cat() -> Helper {
    Helper::start(Path::new("/bin/cat"), &[]).unwrap().0
}

#[test]
fn what_is_written_is_read_and_the_end_of_one_side_is_that_of_the_other() {
    let (helper, mut input, mut output) = Helper::start(Path::new("/bin/cat"), &[]).unwrap();
    input.write_all(b"said").unwrap();
    let mut heard = [0; 4];
    output.read_exact(&mut heard).unwrap();
    assert_eq!(&heard, b"said");
    helper.end();
    assert_eq!(output.read(&mut heard).unwrap(), 0);
    // An error, and no signal.
    assert_eq!(input.write(b"more").unwrap_err().kind(), ErrorKind::BrokenPipe);
    assert_eq!(helper.id(), None);
    helper.end();
}

#[test]
fn who_reads_is_woken_when_another_thread_ends_it() {
    let (helper, _input, mut output) = Helper::start(Path::new("/bin/cat"), &[]).unwrap();
    let reader = thread::spawn(move || output.read(&mut [0; 4]).unwrap());
    helper.end();
    assert_eq!(reader.join().unwrap(), 0);
}

#[test]
fn nothing_is_left_of_one_that_was_dropped() {
    let helper = cat();
    let process = format!("/proc/{}", helper.id().unwrap());
    assert!(!cfg!(target_os = "linux") || Path::new(&process).exists());
    drop(helper);
    assert!(!Path::new(&process).exists(), "not even a zombie");
}

#[test]
fn what_is_no_program_is_an_error() {
    let home = tempfile::tempdir().unwrap();
    assert_eq!(Helper::start(&home.path().join("none"), &[]).unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(Helper::start(home.path(), &[]).unwrap_err().kind(), ErrorKind::PermissionDenied);
    let script = home.path().join("script");
    fs::write(&script, "#!/no/such/interpreter\n").unwrap();
    fs::set_permissions(&script, Permissions::from_mode(0o700)).unwrap();
    assert_eq!(Helper::start(&script, &[]).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn a_thread_of_the_library_gets_no_signals() {
    let (done, is_done) = std::sync::mpsc::channel();
    otp_sys::quiet_thread("quiet", move || {
        let status = fs::read_to_string("/proc/thread-self/status").unwrap_or_default();
        done.send(status).unwrap();
    })
    .unwrap();
    let status = is_done.recv().unwrap();
    if cfg!(target_os = "linux") {
        let blocked = status.lines().find_map(|line| line.strip_prefix("SigBlk:\t")).unwrap();
        // Two that nobody can block, and two of the C library's own.
        assert!(u64::from_str_radix(blocked, 16).unwrap().count_ones() >= 60, "{blocked}");
        let own = fs::read_to_string("/proc/thread-self/status").unwrap();
        assert!(own.contains("SigBlk:\t0000000000000000"), "this thread's are as they were");
    }
}

#[test]
fn a_test_is_a_program_of_its_own_and_no_library() {
    assert_eq!(otp_sys::own_library(), None);
}
