//! The main job across machines: one home seals, another opens, and the bucket between them comes and goes.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Output};

use otp_core::Code;
use otp_test_tools::{TempDir, folder};
use xtask::Result;
use xtask::cargo::{build, cargo};

use super::Tools;
use super::seaweedfs::{SeaweedFs, log_in};

/// What `otp run` adds to a code, so that it is told from those of the program that it starts.
const RUN: u8 = 100;

pub(super) fn hand_over(tools: &Tools) -> Result<()> {
    let mut server = SeaweedFs::start(tools)?;
    let otp = build(&mut cargo(&["build", "--locked", "-q", "-p", "otp-cli"]))?.program("otp")?;
    let helper = build(&mut cargo(&["build", "--locked", "-q", "-p", "otp-remote"]))?.program("otp-remote")?;
    let home = |who| Home { folder: folder(), otp: otp.clone(), helper: helper.clone(), who, server: tls(&server) };
    let (administrator, scheduler) = (home("writer"), home("reader"));

    administrator.otp(&format!("store init {}", server.tls_url()), 0)?;
    administrator.otp("add edms/reporting --username alice --generate --for nightly --key-file nightly.key", 0)?;
    administrator.otp("get --key-file nightly.key", 0)?;
    // The key is all that goes from one home to the other.
    let key = "nightly.key";
    fs::rename(administrator.folder.path().join(key), scheduler.folder.path().join(key))
        .map_err(|error| format!("{key}: {error}"))?;
    let opens = "run --key-file nightly.key -- printenv OTP_USERNAME";
    scheduler.prints(opens, "alice\n")?;

    server.kill();
    scheduler.otp(opens, RUN + Code::StoreUnavailable.number())?;
    server.start_again(tools)?;
    scheduler.prints(opens, "alice\n")?;

    // A reader changes nothing, and what the writer removes is gone.
    scheduler.otp("remove edms/reporting --yes", Code::Denied.number())?;
    scheduler.prints(opens, "alice\n")?;
    administrator.otp("remove edms/reporting --yes", 0)?;
    scheduler.otp(opens, RUN + Code::NotFound.number())?;
    Ok(())
}

fn tls(server: &SeaweedFs) -> (String, PathBuf) {
    (server.tls_url(), server.certificate())
}

/// A user on a machine of their own, with `otp` and credentials for the bucket.
struct Home {
    folder: TempDir,
    otp: PathBuf,
    helper: PathBuf,
    who: &'static str,
    /// URL and certificate.
    server: (String, PathBuf),
}

impl Home {
    /// Runs a command, which must end with that code.
    fn otp(&self, line: &str, code: u8) -> Result<Output> {
        eprintln!("\n--> {}$ otp {line}", self.who);
        let mut command = Command::new(&self.otp);
        command.args(line.split(' ')).current_dir(self.folder.path()).env_clear();
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("OTP_STORE", &self.server.0).env("AWS_CA_BUNDLE", &self.server.1).env("HOME", self.folder.path());
        command.env("OTP_HELPERS", self.helper.parent().ok_or("a program without a folder")?);
        log_in(&mut command, self.who);
        let output = command.output().map_err(|error| format!("otp: {error}"))?;
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        if output.status.code() == Some(code.into()) {
            Ok(output)
        } else {
            Err(format!("otp {line}: {}, not {code}", output.status))
        }
    }

    fn prints(&self, line: &str, expected: &str) -> Result<()> {
        let output = self.otp(line, 0)?;
        if output.stdout == expected.as_bytes() {
            Ok(())
        } else {
            Err(format!("otp {line}: it printed something else"))
        }
    }
}
