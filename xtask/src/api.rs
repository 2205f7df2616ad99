//! `cargo xtask api [--update]`: the public API of the libraries, as the lists in `docs/public-api` have it.

use std::fs;

use crate::Result;
use crate::sh::{answers, cargo_of, output, root};

const PACKAGES: [&str; 2] = ["otp-core", "otp-store-fs"];

/// Compares the lists with the code, or writes them anew.
pub(crate) fn api(arguments: &[String]) -> Result<()> {
    let update = match arguments {
        [] => false,
        [word] if word == "--update" => true,
        _ => return Err("cargo xtask api [--update]".into()),
    };
    if !answers(&mut cargo_of("nightly", &["public-api", "--version"])) {
        return Err(
            "this needs a nightly compiler and cargo-public-api: cargo install --locked cargo-public-api".into()
        );
    }
    let mut stale = Vec::new();
    for package in PACKAGES {
        // Without the traits that every type has of itself or by a blanket.
        let arguments = ["public-api", "-p", package, "--all-features", "-sss", "--target-dir", "target/api"];
        let list = output(&mut cargo_of("nightly", &arguments))?;
        let path = format!("docs/public-api/{package}.txt");
        if update {
            fs::write(root().join(&path), list).map_err(|error| format!("{path}: {error}"))?;
        } else if fs::read_to_string(root().join(&path)).ok().as_deref() != Some(&list) {
            stale.push(path);
        }
    }
    match &stale[..] {
        [] => Ok(()),
        stale => Err(format!("{} is not what the code has; run: cargo xtask api --update", stale.join(" and "))),
    }
}
