//! Web servers that know nothing about stores: Python's and nginx.

use std::fs;
use std::path::Path;
use std::process::Command;

use otp_test_tools::folder;
use xtask::Result;
use xtask::sh::{answers, run};

use super::server::{Server, listens};
use crate::ports::free_port;

/// An object, as the test expects to read it.
const OBJECT: (&str, &str) = ("edms/a", "aeaqcaibaeaqcaib.otp");

pub(super) fn run_tests() -> Result<()> {
    let port = free_port()?;
    let home = folder();
    fill(home.path())?;
    let mut python = Command::new("python3");
    python.args(["-m", "http.server", "--bind", "127.0.0.1", &port.to_string()]);
    let server = Server::start(home.path(), &mut python, || listens(port))?;
    read(port)?;
    drop(server);

    if !answers(Command::new("nginx").arg("-v")) {
        return Err("there is no nginx; on Debian: apt-get install nginx-light".into());
    }
    let port = free_port()?;
    let home = folder();
    fill(home.path())?;
    let here = home.path().display();
    let configuration = format!(
        "daemon off; master_process off; pid {here}/pid; error_log {here}/error.log;\n\
         events {{}} http {{ access_log off; client_body_temp_path {here}/body; proxy_temp_path {here}/proxy;\n\
         fastcgi_temp_path {here}/fastcgi; uwsgi_temp_path {here}/uwsgi; scgi_temp_path {here}/scgi;\n\
         server {{ listen 127.0.0.1:{port}; root {here}; location /store/private/ {{ return 403; }} }} }}\n"
    );
    let file = home.path().join("nginx.conf");
    fs::write(&file, configuration).map_err(|error| format!("nginx.conf: {error}"))?;
    let mut nginx = Command::new("nginx");
    nginx.arg("-c").arg(file);
    let _server = Server::start(home.path(), &mut nginx, || listens(port))?;
    read(port)
}

fn fill(folder: &Path) -> Result<()> {
    let account = folder.join("store").join(OBJECT.0);
    fs::create_dir_all(&account)
        .and_then(|()| fs::write(account.join(OBJECT.1), "object"))
        .map_err(|error| format!("{}: {error}", account.display()))
}

fn read(port: u16) -> Result<()> {
    run(super::server_tests(&["web_"]).env("OTP_STORES_WEB", format!("http://127.0.0.1:{port}/store")))
}
