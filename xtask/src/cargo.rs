//! Running cargo, and finding out where it builds.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use serde_json::Value;

use crate::Result;
use crate::sh::{output, program, show};

/// The cargo that runs this, started at the top of the repository.
#[must_use]
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = program(executable());
    command.args(arguments).env("CARGO_TARGET_DIR", target());
    // `cargo run` sets these for this program. Build scripts that look at them (ring's) would run again whenever
    // somebody starts cargo without us, and everything that depends on them would be rebuilt.
    for (name, _) in std::env::vars_os() {
        if ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|prefix| name.to_string_lossy().starts_with(prefix)) {
            command.env_remove(name);
        }
    }
    command
}

/// The cargo of another toolchain.
#[must_use]
pub fn cargo_of(toolchain: &str, arguments: &[&str]) -> Command {
    let mut command = program("rustup");
    command.args(["run", toolchain, "cargo"]).args(arguments).env("CARGO_TARGET_DIR", target());
    // This process's own toolchain variables would take precedence.
    for name in ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN"] {
        command.env_remove(name);
    }
    command
}

/// The folder that cargo builds in, as an absolute path.
#[must_use]
pub fn target() -> &'static Path {
    static TARGET: LazyLock<PathBuf> = LazyLock::new(|| {
        let found = metadata().and_then(|metadata| text(&metadata["target_directory"]).map(PathBuf::from));
        found.unwrap_or_else(|error| {
            eprintln!("xtask: cargo does not say where it builds: {error}");
            std::process::exit(1)
        })
    });
    &TARGET
}

/// The oldest compiler that a package supports, by its manifest.
pub fn oldest_compiler(package: &str) -> Result<String> {
    stated(package, "rust_version")
}

/// The version of a package.
pub fn version(package: &str) -> Result<String> {
    stated(package, "version")
}

/// A value from a package's manifest.
fn stated(package: &str, member: &str) -> Result<String> {
    let metadata = metadata()?;
    let packages = metadata["packages"].as_array().ok_or("cargo lists no packages")?;
    let package =
        packages.iter().find(|entry| entry["name"] == package).ok_or_else(|| format!("no package {package}"))?;
    text(&package[member]).map(str::to_owned)
}

/// What cargo says about the workspace, asked in the current folder, since `CARGO_TARGET_DIR` may be relative.
fn metadata() -> Result<Value> {
    let mut command = Command::new(executable());
    let text = output(command.args(["metadata", "--no-deps", "--format-version", "1"]))?;
    serde_json::from_str(&text).map_err(|error| format!("cargo metadata: {error}"))
}

/// The products of one build.
pub struct Built(Vec<Value>);

/// Runs `cargo build`, `rustc` or the like, and returns the products.
pub fn build(command: &mut Command) -> Result<Built> {
    let line = show(command.arg("--message-format=json-render-diagnostics"));
    let output = command.stderr(Stdio::inherit()).output().map_err(|error| format!("{line}: {error}"))?;
    if !output.status.success() {
        return Err(format!("{line}: {}", output.status));
    }
    let messages = serde_json::Deserializer::from_slice(&output.stdout).into_iter();
    let messages = messages.map(|message| message.map_err(|error| format!("{line}: {error}")));
    messages.collect::<Result<_>>().map(Built)
}

impl Built {
    /// The path of a program, not of its unit tests.
    pub fn program(&self, name: &str) -> Result<PathBuf> {
        let artifacts = self.of_target(name).filter(|artifact| artifact["profile"]["test"] != true);
        let mut programs = artifacts.map(|artifact| &artifact["executable"]).filter(|path| !path.is_null());
        text(programs.next().ok_or_else(|| format!("cargo built no program {name}"))?).map(PathBuf::from)
    }

    /// The path of the dynamic library of a crate.
    pub fn library(&self, name: &str) -> Result<PathBuf> {
        let files = self.of_target(name).filter_map(|artifact| artifact["filenames"].as_array()).flatten();
        let mut paths = files.filter_map(Value::as_str).map(PathBuf::from);
        let library =
            paths.find(|path| path.extension().is_some_and(|extension| extension == std::env::consts::DLL_EXTENSION));
        library.ok_or_else(|| format!("cargo built no dynamic library {name}"))
    }

    fn of_target<'b>(&'b self, name: &'b str) -> impl Iterator<Item = &'b Value> {
        self.0.iter().filter(move |message| message["target"]["name"] == name)
    }
}

fn executable() -> std::ffi::OsString {
    std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into())
}

fn text(value: &Value) -> Result<&str> {
    value.as_str().ok_or_else(|| format!("not a text: {value}"))
}
