//! The programs that tests start.

use std::env;
use std::fs::File;
use std::io::Write;

/// Whether this machine lacks a program. A test that needs it then returns early.
///
/// `cargo xtask test` lists the missing programs in `OTP_TEST_WITHOUT`, separated by commas, and counts the lines that
/// tests append to the file that `OTP_TEST_NOT_RUN` names. Without them nothing is taken to be missing, so that a
/// missing program fails the test.
pub(crate) fn lacks(program: &str) -> bool {
    let lacks = env::var("OTP_TEST_WITHOUT").is_ok_and(|list| list.split(',').any(|listed| listed == program));
    if let (true, Some(path)) = (lacks, env::var_os("OTP_TEST_NOT_RUN")) {
        let thread = std::thread::current();
        let line = format!("{program}\t{}\n", thread.name().unwrap_or("unnamed"));
        let file = File::options().append(true).create(true).open(path);
        file.and_then(|mut file| file.write_all(line.as_bytes())).expect("what was not run must be written down");
    }
    lacks
}
