//! `cargo xtask deny`, `api` and `semver`: the project's dependencies, its public items, and how these have changed.

use std::collections::BTreeSet;
use std::fs;
use std::process::Stdio;

use xtask::Result;
use xtask::cargo::cargo;
use xtask::sh::{answers, output, program, root, run};

/// The libraries whose public items are listed.
const LIBRARIES: [&str; 4] = ["otp-core", "otp-link", "otp-remote-protocol", "otp-store-fs"];
/// The libraries that promise to keep theirs, as `docs/compatibility.md` says.
const STABLE: [&str; 3] = ["otp-core", "otp-link", "otp-store-fs"];
/// Where their public items are listed.
const LISTS: &str = "docs/public-api";

/// Checks licences, versions and sources of all dependencies against `deny.toml`.
pub(crate) fn deny() -> Result<()> {
    if !answers(&mut cargo(&["deny", "--version"])) {
        return Err("this needs cargo-deny: cargo install --locked cargo-deny".into());
    }
    run(&mut cargo(&["deny", "--locked", "check", "licenses", "bans", "sources"]))
}

/// Compares all public items with the committed lists; with `--write`, updates the lists.
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

/// Checks that the version was raised as far as the changes of public items since a revision require. The revision is
/// the release before this commit, unless another is named.
pub(crate) fn semver(arguments: &[String]) -> Result<()> {
    let named = match arguments {
        [] => None,
        [only] => Some(only.clone()),
        _ => return Err("semver takes one revision".into()),
    };
    let Some(revision) = named.or_else(last_release) else {
        println!("There is no release before this commit, so there is nothing to keep.");
        return Ok(());
    };
    if !answers(&mut cargo(&["semver-checks", "--version"])) {
        return Err("this needs cargo-semver-checks: cargo install --locked cargo-semver-checks".into());
    }
    let mut checks = cargo(&["semver-checks", "--all-features", "--baseline-rev", &revision]);
    run(checks.args(STABLE.iter().flat_map(|library| ["-p", library])))
}

/// The tag of the last version before this one.
fn last_release() -> Option<String> {
    let mut describe = program("git");
    describe.args(["describe", "--tags", "--abbrev=0", "--match=v[0-9]*", "HEAD^"]).stderr(Stdio::null());
    let output = describe.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

fn public_items(library: &str) -> Result<String> {
    let arguments = ["public-api", "--package", library, "--all-features", "-sss", "--color", "never"];
    // The list comes from rustdoc's JSON, which the pinned compiler still calls unstable.
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
