//! Links what the program needs of the compiler's runtime into it, so that its start loads one library less; puts what a start
//! touches side by side; and finds out what `otp --version --verbose` says.

use std::path::Path;
use std::process::Command;
use std::{env, fs};

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    let target = |name: &str| variable(&format!("CARGO_CFG_TARGET_{name}"));
    // The unwinder of GCC's runtime is a library of its own, and loading it takes a tenth of the program's time.
    if target("OS") == "linux" && target("ENV") == "gnu" {
        println!("cargo::rustc-link-lib=static:-bundle=gcc_eh");
    }
    if target("ENV") == "musl" {
        let triple = variable("TARGET").to_uppercase().replace('-', "_");
        println!("cargo::rerun-if-env-changed=CARGO_TARGET_{triple}_LINKER");
        // LLVM's linker, which `cargo xtask dist` uses, can put what a start touches side by side.
        if variable("RUSTC_LINKER").ends_with("lld") {
            println!("cargo::rerun-if-changed=start.ld");
            println!("cargo::rustc-link-arg-bins=-T{}/start.ld", variable("CARGO_MANIFEST_DIR"));
        }
    }
    println!("cargo::rustc-env=OTP_COMMIT={}", commit().unwrap_or_else(|| "unknown".into()));
    println!("cargo::rustc-env=OTP_TARGET={}", variable("TARGET"));
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}

/// The commit that this was made of: from the builder, from a package of cargo, from an exported tree, or from git.
fn commit() -> Option<String> {
    println!("cargo::rerun-if-env-changed=OTP_COMMIT");
    env::var("OTP_COMMIT").ok().or_else(packaged).or_else(exported).or_else(checked_out)
}

/// What `cargo package` writes beside the manifest.
fn packaged() -> Option<String> {
    let text = fs::read_to_string(".cargo_vcs_info.json").ok()?;
    let (_, rest) = text.split_once("\"sha1\": \"")?;
    rest.split_once('"').map(|(commit, _)| commit.to_owned())
}

/// What `git archive` writes in the place of a format; see `.gitattributes`.
fn exported() -> Option<String> {
    let text = fs::read_to_string("../.commit").ok()?;
    let commit = text.split_whitespace().next()?;
    (!commit.starts_with('$')).then(|| commit.to_owned())
}

/// Asked for builds that are used; the others need not be built again after each commit.
fn checked_out() -> Option<String> {
    if variable("PROFILE") != "release" || !Path::new("../.git").exists() {
        return None;
    }
    let git = |arguments: &[&str]| {
        let output = Command::new("git").args(arguments).output().ok().filter(|output| output.status.success())?;
        String::from_utf8(output.stdout).ok().map(|text| text.trim().to_owned())
    };
    // It has a line more after each commit, and after each change of the branch.
    println!("cargo::rerun-if-changed={}", git(&["rev-parse", "--git-path", "logs/HEAD"])?);
    git(&["describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"])
}
