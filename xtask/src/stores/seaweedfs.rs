//! `SeaweedFS`: S3 on this machine, with and without TLS, with a writer and a reader.

use std::fs;
use std::process::Command;

use xtask::Result;
use xtask::sh::{answers, run};

use super::Tools;
use super::server::{Server, free_port, home, listens};
use crate::venv::program_of;

const BUCKET: &str = "otp";
/// Who may do what. A reader has what docs call the least policy: reading objects, without lists.
const IDENTITIES: &str = r#"{"identities": [
    {"name": "writer", "credentials": [{"accessKey": "writer", "secretKey": "writer-secret"}], "actions": ["Admin"]},
    {"name": "reader", "credentials": [{"accessKey": "reader", "secretKey": "reader-secret"}], "actions": ["Read:otp"]}
]}"#;

/// A server with an empty bucket.
pub(super) struct SeaweedFs {
    server: Server,
    port: u16,
    tls_port: u16,
}

impl SeaweedFs {
    pub(super) fn start(tools: &Tools) -> Result<Self> {
        let folder = home();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("data"))
            .and_then(|()| fs::write(path("identities.json"), IDENTITIES))
            .map_err(|error| format!("{}: {error}", folder.path().display()))?;
        let certificate =
            ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"];
        let names = ["-subj", "/CN=otp test", "-addext", "subjectAltName=IP:127.0.0.1", "-addext"];
        let mut openssl = Command::new("openssl");
        openssl.args(certificate).args(names).arg("basicConstraints=critical,CA:FALSE");
        run(openssl.arg("-keyout").arg(path("tls.key")).arg("-out").arg(path("tls.pem")))?;

        let (port, tls_port) = (free_port()?, free_port()?);
        let mut weed = program_of(&tools.venv, "weed");
        weed.args(["mini", "-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-webdav=false", "-admin.ui=false"]);
        weed.args(["-master.telemetry=false", "-dir=data", "-s3.config=identities.json"]);
        weed.args([format!("-bucket={BUCKET}"), format!("-s3.port={port}"), format!("-s3.port.https={tls_port}")]);
        weed.args(["-s3.cert.file=tls.pem", "-s3.key.file=tls.key"]);
        for other in ["master.port", "volume.port", "filer.port", "admin.port", "s3.port.iceberg", "s3.port.lance"] {
            weed.arg(format!("-{other}={}", free_port()?));
        }
        let bucket = format!("http://127.0.0.1:{port}/{BUCKET}/");
        let is_ready = || listens(tls_port) && answers(curl().args(["--user", "writer:writer-secret", &bucket]));
        let server = Server::start(folder, &mut weed, is_ready)?;
        Ok(Self { server, port, tls_port })
    }

    pub(super) fn url(&self) -> String {
        format!("s3://{BUCKET}?endpoint=http://127.0.0.1:{}", self.port)
    }

    pub(super) fn tls_url(&self) -> String {
        format!("s3://{BUCKET}?endpoint=https://127.0.0.1:{}", self.tls_port)
    }

    /// Gives a command the writer's credentials.
    pub(super) fn log_in(command: &mut Command) {
        command
            .env("AWS_ACCESS_KEY_ID", "writer")
            .env("AWS_SECRET_ACCESS_KEY", "writer-secret")
            .env("AWS_REGION", "us-east-1");
    }
}

/// A client of S3 that is on every machine.
fn curl() -> Command {
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--fail", "--aws-sigv4", "aws:amz:us-east-1:s3"]);
    curl
}

pub(super) fn run_tests(tools: &Tools, all: bool) -> Result<()> {
    let server = SeaweedFs::start(tools)?;
    let mut tests = super::server_tests(if all {
        &["--skip", "pretends", "--skip", "web_"]
    } else {
        &["--skip", "pretends", "--skip", "web_", "--skip", "cuts"]
    });
    SeaweedFs::log_in(&mut tests);
    tests.env("OTP_STORES_URL", server.url()).env("OTP_STORES_TLS_URL", server.tls_url());
    tests.env("OTP_STORES_CA", server.server.path("tls.pem"));
    tests.env("OTP_STORES_READER", "reader:reader-secret").env("OTP_STORES_WRITER", "writer:writer-secret");
    run(&mut tests)
}
