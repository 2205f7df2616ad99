//! The C library as cargo-c installs it, and a program that knows nothing of it but what pkg-config says.

use std::fs;
use std::path::Path;
use std::process::Command;

use otp_test_tools::folder;
use xtask::Result;
use xtask::cargo::{build, cargo};
use xtask::sh::{output, program, root, run};

use super::archive::tar;
use super::packagers;
use super::release::Release;

const EXAMPLE: &str = "otp-ffi/examples/login.c";
/// Beside what is installed.
const FILES: [&str; 4] = ["docs/c.md", "CHANGELOG.md", "LICENSE-MIT", "LICENSE-APACHE"];

/// Installs the library into a folder, builds the example against it both ways, and makes an archive.
pub(super) fn make(release: &Release) -> Result<()> {
    packagers::require("cinstall")?;
    let stage = folder();
    let name = format!("{}-c-{}-linux-gnu", release.name(), std::env::consts::ARCH);
    let top = stage.path().join(&name);
    let mut install = cargo(&["cinstall", "--locked", "--release", "-p", "otp-ffi"]);
    install.args(["--prefix=/usr/local", "--libdir=/usr/local/lib", "--destdir"]).arg(&top);
    run(release.reproducible(&mut install)?.env("OTP_LIBEXEC", super::programs::LIBEXEC))?;
    try_out(&top)?;
    for file in FILES {
        fs::copy(root().join(file), top.join(file.trim_start_matches("docs/")))
            .map_err(|error| format!("{file}: {error}"))?;
    }
    tar(release, stage.path(), &name)
}

fn try_out(top: &Path) -> Result<()> {
    let home = folder();
    let otp = build(&mut cargo(&["build", "--locked", "-q", "-p", "otp-cli"]))?.program("otp")?;
    let add = "add edms/reporting --username alice --generate --key-file nightly.key";
    run(Command::new(otp).args(add.split(' ')).current_dir(home.path()).env("OTP_STORE", "store"))?;
    let library = top.join("usr/local/lib");
    for (name, is_static) in [("shared", false), ("static", true)] {
        let flags = flags(top, is_static)?;
        let built = home.path().join(name);
        let mut compiler = program("cc");
        compiler.args(["-std=c11", "-Wall", "-Wextra", "-Werror"]).arg(EXAMPLE).arg("-o").arg(&built);
        // The linker prefers the shared one where both are.
        run(compiler.args(is_static.then_some("-Wl,-Bstatic")).args(flags).args(is_static.then_some("-Wl,-Bdynamic")))?;
        let mut login = Command::new(&built);
        login.current_dir(home.path()).env("OTP_STORE", "store").env("OTP_KEY_FILE", "nightly.key");
        if !is_static {
            login.env("LD_LIBRARY_PATH", &library);
        }
        let said = output(&mut login)?;
        if !said.contains("alice") {
            return Err(format!("the {name} example does not log in as alice:\n{said}"));
        }
    }
    Ok(())
}

fn flags(top: &Path, is_static: bool) -> Result<Vec<String>> {
    let mut command = program("pkg-config");
    command.env("PKG_CONFIG_PATH", top.join("usr/local/lib/pkgconfig")).env("PKG_CONFIG_SYSROOT_DIR", top);
    let text = output(command.args(["--cflags", "--libs"]).args(is_static.then_some("--static")).arg("otp"))?;
    Ok(text.split_whitespace().map(str::to_owned).collect())
}
