//! `cargo xtask memory`: no secret stays in the memory of the programs, seen from outside; and `stack`, what the core takes.

use xtask::Result;
use xtask::sh::{answers, cargo, program, run, target};

pub(crate) fn memory() -> Result<()> {
    only_linux()?;
    if !answers(program("cc").arg("--version")) {
        return Err("there is no cc; on Debian: apt-get install gcc".into());
    }
    run(&mut cargo(&["build", "--locked", "--release", "-p", "otp-cli", "-p", "otp-ffi", "-p", "otp-proof"]))?;
    let built = target().join("release");
    let login = built.join("login");
    run(program("cc").args(["-O2", "-Iotp-ffi/include", "otp-ffi/examples/login.c", "-o"]).arg(&login).args([
        &format!("-L{}", built.display()),
        &format!("-Wl,-rpath,{}", built.display()),
        "-lotp_ffi",
    ]))?;
    let mut scan = program(&built.join("memory").display().to_string());
    scan.arg(built.join("otp")).arg("c").arg(login);
    // What `cargo xtask python` has installed. Building it takes minutes, so it is not done here.
    let python = target().join("python-venv/bin/python");
    if python.exists() {
        scan.arg("python").arg(python);
    } else {
        eprintln!("Python is not looked at: run cargo xtask python first");
    }
    run(&mut scan)?;
    run(&mut cargo(&["test", "--locked", "-p", "otp-proof"]))
}

pub(crate) fn stack() -> Result<()> {
    only_linux()?;
    run(&mut cargo(&["run", "--locked", "--release", "-q", "-p", "otp-proof", "--bin", "stack"]))
}

fn only_linux() -> Result<()> {
    if cfg!(target_os = "linux") { Ok(()) } else { Err("this needs Linux".into()) }
}
