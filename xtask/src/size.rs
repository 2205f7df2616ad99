//! `cargo xtask size`: how much of a small device the core takes, and which functions take it.

use xtask::Result;
use xtask::cargo::{build, cargo};
use xtask::sh::{answers, output, program, run};

const TARGET: &str = "thumbv6m-none-eabi";
/// How many of the largest functions are shown.
const SHOWN: usize = 25;

pub(crate) fn size() -> Result<()> {
    if !answers(program("nm").arg("--version")) || !answers(program("size").arg("--version")) {
        return Err("this needs nm and size: apt-get install binutils".into());
    }
    run(program("rustup").args(["target", "add", TARGET]))?;
    let manifest = ["--manifest-path", "xtask/size/Cargo.toml"];
    let device =
        build(cargo(&["build", "--locked", "--release", "--target", TARGET]).args(manifest))?.program("otp-size")?;

    let symbols = output(
        program("nm").args(["--print-size", "--size-sort", "--reverse-sort", "--radix=d", "--demangle"]).arg(&device),
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
    let sections = output(program("size").arg("--format=sysv").arg(&device))?;
    let text = sections.lines().find_map(|line| line.strip_prefix(".text")?.split_whitespace().next());
    println!(
        "\n{:>6}  .text of a program that parses, decodes and opens, {TARGET}",
        text.ok_or("size shows no .text")?
    );
    Ok(())
}
