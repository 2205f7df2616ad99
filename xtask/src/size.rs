//! `cargo xtask size`: how much of a small device the core takes, and which functions; and its stack, emulated.

use std::path::PathBuf;

use xtask::Result;
use xtask::cargo::{build, cargo};
use xtask::sh::{answers, output, program, run};

use crate::emulated::stack_of;

/// The devices: the smallest Arm core, and one with room for multiply instructions; and the QEMU machines that run
/// their programs.
pub(crate) const TARGETS: [(&str, &str); 2] =
    [("thumbv6m-none-eabi", "mps2-an385"), ("thumbv7em-none-eabihf", "mps2-an386")];
/// How many of the largest functions are shown.
const SHOWN: usize = 25;

pub(crate) fn size() -> Result<()> {
    for (target, machine) in TARGETS {
        let (device, text) = text_of(target)?;
        let symbols = output(
            program("nm")
                .args(["--print-size", "--size-sort", "--reverse-sort", "--radix=d", "--demangle"])
                .arg(&device),
        )?;
        // Address, size, kind, name.
        let functions = symbols.lines().filter_map(|line| {
            let mut words = line.splitn(4, ' ');
            let (_, size, kind, name) = (words.next()?, words.next()?, words.next()?, words.next()?);
            kind.eq_ignore_ascii_case("t").then(|| Some((size.parse::<u32>().ok()?, name)))?
        });
        for (size, name) in functions.take(SHOWN) {
            println!("{size:>6}  {name}");
        }
        println!("\n{text:>6}  .text of a program that parses, decodes and opens, {target}");
        match stack_of(&device, machine) {
            Ok(stack) => println!("{stack:>6}  stack of the same, with the key's buffer\n"),
            Err(error) => println!("     -  stack of the same: {error}\n"),
        }
    }
    Ok(())
}

/// Builds the program for a device. Returns its path and the size of its `.text`.
pub(crate) fn text_of(target: &str) -> Result<(PathBuf, u64)> {
    if !answers(program("nm").arg("--version")) || !answers(program("size").arg("--version")) {
        return Err("this needs nm and size: apt-get install binutils".into());
    }
    run(program("rustup").args(["target", "add", target]))?;
    let manifest = ["--manifest-path", "xtask/size/Cargo.toml"];
    let device =
        build(cargo(&["build", "--locked", "--release", "--target", target]).args(manifest))?.program("otp-size")?;
    let sections = output(program("size").arg("--format=sysv").arg(&device))?;
    let text = sections.lines().find_map(|line| line.strip_prefix(".text")?.split_whitespace().next()?.parse().ok());
    Ok((device, text.ok_or("size shows no .text")?))
}
