//! A small HTTP server that asks curl for a login, and meanwhile inspects curl's process.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};

use xtask::Result;

use super::trial::{Trial, World, look};

const PRESET: [&str; 4] = ["--preset", "curl", "--set", "host=127.0.0.1"];

/// Has curl log in, and delays the answer until the process has been inspected.
pub(super) fn log_in(world: &World, key: &Path, user: &str, password: &str) -> Result<()> {
    let failed = |error: std::io::Error| format!("curl: {error}");
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(failed)?;
    let line = format!("curl -sSf --max-time 30 http://{}/", listener.local_addr().map_err(failed)?);
    let trial = Trial::of("curl, preset", key, &PRESET, &line, "");
    let child = world.client(&trial).stdin(Stdio::null()).stdout(Stdio::piped()).spawn().map_err(failed)?;
    let (mut stream, _) = listener.accept().map_err(failed)?;
    let (mut request, mut bytes) = (Vec::new(), [0; 4096]);
    while !request.ends_with(b"\r\n\r\n") {
        match stream.read(&mut bytes).map_err(failed)? {
            0 => return Err("curl closed the connection".into()),
            count => request.extend_from_slice(&bytes[..count]),
        }
    }
    let seen = look(&trial, &child);
    let expected = format!("Authorization: Basic {}\r\n", base64(&format!("{user}:{password}"))?);
    let is_login = String::from_utf8_lossy(&request).contains(&expected);
    let status = if is_login { "200 OK" } else { "401 Unauthorized" };
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").map_err(failed)?;
    drop(stream);
    let outcome = child.wait_with_output().map_err(failed)?;
    seen?;
    if !outcome.status.success() {
        return Err("curl did not log in".into());
    }
    println!("logged in: curl, preset");
    Ok(())
}

/// Decoded by a program that is not ours.
fn base64(text: &str) -> Result<String> {
    let mut command = Command::new("base64");
    let mut child = command.arg("-w0").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let failed = |error: std::io::Error| format!("base64: {error}");
    let child = child.as_mut().map_err(|error| format!("base64: {error}"))?;
    if let Some(mut input) = child.stdin.take() {
        input.write_all(text.as_bytes()).map_err(failed)?;
    }
    let mut encoded = String::new();
    if let Some(mut output) = child.stdout.take() {
        output.read_to_string(&mut encoded).map_err(failed)?;
    }
    child.wait().map_err(failed)?;
    Ok(encoded)
}
