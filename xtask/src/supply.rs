//! `cargo xtask deny` and `api`: what the project depends on, and what it offers.

use std::collections::BTreeSet;
use std::fs;

use xtask::Result;
use xtask::cargo::cargo;
use xtask::sh::{answers, output, root, run};

/// The libraries that other Rust programs build on.
const LIBRARIES: [&str; 4] = ["otp-core", "otp-link", "otp-remote-protocol", "otp-store-fs"];
/// Where their public items are listed.
const LISTS: &str = "docs/public-api";

/// Checks licences, versions and sources of all dependencies against `deny.toml`.
pub(crate) fn deny() -> Result<()> {
    if !answers(&mut cargo(&["deny", "--version"])) {
        return Err("this needs cargo-deny: cargo install --locked cargo-deny".into());
    }
    run(&mut cargo(&["deny", "--locked", "check", "licenses", "bans", "sources"]))
}

/// Compares every public item with the committed lists; with `--write`, updates the lists.
pub(crate) fn api(arguments: &[String]) -> Result<()> {
    let write = match arguments {
        [] => false,
        [only] if only == "--write" => true,
        _ => return Err("api takes nothing but --write".into()),
    };
    if !answers(&mut cargo(&["public-api", "--version"])) {
        return Err("this needs cargo-public-api: cargo install --locked cargo-public-api".into());
    }
    for library in LIBRARIES {
        let path = format!("{LISTS}/{library}.txt");
        let found = public_items(library)?;
        if write {
            fs::write(root().join(&path), found).map_err(|error| format!("{path}: {error}"))?;
            continue;
        }
        let listed = fs::read_to_string(root().join(&path)).map_err(|error| format!("{path}: {error}"))?;
        if listed != found {
            let changes = changes(&listed, &found);
            return Err(format!(
                "the public items of {library} differ from {path}:\n{changes}If that is intended: cargo xtask api --write"
            ));
        }
        println!("{path}: {} lines, unchanged", listed.lines().count());
    }
    Ok(())
}

fn public_items(library: &str) -> Result<String> {
    let arguments = ["public-api", "--package", library, "--all-features", "-sss", "--color", "never"];
    // The list is made from rustdoc's JSON, which the pinned compiler still calls unstable.
    output(cargo(&arguments).env("RUSTC_BOOTSTRAP", "1"))
}

fn changes(listed: &str, found: &str) -> String {
    let only = |of: &str, other: &str, mark: &str| {
        let other: BTreeSet<&str> = other.lines().collect();
        let lines = of.lines().filter(|line| !other.contains(line));
        lines.fold(String::new(), |text, line| text + mark + line + "\n")
    };
    only(listed, found, "- ") + &only(found, listed, "+ ")
}
