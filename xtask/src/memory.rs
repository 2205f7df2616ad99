//! `cargo xtask memory`: seen from outside, the programs' memory keeps no secret; and `stack`: how much the core uses.

use xtask::Result;
use xtask::cargo::{build, cargo, target};
use xtask::sh::{output, program, run};

use crate::python::assemble;

pub(crate) fn memory() -> Result<()> {
    only_linux()?;
    let packages = ["-p", "otp-cli", "-p", "otp-ffi", "-p", "otp-proof"];
    let built = build(cargo(&["build", "--locked", "--release"]).args(packages))?;
    let library = built.library("otp_ffi")?;
    let library = library.parent().ok_or("the library is in no folder")?;
    let login = target().join("login");
    run(program("cc").args(["-O2", "-Iotp-ffi/include", "otp-ffi/examples/login.c", "-o"]).arg(&login).args([
        &format!("-L{}", library.display()),
        &format!("-Wl,-rpath,{}", library.display()),
        "-lotp_ffi",
    ]))?;
    // The interpreter itself: the `python3` on the PATH may be a script that starts it.
    let python = output(program("python3").args(["-c", "import sys; print(sys.executable)"]))?;
    let package = assemble("release")?;
    run(program(built.program("memory")?).arg(built.program("otp")?).arg(login).arg(python.trim_end()).arg(package))
}

pub(crate) fn stack() -> Result<()> {
    only_linux()?;
    run(&mut cargo(&["run", "--locked", "--release", "-q", "-p", "otp-proof", "--bin", "stack"]))
}

fn only_linux() -> Result<()> {
    if cfg!(target_os = "linux") { Ok(()) } else { Err("this needs Linux".into()) }
}
