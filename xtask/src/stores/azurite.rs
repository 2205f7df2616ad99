//! Azurite, Microsoft's server for testing with Azure Blob Storage.

use std::process::Command;

use otp_test_tools::folder;
use xtask::Result;
use xtask::sh::{answers, output, run};

use super::server::{Server, listens};
use crate::ports::free_port;

/// Its npm package.
const PACKAGE: &str = "azurite@3.37.0";
/// The account that every Azurite has, with its published key.
const ACCOUNT: &str = "devstoreaccount1";
const KEY: &str = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

pub(super) fn run_tests() -> Result<()> {
    let program = folder();
    run(Command::new("npm")
        .args(["install", "--silent", "--no-audit", "--no-fund", PACKAGE])
        .current_dir(program.path()))?;
    let main = program.path().join("node_modules/azurite/dist/src/blob/main.js");
    let port = free_port()?;
    let mut azurite = Command::new("node");
    azurite.arg(main).args(["--blobHost", "127.0.0.1", "--blobPort", &port.to_string(), "--location", "data"]);
    azurite.args(["--silent", "--skipApiVersionCheck", "--disableTelemetry"]);
    let _server = Server::start(program.path(), &mut azurite, || listens(port))?;
    let url = format!("http://127.0.0.1:{port}");
    make_container(&url)?;
    let mut tests = super::server_tests(&["--skip", "s3_", "--skip", "pretends", "--skip", "web_", "--skip", "cuts"]);
    tests.env("OTP_STORES_URL", format!("az://{ACCOUNT}/otp"));
    tests.env("AZURE_STORAGE_USE_EMULATOR", "true").env("AZURITE_BLOB_STORAGE_URL", url);
    run(&mut tests)
}

/// Makes a container, with a request signed in Azure's way.
fn make_container(url: &str) -> Result<()> {
    let date = output(Command::new("date").args(["-u", "+%a, %d %b %Y %H:%M:%S GMT"]).env("LC_ALL", "C"))?;
    let (date, version) = (date.trim(), "2021-12-02");
    let text = format!(
        "PUT\n\n\n\n\n\n\n\n\n\n\n\nx-ms-date:{date}\nx-ms-version:{version}\n/{ACCOUNT}/{ACCOUNT}/otp\nrestype:container"
    );
    let script = "import base64, hashlib, hmac, sys; key, text = sys.argv[1:]; \
        print(base64.b64encode(hmac.new(base64.b64decode(key), text.encode(), hashlib.sha256).digest()).decode())";
    let signature = output(Command::new("python3").args(["-c", script, KEY, &text]))?;
    let headers = [
        format!("x-ms-date: {date}"),
        format!("x-ms-version: {version}"),
        format!("Authorization: SharedKey {ACCOUNT}:{}", signature.trim()),
        "Content-Length: 0".into(),
    ];
    let mut curl = Command::new("curl");
    curl.args(["--silent", "--fail", "-X", "PUT", &format!("{url}/{ACCOUNT}/otp?restype=container")]);
    for header in &headers {
        curl.args(["-H", header]);
    }
    if answers(&mut curl) { Ok(()) } else { Err("Azurite makes no container".into()) }
}
