//! The recipes in `examples`: the Python ones log in at a real server, the others are parsed by their own programs.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use xtask::Result;
use xtask::sh::{output, root, run};

use super::trial::World;
use crate::venv::program_of;

/// What an `otp run` command ends with if its line is not valid.
const USAGE: i32 = 102;
/// The recipes that contain an `otp` command.
const LINES: [&str; 6] = [
    "systemd/report.service",
    "cron/report.cron",
    "ci/Jenkinsfile",
    "ci/gitlab-ci.yml",
    "ci/github-actions.yml",
    "kubernetes/report.yaml",
];
/// Parses files for which there is no schema.
const PARSE: &str = "import sys, yaml, xml.etree.ElementTree as tree\n\
    yaml.safe_load(open(sys.argv[1], encoding='utf-8'))\n\
    tree.parse(sys.argv[2])";

/// Runs the Python recipes, which find key and server in the environment.
pub(super) fn postgresql(world: &World, whole: &Path, trimmed: &Path, host: &str) -> Result<()> {
    for (recipe, key, user) in [
        ("with_sqlalchemy.py", whole, super::USER),
        ("with_psycopg.py", whole, super::USER),
        ("with_django.py", whole, super::USER),
        ("with_pyodbc.py", trimmed, "trimmed"),
    ] {
        let mut python = program_of(&world.venv, "python");
        python.arg("-B").arg(root().join("examples/clients").join(recipe));
        python.env("OTP_KEY_FILE", key).env("OTP_STORE", world.path("store")).env("PGHOST", host).env_remove("OTP_KEY");
        let said = output(&mut python)?;
        if said.trim() != user {
            return Err(format!("{recipe} logged in as {said}"));
        }
        println!("logged in: {recipe}");
    }
    Ok(())
}

/// Has each of the others parsed by the program that it is for, as far as that is possible here.
pub(super) fn lint(world: &World, key: &Path) -> Result<()> {
    let examples = root().join("examples");
    let file = |name: &str| examples.join(name);
    let units = [file("systemd/report.service"), file("systemd/report.timer")];
    run(Command::new("systemd-analyze").arg("verify").args(units))?;
    let schema = |schema: &str, name: &str| {
        run(program_of(&world.venv, "check-jsonschema").args(["--builtin-schema", schema]).arg(file(name)))
    };
    schema("vendor.github-workflows", "ci/github-actions.yml")?;
    schema("vendor.gitlab-ci", "ci/gitlab-ci.yml")?;
    let (yaml, xml) = (file("kubernetes/report.yaml"), file("windows/task.xml"));
    run(program_of(&world.venv, "python").args(["-c", PARSE]).args([yaml, xml]))?;
    for name in LINES {
        lines(world, &file(name))?;
    }
    workflow(world, key, &file("edms/check-in.sh"))
}

/// The program understands every `otp run` in a file: it fails because a key is missing, not because of an option.
fn lines(world: &World, path: &Path) -> Result<()> {
    let text = fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))?;
    let plain = text.replace(['[', ']', ',', '"', '\''], "");
    let mut count = 0;
    for line in plain.lines().filter(|line| !line.trim_start().starts_with('#')) {
        let Some((_, options)) = line.split_once("otp run ") else { continue };
        let mut otp = world.otp();
        let words = options.split_whitespace().map(|word| if word.starts_with('$') { "none" } else { word });
        let outcome = otp.arg("run").args(words).env("OTP_KEY_FILE", "none").stdin(Stdio::null()).output();
        let outcome = outcome.map_err(|error| format!("otp: {error}"))?;
        if outcome.status.success() || outcome.status.code() == Some(USAGE) {
            let said = String::from_utf8_lossy(&outcome.stderr);
            return Err(format!("{}: {line}: {}: {said}", path.display(), outcome.status));
        }
        count += 1;
    }
    if count == 0 { Err(format!("{}: there is no otp run", path.display())) } else { Ok(()) }
}

/// The workflow, with a stand-in for sqlcmd that prints the login it would use.
fn workflow(world: &World, key: &Path, script: &Path) -> Result<()> {
    let key = fs::File::open(key).map_err(|error| format!("{}: {error}", key.display()))?;
    world.write_program("sqlcmd", "#!/bin/sh\nprintf '%s' \"$SQLCMDUSER $SQLCMDPASSWORD\"\n")?;
    let mut command = world.shell(script);
    let said = output(command.arg("4711").stdin(key))?;
    let expected = format!("trimmed {}", super::PASSWORD.trim());
    if said != expected {
        return Err(format!("{} logged in as {said}", script.display()));
    }
    println!("ran: check-in.sh");
    Ok(())
}
