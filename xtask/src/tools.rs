//! The tools that the tests need, and the checks that this machine can't run without them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use otp_test_tools::{NOT_RUN, WITHOUT, folder};
use xtask::Result;
use xtask::sh::{answers, program, run};

/// A program, or a capability of the machine.
pub(crate) struct Tool {
    /// Its name in tests.
    name: &'static str,
    /// The Debian package that contains it.
    package: &'static str,
    is_there: fn() -> bool,
}

/// The tools that everything needs.
const NEEDED: [Tool; 2] = [
    Tool { name: "cc", package: "gcc", is_there: || has_version("cc") },
    Tool { name: "python3", package: "python3", is_there: || has_version("python3") },
];

/// The tools that single checks need.
const OPTIONAL: [Tool; 13] = [
    Tool { name: "bash", package: "bash", is_there: || has_version("bash") },
    Tool { name: "c++", package: "g++", is_there: || has_version("c++") },
    Tool { name: "dash", package: "dash", is_there: || answers(program("dash").args(["-c", ":"])) },
    Tool { name: "fish", package: "fish", is_there: || has_version("fish") },
    Tool { name: "groff", package: "groff-base", is_there: || has_version("groff") },
    Tool { name: "keepassxc-cli", package: "keepassxc", is_there: || has_version("keepassxc-cli") },
    Tool { name: "nm", package: "binutils", is_there: || has_version("nm") },
    Tool { name: "pass", package: "pass", is_there: || has_version("pass") },
    Tool { name: "sanitizers", package: "gcc", is_there: sanitizes },
    Tool { name: "setsid", package: "util-linux", is_there: || has_version("setsid") },
    Tool { name: "valgrind", package: "valgrind", is_there: || has_version("valgrind") },
    Tool {
        name: "venv",
        package: "python3-venv",
        is_there: || answers(program("python3").args(["-c", "import venv, ensurepip"])),
    },
    Tool { name: "zsh", package: "zsh", is_there: || has_version("zsh") },
];

/// The tools that this machine lacks, and the checks that did not run because of that.
pub(crate) struct Checks {
    missing: Vec<&'static Tool>,
    /// The packages that each of them needs.
    not_run: BTreeMap<String, BTreeSet<&'static str>>,
}

impl Checks {
    /// Looks for the tools, before anything takes time.
    pub(crate) fn probe() -> Result<Self> {
        require(NEEDED.iter().filter(|tool| !(tool.is_there)()))?;
        let missing = OPTIONAL.iter().filter(|tool| !(tool.is_there)()).collect();
        Ok(Self { missing, not_run: BTreeMap::new() })
    }

    /// Fails if any tool is missing.
    pub(crate) fn require_all(&self) -> Result<()> {
        require(self.missing.iter().copied())
    }

    /// Whether a check's tools are there. If not, the check counts as not run.
    pub(crate) fn can_run(&mut self, check: &str, tools: &[&str]) -> bool {
        let missing: Vec<_> = self.missing.iter().copied().filter(|tool| tools.contains(&tool.name)).collect();
        for tool in &missing {
            eprintln!("\n--> not run without {}: {check}", tool.name);
            self.not_run(check, tool.package);
        }
        missing.is_empty()
    }

    /// Counts a check that did not run because a package is missing.
    pub(crate) fn not_run(&mut self, check: &str, package: &'static str) {
        self.not_run.entry(check.to_owned()).or_default().insert(package);
    }

    /// Runs tests that know what this machine lacks, and counts what they leave out.
    pub(crate) fn run_tests(&mut self, command: &mut Command) -> Result<()> {
        let folder = folder();
        let left_out = folder.path().join("not-run");
        let names: Vec<&str> = self.missing.iter().map(|tool| tool.name).collect();
        let failed = |error| format!("{}: {error}", left_out.display());
        fs::write(&left_out, "").map_err(failed)?;
        run(command.env(WITHOUT, names.join(",")).env(NOT_RUN, &left_out))?;
        for line in fs::read_to_string(&left_out).map_err(failed)?.lines() {
            let (name, test) = line.split_once('\t').ok_or_else(|| format!("a test left {line:?}"))?;
            let tool = self.missing.iter().find(|tool| tool.name == name);
            let package = tool.ok_or_else(|| format!("{test} lacks {name}, which is there"))?.package;
            self.not_run(test, package);
        }
        Ok(())
    }

    /// What was not run, and what it needs, in one line.
    pub(crate) fn summary(&self) -> Option<String> {
        let packages: BTreeSet<&str> = self.not_run.values().flatten().copied().collect();
        let needs = packages.into_iter().collect::<Vec<_>>().join(", ");
        match self.not_run.len() {
            0 => None,
            1 => Some(format!("1 check was not run; it needs: {needs}")),
            count => Some(format!("{count} checks were not run; they need: {needs}")),
        }
    }
}

fn require<'t>(missing: impl Iterator<Item = &'t Tool>) -> Result<()> {
    let packages: BTreeSet<&str> = missing.map(|tool| tool.package).collect();
    let packages = packages.into_iter().collect::<Vec<_>>().join(" ");
    if packages.is_empty() {
        Ok(())
    } else {
        Err(format!("the tests need more tools; on Debian: apt-get install {packages}"))
    }
}

fn has_version(name: &str) -> bool {
    answers(program(name).arg("--version"))
}

/// Whether the C compiler comes with the sanitizers' libraries; some do not.
fn sanitizes() -> bool {
    let folder = folder();
    let (source, built) = (folder.path().join("empty.c"), folder.path().join("empty"));
    fs::write(&source, "int main(void) { return 0; }\n").is_ok()
        && answers(program("cc").arg("-fsanitize=address,undefined").arg(source).arg("-o").arg(built))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn without(names: &[&str]) -> Checks {
        let missing = OPTIONAL.iter().filter(|tool| names.contains(&tool.name)).collect();
        Checks { missing, not_run: BTreeMap::new() }
    }

    #[test]
    fn what_is_not_run_is_counted_once_and_names_all_that_it_needs() {
        let mut checks = without(&["c++", "valgrind"]);
        assert!(checks.can_run("a header", &[]) && checks.can_run("a page", &["groff"]));
        assert_eq!(checks.summary(), None);
        assert!(!checks.can_run("a leak", &["valgrind"]));
        assert_eq!(checks.summary().unwrap(), "1 check was not run; it needs: valgrind");
        assert!(!checks.can_run("a leak", &["valgrind", "c++"]) && !checks.can_run("a header", &["c++"]));
        assert_eq!(checks.summary().unwrap(), "2 checks were not run; they need: g++, valgrind");
        assert!(checks.require_all().is_err() && without(&[]).require_all().is_ok());
    }
}
