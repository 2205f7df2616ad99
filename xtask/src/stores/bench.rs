//! `otp get` from a bucket beside `curl`, which reads the same two objects in one process.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use otp_test_tools::folder;
use serde_json::Value;
use xtask::Result;
use xtask::sh::{output, run};

use super::seaweedfs::{BUCKET, SEAWEEDFS, SeaweedFs, log_in, url};
use super::{Programs, Tools};

/// Pairs of runs that count.
const PAIRS: usize = 201;
const WARM_UP: usize = 10;

/// Measures with TLS and without.
pub(crate) fn bench() -> Result<()> {
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
    println!("\none process that reads a record and, in vain, its note from SeaweedFS: {PAIRS} pairs of runs");
    for (name, endpoint) in [("http", server.endpoint()), ("https", server.tls_endpoint())] {
        let curl = || curl(&endpoint, id, &server.certificate());
        let (curl, otp, ratios) = paired(&curl, &|| otp(&endpoint, &["get", "--key-file=key"]))?;
        let [low, middle, high] = [PAIRS / 20, PAIRS / 2, PAIRS - 1 - PAIRS / 20].map(|place| ratios[place]);
        println!(
            "  {name:<6} curl {:.1} ms, otp get {:.1} ms: {middle:.2} ({low:.2} to {high:.2})",
            curl * 1e3,
            otp * 1e3
        );
    }
    Ok(())
}

/// Reads record and note of a key.
fn curl(endpoint: &str, id: &str, certificate: &Path) -> Command {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--aws-sigv4", "aws:amz:us-east-1:s3", "--user", "admin:admin-secret", "--cacert"]);
    curl.arg(certificate);
    for suffix in ["otp", "note.otp"] {
        curl.args(["--output", "/dev/null"]).arg(format!("{endpoint}/{BUCKET}/bench/bench/{id}.{suffix}"));
    }
    curl
}

/// Median times in seconds of two commands that run in turns, and the second's times the first's of each pair, sorted.
fn paired(first: &dyn Fn() -> Command, second: &dyn Fn() -> Command) -> Result<(f64, f64, Vec<f64>)> {
    let mut times = [Vec::new(), Vec::new()];
    for round in 0..WARM_UP + PAIRS {
        for (command, times) in [first(), second()].iter_mut().zip(&mut times) {
            let start = Instant::now();
            let status = command.stdin(Stdio::null()).stdout(Stdio::null()).status();
            let time = start.elapsed().as_secs_f64();
            let status = status.map_err(|error| format!("{command:?}: {error}"))?;
            if !status.success() {
                return Err(format!("{command:?}: {status}"));
            }
            if round >= WARM_UP {
                times.push(time);
            }
        }
    }
    let mut ratios: Vec<f64> = times[1].iter().zip(&times[0]).map(|(second, first)| second / first).collect();
    let medians = times.map(|mut times| {
        times.sort_by(f64::total_cmp);
        times[PAIRS / 2]
    });
    ratios.sort_by(f64::total_cmp);
    Ok((medians[0], medians[1], ratios))
}
