//! The packages in empty environments, as their users install them.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use otp_test_tools::folder;
use serde_json::Value;
use xtask::Result;
use xtask::cargo::{cargo, target};
use xtask::sh::{program, root, run};

use super::{File, packagers};
use crate::ports::free_port;
use crate::stores::server::{Server, listens};
use crate::venv::{pip_install, program_of};

/// Checks the package's types the way its users' editors do.
const PYRIGHT: &str = "pyright[nodejs]==1.1.414";
/// Modules derived from classes of packages too heavy to install here; `cargo xtask plugins` tests them.
const PLUGINS: [&str; 3] = ["otp_link.airflow.", "otp_link.ansible.", "otp_link.keyring."];
/// Seals an account in a directory, opens it there and, through the helper in the wheel, from a web server.
const THROUGH_THE_HELPER: &str = "
import otp_link, sys
home, url = sys.argv[1:]
key = otp_link.add_account('edms/reporting', username='alice', password='correct horse', store=home)
for store in home, url:
    with otp_link.open_account(key=key, store=store) as account:
        assert (account.username, account.password) == ('alice', 'correct horse'), store
";
/// How the interpreter without a global lock identifies itself to extension modules.
const FREE_THREADED: &str =
    "implementation=CPython\nversion=3.14\nshared=true\nabi3=false\nbuild_flags=Py_GIL_DISABLED\n";

/// Installs a package with an interpreter, and does the main job.
pub(super) fn install(interpreter: &str, package: &File) -> Result<()> {
    let venv = environment(interpreter)?;
    run(pip_install(&venv).arg("--no-cache-dir").arg(package).env("CARGO_TARGET_DIR", target().join("python")))?;
    run(program_of(&venv, "python").args(["-B", "otp-ffi/python/tests/main_job.py"]))?;
    if package.extension().is_none_or(|extension| extension != "whl") {
        return Ok(());
    }
    let home = folder();
    let port = free_port()?;
    let mut web = Command::new("python3");
    web.args(["-m", "http.server", "--bind", "127.0.0.1", &port.to_string()]);
    let _server = Server::start(home.path(), &mut web, || listens(port))?;
    let mut python = program_of(&venv, "python");
    python.args(["-c", THROUGH_THE_HELPER]).arg(home.path().join("store"));
    run(python.arg(format!("http://127.0.0.1:{port}/store")).env_remove("OTP_HELPERS"))
}

/// Has a second type checker look at the installed package.
pub(super) fn types(package: &File) -> Result<()> {
    let venv = environment("python3")?;
    run(pip_install(&venv).arg(PYRIGHT).arg(package))?;
    let mut pyright = program_of(&venv, "pyright");
    pyright.args(["--verifytypes", "otp_link", "--ignoreexternal", "--outputjson"]);
    // It finds the package by the interpreter on the `PATH`. It fails if a type is unknown, so read its report.
    let output =
        pyright.env("PATH", packagers::path_with(&venv)?).output().map_err(|error| format!("pyright: {error}"))?;
    let report: Value = serde_json::from_slice(&output.stdout).map_err(|error| format!("pyright: {error}"))?;
    let symbols = report["typeCompleteness"]["symbols"].as_array().filter(|symbols| !symbols.is_empty());
    let symbols = symbols.ok_or_else(|| format!("pyright sees no package: {report}"))?;
    let unknown =
        symbols.iter().filter(|symbol| symbol["isTypeKnown"] == false).filter_map(|symbol| symbol["name"].as_str());
    let unknown: Vec<&str> = unknown.filter(|name| !PLUGINS.iter().any(|plugin| name.starts_with(plugin))).collect();
    eprintln!("\n--> pyright: {} symbols, {} of unknown type", symbols.len(), unknown.len());
    if unknown.is_empty() { Ok(()) } else { Err(format!("types that pyright does not know: {}", unknown.join(", "))) }
}

/// The extension module refuses to build for an interpreter without a global lock, which nobody has tested.
pub(super) fn refuses_free_threads() -> Result<()> {
    let folder = folder();
    let description = folder.path().join("interpreter");
    fs::write(&description, FREE_THREADED).map_err(|error| format!("{}: {error}", description.display()))?;
    let mut check = cargo(&["check", "--locked", "-q", "-p", "otp-python"]);
    let output = check.env("PYO3_CONFIG_FILE", &description).output().map_err(|error| format!("cargo: {error}"))?;
    let said = String::from_utf8_lossy(&output.stderr);
    if !output.status.success() && said.contains("free-threaded") {
        Ok(())
    } else {
        Err(format!("the extension module was built for a free-threaded interpreter:\n{said}"))
    }
}

/// An empty environment of an interpreter.
fn environment(interpreter: &str) -> Result<PathBuf> {
    let venv = target().join("dist-trial");
    run(program(interpreter).args(["-m", "venv", "--clear"]).arg(&venv).current_dir(root()))?;
    Ok(venv)
}
