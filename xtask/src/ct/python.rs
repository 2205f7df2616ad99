//! The Python module under memcheck, as shipped.
//!
//! Python itself inspects its objects, so values and keys count as handed over once they become Python objects. What
//! the module does before that is watched, as in the program. The interpreter has errors of its own; those without the
//! module among their callers don't count.

use std::fs;

use xtask::cargo::{build, target};
use xtask::sh::{output, program};

use super::programs::marked;
use super::scene::{Result, Scene};
use crate::python::{EXTENSION, extension, put_together};

/// What is watched: every call that takes or returns a secret.
const SCRIPT: &str = include_str!("watched.py");
/// Where memcheck writes its report, in the scene's folder.
const REPORT: &str = "report.xml";

/// Watches the module, and detects a planted leak.
pub(super) fn watch() -> Result<()> {
    let built = build(marked(&mut extension("release")))?.library("_native")?;
    let package = target().join("ct/python");
    put_together(&built, &package)?;
    // The interpreter itself: the `python3` on the PATH may be a script that starts it.
    let python = output(program("python3").args(["-c", "import sys; print(sys.executable)"]))?;
    let errors = |planted: bool| -> Result<Vec<String>> {
        let scene = Scene::new()?;
        scene.write("watched.py", SCRIPT.as_bytes())?;
        let report = format!("--xml-file={REPORT}");
        let options = ["--xml=yes", &report, "--num-callers=100"];
        let mut command = scene.watch(&options, python.trim_end().as_ref(), &["-B", "watched.py"], None)?;
        // The interpreter's own allocator would hide from memcheck which bytes it has not written.
        command.env("PYTHONPATH", &package).env("PYTHONMALLOC", "malloc");
        if planted {
            command.env("OTP_CT_PLANTED", "1");
        }
        scene.expect(command, 0, "the script that uses the Python module")?;
        Ok(of_the_module(&fs::read_to_string(scene.path(REPORT))?))
    };
    let found = errors(false)?;
    if !found.is_empty() {
        return Err(
            format!("a branch or an address in the Python module depends on a secret:\n{}", found.join("\n")).into()
        );
    }
    if errors(true)?.is_empty() {
        return Err("a planted leak in the Python module was not seen".into());
    }
    eprintln!("the Python module, release: no branch and no address that depends on a secret");
    Ok(())
}

/// The branches and addresses that depended on a secret while the module was running, each with its callers.
fn of_the_module(report: &str) -> Vec<String> {
    let errors = report.split("<error>").skip(1).filter_map(|rest| rest.split("</error>").next());
    let depends = errors.filter(|error| error.contains("<kind>Uninit") && error.contains(EXTENSION));
    let is_shown = |line: &&str| ["<what>", "<fn>", "<line>"].iter().any(|tag| line.trim_start().starts_with(tag));
    depends.map(|error| error.lines().filter(is_shown).collect::<Vec<_>>().join("\n")).collect()
}
