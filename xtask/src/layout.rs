//! `cargo xtask layout`: which functions run when the static program opens a record, for `otp-cli/start.ld`.
//!
//! The system maps a program's code in windows of 64 KiB, each when it is first used. Where the linker leaves them, the
//! functions of a start lie in most windows of the program.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::Path;

use otp_test_tools::folder;
use xtask::Result;
use xtask::sh::{answers, output, program, root, run};

use crate::dist;

const SCRIPT: &str = "otp-cli/start.ld";

const HEAD: &str = "\
/* How the static program lies in memory: what a start touches side by side, since the system maps a page when it is first
   touched. Made by `cargo xtask layout --write`. */

/* The functions that run when a record is opened: code is mapped in windows of 64 KiB. Hashes in names are left out, so that
   another compiler finds them too; a name that no function has any more does no harm. */
SECTIONS
{
  .text.start :
  {
    /* What valgrind does not name, or leaves out: assembly, the C library's start, its search for the kernel's clock. */
    *rcrt1.o(.text)
    *libc.a:__libc_start_main.lo(.text.*)
    *libc.a:__set_thread_area.lo(.text)
    *libc.a:mem*.lo(.text)
    *libc.a:strcmp.lo(.text.*)
";
const FOOT: &str = "  }
}
INSERT BEFORE .text;

/* The largest variables that a start does not touch: the rest is less than a page. */
SECTIONS
{
  .data.rest : { *(.data.*MAPPINGS_CACHE*) }
}
INSERT BEFORE .data;
SECTIONS
{
  .bss.rest : { *(.bss*_initialBuffer*) *(.bss.keys) *(.bss.__pthread_tsd_main) }
}
INSERT AFTER .bss;
";

/// Says which functions of a start the linker's script lacks; with `--write`, writes it anew.
pub(crate) fn layout(arguments: &[String]) -> Result<()> {
    let write = match arguments {
        [] => false,
        [only] if only == "--write" => true,
        _ => return Err("layout takes nothing but --write".into()),
    };
    if !answers(program("valgrind").arg("--version")) {
        return Err("this needs valgrind: apt-get install valgrind".into());
    }
    let lines = lines(&functions(&dist::program_with_names()?)?);
    let path = root().join(SCRIPT);
    if write {
        let script = [HEAD, &Vec::from_iter(lines).concat(), FOOT].concat();
        return fs::write(&path, script).map_err(|error| format!("{SCRIPT}: {error}"));
    }
    let script = fs::read_to_string(&path).map_err(|error| format!("{SCRIPT}: {error}"))?;
    let missing: Vec<&String> = lines.iter().filter(|line| !script.contains(*line)).collect();
    for line in &missing {
        print!("not there: {line}");
    }
    println!("{SCRIPT}: {} of {} functions of a start are there", lines.len() - missing.len(), lines.len());
    Ok(())
}

/// The functions that run in the plain form of `get`, by their names in the object files. `run` shares most of them, and its own
/// made no difference in trials; callgrind would lose them when the process becomes the command.
fn functions(otp: &Path) -> Result<BTreeSet<String>> {
    let home = folder();
    let start = |arguments: &[&str]| {
        let mut command = program("valgrind");
        command.args([
            "--quiet",
            "--tool=callgrind",
            "--demangle=no",
            "--callgrind-out-file=calls.%p",
            "--log-file=log.%p",
        ]);
        command.arg(otp).args(["--store", "store"]).args(arguments).current_dir(home.path());
        command
    };
    let add = ["--store", "store", "add", "edms/reporting", "--username", "alice", "--generate", "--key-file", "key"];
    run(program(otp).args(add).current_dir(home.path()))?;
    let failed = |error: std::io::Error| format!("the key: {error}");
    let key = fs::read_to_string(home.path().join("key")).map_err(failed)?;
    let descriptor = File::open(home.path().join("key")).map_err(failed)?;
    output(&mut start(&["get", "--key-file", "key"]))?;
    output(start(&["get", "--key-fd", "0"]).stdin(descriptor))?;
    output(start(&["get", "edms/reporting"]).env("OTP_KEY", key.trim_end()))?;

    let symbols = output(program("nm").args(["--format=just-symbols"]).arg(otp))?;
    let symbols: BTreeSet<&str> = symbols.lines().collect();
    let mut functions = BTreeSet::new();
    let failed = |error: std::io::Error| format!("callgrind's files: {error}");
    for entry in fs::read_dir(home.path()).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        if entry.file_name().to_string_lossy().starts_with("calls.") {
            let calls = fs::read_to_string(entry.path()).map_err(failed)?;
            functions
                .extend(calls.lines().filter_map(function).filter(|name| symbols.contains(name)).map(str::to_owned));
        }
    }
    Ok(functions)
}

/// The function that a line of callgrind's file names for the first time: `fn=(12) name`, or `cfn=` for one that is called.
/// Behind the names of recursive calls stands their depth.
fn function(line: &str) -> Option<&str> {
    let (kind, rest) = line.split_once("=(")?;
    let (_, name) = rest.split_once(") ")?;
    matches!(kind, "fn" | "cfn").then(|| name.split('\'').next().unwrap_or(name))
}

/// The script's lines for the sections of these functions, each of which has one.
fn lines(functions: &BTreeSet<String>) -> BTreeSet<String> {
    functions.iter().map(|name| format!("    *(.text*.{})\n", without_hashes(name))).collect()
}

/// A name with a star for what depends on compiler and machine: a number behind it, the hash at the end of a legacy name (`17h`,
/// 16 digits, `E`), and the crates' hashes in the names of Rust's RFC 2603 (`Cs`, digits of base 62, `_`).
fn without_hashes(name: &str) -> String {
    if let Some((whole, number)) = name.rsplit_once('.')
        && number.bytes().all(|byte| byte.is_ascii_digit())
    {
        return format!("{}.*", without_hashes(whole));
    }
    if let Some((path, hash)) = name.rsplit_once("17h")
        && hash.len() == 17
    {
        return format!("{path}17h*E");
    }
    let mut parts = name.split("Cs");
    let mut general = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match part.split_once('_') {
            Some((hash, rest)) if hash.chars().all(|c| c.is_ascii_alphanumeric()) => general += &format!("Cs*_{rest}"),
            _ => general += &format!("Cs{part}"),
        }
    }
    general
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_lose_their_hashes_and_nothing_else() {
        for (name, general) in [
            ("_ZN3otp5quick3get17heb34989ee0d1f376E", "_ZN3otp5quick3get17h*E"),
            ("_RNvNtNtCsaz6eC2DG7lh_3std3sys2fs8metadata", "_RNvNtNtCs*_3std3sys2fs8metadata"),
            ("_RNvXCs1_3abcNtCs2Z_4core1T", "_RNvXCs*_3abcNtCs*_4core1T"),
            ("_RNvNtCsaz6eC2DG7lh_3std4kind.1608", "_RNvNtCs*_3std4kind.*"),
            ("_ZN3otp4main17heb34989ee0d1f376E.7", "_ZN3otp4main17h*E.*"),
            ("__libc_start_main", "__libc_start_main"),
            ("memcpy", "memcpy"),
        ] {
            assert_eq!(without_hashes(name), general);
        }
    }

    #[test]
    fn a_function_is_named_once_in_callgrinds_file() {
        assert_eq!(function("fn=(12) main"), Some("main"));
        assert_eq!(function("cfn=(3) alloc_slot'2"), Some("alloc_slot"));
        for line in ["fn=(12)", "ob=(1) /usr/bin/otp", "calls=1 0", "0 4", "fl=(2) ???"] {
            assert_eq!(function(line), None, "{line}");
        }
    }
}
