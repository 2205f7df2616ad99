//! `cargo xtask workflows`: whether the files for the repository's host are valid.

use std::fs;
use std::path::{Path, PathBuf};

use xtask::Result;
use xtask::sh::{answers, program, root, run};

use crate::tools::Checks;
use crate::venv::{self, program_of};

/// It includes the schemas, so it needs no network.
const CHECKER: &str = "check-jsonschema>=0.30";
/// Parses all files, without comparing them with schemas.
const PARSE: &str = "import sys, yaml\nfor path in sys.argv[1:]:\n    with open(path, encoding='utf-8') as file:\n        yaml.safe_load(file)";

/// Runs the check; fails if a tool is missing.
pub(crate) fn workflows() -> Result<()> {
    let mut checks = Checks::probe()?;
    check(&mut checks)?;
    checks.summary().map_or(Ok(()), Err)
}

/// Parses the files, and validates them if Python can make environments.
pub(crate) fn check(checks: &mut Checks) -> Result<()> {
    let mut files = Vec::new();
    list(&root().join(".github"), &mut files)?;
    files.sort();
    if let Some(venv) = venv::with(checks, "the host's files, against their schemas", "workflows-venv", &[CHECKER])? {
        for file in files {
            run(program_of(&venv, "check-jsonschema").args(["--builtin-schema", schema(&file)?]).arg(file))?;
        }
    } else if answers(program("python3").args(["-c", "import yaml"])) {
        run(program("python3").args(["-c", PARSE]).args(files))?;
    }
    Ok(())
}

/// A file's schema, by its path.
fn schema(file: &Path) -> Result<&'static str> {
    let above = file.parent().and_then(Path::file_name).unwrap_or_default();
    match (above.to_str(), file.file_stem().and_then(|stem| stem.to_str())) {
        (Some("workflows"), _) => Ok("vendor.github-workflows"),
        (Some("ISSUE_TEMPLATE"), Some("config")) => Ok("vendor.github-issue-config"),
        (Some("ISSUE_TEMPLATE"), _) => Ok("vendor.github-issue-forms"),
        (_, Some("dependabot")) => Ok("vendor.dependabot"),
        _ => Err(format!("{}: no schema is known for this file", file.display())),
    }
}

/// Lists every YAML file below a folder.
fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let failed = |error| format!("{}: {error}", folder.display());
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path.is_dir() {
            list(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "yml") {
            files.push(path);
        }
    }
    Ok(())
}
