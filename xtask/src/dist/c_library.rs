//! The C library as cargo-c installs it, and a program that knows only what pkg-config says about it.

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
/// Files that come with it.
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
    // If both libraries are there, the linker takes the shared one.
    let without = folder();
    run(program("cp").arg("-R").arg(top.join("usr")).arg(without.path()))?;
    run(program("find").arg(without.path()).args(["-name", "libotp.so*", "-delete"]))?;
    for (name, top, how) in [("shared", top, None), ("static", without.path(), Some("--static"))] {
        let built = home.path().join(name);
        let mut compiler = program("cc");
        compiler.args(["-std=c11", "-Wall", "-Wextra", "-Werror"]).arg(EXAMPLE).arg("-o").arg(&built);
        run(compiler.args(flags(top, how)?))?;
        let mut login = Command::new(&built);
        login.current_dir(home.path()).env("OTP_STORE", "store").env("OTP_KEY_FILE", "nightly.key");
        let said = output(login.env("LD_LIBRARY_PATH", top.join("usr/local/lib")))?;
        if !said.contains("alice") {
            return Err(format!("the {name} example does not log in as alice:\n{said}"));
        }
    }
    Ok(())
}

fn flags(top: &Path, how: Option<&str>) -> Result<Vec<String>> {
    let mut command = program("pkg-config");
    command.env("PKG_CONFIG_PATH", top.join("usr/local/lib/pkgconfig")).env("PKG_CONFIG_SYSROOT_DIR", top);
    let text = output(command.args(["--cflags", "--libs"]).args(how).arg("otp"))?;
    Ok(text.split_whitespace().map(str::to_owned).collect())
}
