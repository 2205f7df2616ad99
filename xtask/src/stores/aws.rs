//! Moving a store with the AWS command line, as users do.

use std::fs;
use std::process::Command;

use otp_core::Code;
use otp_test_tools::folder;
use xtask::Result;
use xtask::sh::{output, run};

use super::seaweedfs::{SeaweedFs, log_in, url};
use super::{Programs, Tools};
use crate::venv::program_of;

pub(super) fn move_store(tools: &Tools) -> Result<()> {
    let server = SeaweedFs::start(tools)?;
    let programs = Programs::build()?;
    let home = folder();
    let otp = |arguments: &[&str]| {
        let mut command = Command::new(&programs.otp);
        command.args(arguments).current_dir(home.path()).env("HOME", home.path());
        command.env("OTP_HELPERS", programs.helpers());
        log_in(&mut command, "admin");
        command
    };
    let add = ["add", "edms/reporting", "--username=alice", "--generate", "--for=first", "--key-file=a.key"];
    run(otp(&add).arg("--store=store"))?;
    run(&mut otp(&["issue", "edms/reporting", "--key-file=a.key", "--new-key-file=b.key", "--store=store"]))?;
    let here = output(&mut otp(&["get", "--key-file=b.key", "--store=store"]))?;
    // A crash's leftover: it is copied, but ignored.
    for name in ["store/edms/reporting/.lock", "store/edms/reporting/.tmp-1"] {
        fs::write(home.path().join(name), "").map_err(|error| format!("{name}: {error}"))?;
    }
    let mut sync = program_of(&tools.venv, "aws");
    sync.args(["s3", "sync", "--only-show-errors", "store", "s3://otp/moved", "--endpoint-url", &server.endpoint()]);
    log_in(sync.current_dir(home.path()).env("HOME", home.path()), "admin");
    run(&mut sync)?;

    let moved = url("moved", &server.endpoint());
    expect(&output(&mut otp(&["get", "--key-file=b.key", "--store", &moved]))?, &here)?;
    let revoke = ["revoke", "--for=first", "--yes", "--store", &moved];
    let refused = otp(&revoke).status().map_err(|error| format!("otp revoke: {error}"))?;
    if refused.code() != Some(Code::StoreUnavailable.number().into()) {
        return Err(format!("otp revoke ended with {refused} in a store that nobody had initialised"));
    }
    expect(&output(&mut otp(&["store", "init", &moved]))?, "made\n")?;
    expect(&output(&mut otp(&["store", "init", &moved]))?, "there already\n")?;
    run(&mut otp(&revoke))?;
    expect(&output(&mut otp(&["get", "--key-file=b.key", "--store", &moved]))?, &here)?;
    if otp(&["get", "--key-file=a.key", "--store", &moved]).status().is_ok_and(|status| status.success()) {
        return Err("a key opens that was revoked".into());
    }
    run(&mut otp(&["verify", "--store", &moved]))?;
    // And back, with our own command.
    run(&mut otp(&["store", "copy", &moved, "back"]))?;
    expect(&output(&mut otp(&["get", "--key-file=b.key", "--store=back"]))?, &here)
}

fn expect(found: &str, expected: &str) -> Result<()> {
    if found == expected { Ok(()) } else { Err(format!("expected {expected:?}, not {found:?}")) }
}
