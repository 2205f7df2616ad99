//! `otp get` from a bucket, beside `curl`, which reads the same two objects in one process.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use otp_test_tools::folder;
use otp_test_tools::turns::Figure;
use serde_json::Value;
use xtask::Result;
use xtask::sh::{output, run};

use super::seaweedfs::{BUCKET, SEAWEEDFS, SeaweedFs, log_in, url};
use super::{Programs, Tools};
use crate::bench::processes::{in_pairs, process};

/// The tables, without and with TLS.
pub(crate) const TABLES: [&str; 2] = ["a record and its note from SeaweedFS", "the same with TLS"];

pub(crate) fn measure(runs: usize) -> Result<Vec<Figure>> {
    let tools = Tools::with(BTreeSet::from([SEAWEEDFS]))?;
    let server = SeaweedFs::start(&tools)?;
    let programs = Programs::build_release()?;
    let home = folder();
    let otp = |endpoint: &str, arguments: &[&str]| {
        let mut command = Command::new(&programs.otp);
        command.args(arguments).arg("--store").arg(url("bench", endpoint)).current_dir(home.path());
        command.env("OTP_HELPERS", programs.helpers()).env("AWS_CA_BUNDLE", server.certificate());
        log_in(&mut command, "admin");
        command
    };
    run(&mut otp(&server.endpoint(), &["add", "bench", "--username=alice", "--generate", "--key-file=key"]))?;
    let info = output(&mut otp(&server.endpoint(), &["info", "bench", "--json"]))?;
    let info: Value = serde_json::from_str(&info).map_err(|error| format!("otp info: {error}"))?;
    let id = info["keys"][0]["id"].as_str().ok_or("otp info names no key")?;
    let mut figures = Vec::new();
    for (table, endpoint) in TABLES.iter().zip([server.endpoint(), server.tls_endpoint()]) {
        let works = [
            process("curl --aws-sigv4 of both objects", "OTPR", || curl(&endpoint, id, &server.certificate())),
            process("otp get, stock release", "alice", || otp(&endpoint, &["get", "--key-file=key"])),
        ];
        figures.extend(in_pairs(table, &works, runs)?);
    }
    Ok(figures)
}

/// Reads a key's record and note. The note does not exist, but that is an answer, too.
fn curl(endpoint: &str, id: &str, certificate: &Path) -> Command {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--aws-sigv4", "aws:amz:us-east-1:s3", "--user", "admin:admin-secret", "--cacert"]);
    curl.arg(certificate);
    for suffix in ["otp", "note.otp"] {
        curl.args(["--output", "-"]).arg(format!("{endpoint}/{BUCKET}/bench/bench/{id}.{suffix}"));
    }
    curl
}
