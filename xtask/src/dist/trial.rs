//! [`Trial`]: the main job, done with what users install.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use otp_core::Code;
use xtask::Result;

use super::release::Release;
use crate::ports::free_port;
use crate::stores::server::{Server, listens};

/// A program that was built or installed, and where to try it out.
pub(super) struct Trial<'t> {
    /// Starts `otp`; with the words that must come before it.
    pub(super) otp: &'t dyn Fn() -> Command,
    /// A private folder, which is `otp`'s current folder.
    pub(super) home: &'t Path,
    /// A command that prints `OTP_USERNAME`.
    pub(super) show: &'t [&'t str],
    /// The helper's path, if the program would not find it by itself.
    pub(super) helpers: Option<&'t Path>,
}

impl Trial<'_> {
    /// Seals, opens, starts a command, opens from a web server, and revokes.
    pub(super) fn main_job(&self, release: &Release) -> Result<()> {
        let version = self.prints(&["--version", "--verbose"])?;
        if !version.contains(&release.version) || !version.contains(&release.commit) {
            return Err(format!("this is not {} of {}:\n{version}", release.version, release.commit));
        }
        self.prints(&["add", "edms/reporting", "--username=alice", "--generate", "--key-file=nightly.key"])?;
        let get = ["get", "--key-file=nightly.key"];
        let opened = self.prints(&get)?;
        let run = ["run", "--key-file=nightly.key", "--"];
        let shown = self.prints(&[&run[..], self.show].concat())?;
        if !opened.starts_with("alice") || shown.trim() != "alice" {
            return Err(format!("the login is not alice's: {shown}"));
        }

        // Through the helper, which must be where this program looks for it.
        let port = free_port()?;
        let mut web = Command::new("python3");
        web.args(["-m", "http.server", "--bind", "127.0.0.1", &port.to_string()]);
        let server = Server::start(self.home, &mut web, || listens(port))?;
        let url = format!("--store=http://127.0.0.1:{port}/store");
        if self.prints(&[&get[..], &[&url]].concat())? != opened {
            return Err("the store on the web has another login".into());
        }
        drop(server);

        self.prints(&["remove", "edms/reporting", "--yes"])?;
        let refused = self.run(&get)?;
        if refused.status.code() == Some(Code::NotFound.number().into()) {
            Ok(())
        } else {
            Err(format!("a removed account: {}", refused.status))
        }
    }

    fn prints(&self, arguments: &[&str]) -> Result<String> {
        let output = self.run(arguments)?;
        if output.status.success() {
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        } else {
            Err(format!("otp {}: {}\n{}", arguments.join(" "), output.status, String::from_utf8_lossy(&output.stderr)))
        }
    }

    fn run(&self, arguments: &[&str]) -> Result<Output> {
        eprintln!("\n--> $ otp {}", arguments.join(" "));
        let mut command = (self.otp)();
        command.args(arguments).current_dir(self.home).env("OTP_STORE", "store").stdin(Stdio::null());
        for name in ["OTP_KEY", "OTP_KEY_FILE", "OTP_RING", "OTP_HELPERS", "CREDENTIALS_DIRECTORY"] {
            command.env_remove(name);
        }
        command.envs(self.helpers.map(|helpers| ("OTP_HELPERS", helpers)));
        command.output().map_err(|error| format!("otp {}: {error}", arguments.join(" ")))
    }
}
