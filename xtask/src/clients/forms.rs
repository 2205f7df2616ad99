//! The dotenv form, read by node, by the package dotenv and by python-dotenv.

use std::fs;

use xtask::Result;
use xtask::sh::{output, run};

use super::trial::World;
use crate::venv::program_of;

/// A value with everything that the form allows.
const VALUE: &str = " p \"#$HOME$$`x`%41{}|!~=\u{e4}\nq; ";
const PRINT: &str = "process.stdout.write(process.env.OTP_PASSWORD)";

pub(super) fn load(world: &World) -> Result<()> {
    let key = world.add("form", "somebody", VALUE)?;
    let form = output(world.otp().args(["get", "--format", "dotenv", "--key-file"]).arg(&key))?;
    fs::write(world.path("form.env"), form).map_err(|error| format!("form.env: {error}"))?;
    let node = || {
        let mut node = program_of(&world.venv, "node");
        node.current_dir(world.path(""));
        node
    };
    // The npm of that package, which matches node's version.
    run(program_of(&world.venv, "npm")
        .args(["install", "--silent", "--no-audit", "dotenv"])
        .current_dir(world.path("")))?;
    let python = "from dotenv import dotenv_values; print(dotenv_values('form.env')['OTP_PASSWORD'], end='')";
    let package = format!("require('dotenv').config({{ path: 'form.env', quiet: true }}); {PRINT}");
    for (what, mut reader) in [
        ("node --env-file", {
            let mut node = node();
            node.args(["--env-file=form.env", "-e", PRINT]);
            node
        }),
        ("the package dotenv", {
            let mut node = node();
            node.args(["-e", &package]);
            node
        }),
        ("python-dotenv", {
            let mut reader = program_of(&world.venv, "python");
            reader.args(["-c", python]).current_dir(world.path(""));
            reader
        }),
    ] {
        let read = output(&mut reader)?;
        if read != VALUE {
            return Err(format!("{what} reads {read:?}"));
        }
        println!("loaded: {what}");
    }
    Ok(())
}
