//! `cargo xtask COMMAND`: the tasks of this repository.
#![forbid(unsafe_code)]

mod abi;
#[cfg(unix)]
mod bench;
mod ci;
#[cfg(unix)]
mod clients;
mod coverage;
mod ct;
mod demo;
#[cfg(unix)]
mod dist;
#[cfg(unix)]
mod e2e;
mod emulated;
mod faults;
mod fuzz;
#[cfg(unix)]
mod layout;
mod memory;
mod miri;
mod model;
mod mutants;
mod peers;
#[cfg(unix)]
mod plugins;
#[cfg(unix)]
mod ports;
mod prove;
mod python;
mod randomness;
#[cfg(unix)]
mod servers;
mod size;
#[cfg(unix)]
mod stores;
mod supply;
mod test;
mod tools;
mod venv;
mod windows;
mod workflows;

use std::process::ExitCode;

use xtask::Result;

use self::Run::{Plain, WithArguments};

struct Task {
    usage: &'static str,
    about: &'static str,
    run: Run,
}

enum Run {
    Plain(fn() -> Result<()>),
    WithArguments(fn(&[String]) -> Result<()>),
}

const fn task(usage: &'static str, about: &'static str, run: Run) -> Task {
    Task { usage, about, run }
}

const TASKS: &[Task] = &[
    task("demo", "the main job, in a temporary folder", Plain(demo::demo)),
    task("test [--strict]", "every test that this machine has the tools for", WithArguments(test::test)),
    task("ci", "all of it: tests, lints, docs, clients, cross builds, proofs, faults, fuzzing", Plain(ci::ci)),
    task("abi", "the C library: C11, C++17, AddressSanitizer, valgrind", Plain(abi::abi)),
    task("python", "the Python package: built, installed, tested, typed", Plain(python::python)),
    task(
        "windows [helper]",
        "the tests built for Windows, under Wine; `helper` for stores on the network (needs wine64, MinGW)",
        WithArguments(windows::windows),
    ),
    task("workflows", "the files of the repository's host, against their schemas", Plain(workflows::workflows)),
    task("prove", "perfect secrecy, by enumerating a small frame", Plain(prove::prove)),
    task("model", "rings, pages and rotations: every state of a model, and without each rule", Plain(model::model)),
    task("ct [python]", "no branch and no address depends on a secret (needs valgrind)", WithArguments(ct::ct)),
    task("memory", "no secret stays in a program's memory (Linux)", Plain(memory::memory)),
    task("stack", "how much stack the core takes (Linux)", Plain(memory::stack)),
    task("miri", "the core and the C interface under Miri (needs a nightly compiler)", Plain(miri::miri)),
    task(
        "faults [PART...] [--quick]",
        "failing calls, kills, power loss, full disks, load (Linux, needs strace)",
        WithArguments(faults::faults),
    ),
    task("fuzz [TARGET...] [--seconds N]", "some fuzz targets or all (needs cargo-fuzz)", WithArguments(fuzz::fuzz)),
    task("randomness", "1 GiB of pads in third-party suites (needs dieharder, rngtest)", Plain(randomness::randomness)),
    task("coverage", "which lines the tests reach (needs cargo-llvm-cov)", Plain(coverage::coverage)),
    task(
        "mutants [FILE...]",
        "whether the tests notice changes (needs cargo-mutants)",
        WithArguments(mutants::mutants),
    ),
    task("deny", "licences, versions and sources of dependencies (needs cargo-deny)", Plain(supply::deny)),
    task(
        "api [--write]",
        "the public items, against docs/public-api (needs cargo-public-api)",
        WithArguments(supply::api),
    ),
    task(
        "semver [REVISION]",
        "whether the version says what changed since a revision, or the last release (needs cargo-semver-checks)",
        WithArguments(supply::semver),
    ),
    #[cfg(unix)]
    task(
        "clients",
        "one nasty login through each client (Linux, needs PostgreSQL, MariaDB, Redis, unixODBC, PyPI)",
        Plain(clients::clients),
    ),
    #[cfg(unix)]
    task(
        "plugins [PART...]",
        "the Python plugins in Airflow 2 and 3 and in Ansible (needs PyPI)",
        WithArguments(plugins::plugins),
    ),
    #[cfg(unix)]
    task(
        "e2e [PART...]",
        "real logins while passwords are rotated (needs PostgreSQL, MariaDB, PyPI)",
        WithArguments(e2e::e2e),
    ),
    #[cfg(unix)]
    task(
        "stores [PART...]",
        "stores on real servers; `all` adds Azurite, rclone, web servers (needs PyPI, openssl, curl, PostgreSQL; npm, nginx)",
        WithArguments(stores::stores),
    ),
    task(
        "peers [--quick]",
        "parsing, opening and storing, beside ring, RustCrypto and SQLite",
        WithArguments(peers::peers),
    ),
    task("size", "what the core takes of a small device (stack: needs qemu-system-arm)", Plain(size::size)),
    #[cfg(unix)]
    task(
        "layout [--write]",
        "which functions run at a start of the static program, for otp-cli/start.ld (Linux, needs valgrind, PyPI)",
        WithArguments(layout::layout),
    ),
    #[cfg(unix)]
    task(
        "bench [--quick] [--json] [--write]",
        "the program against its floors and its peers; --write for docs/performance.md",
        WithArguments(bench::bench),
    ),
    #[cfg(unix)]
    task(
        "dist [PART...] [--quick]",
        "what a release consists of, built and tried; docs/releasing.md (Linux, needs PyPI and tools of cargo)",
        WithArguments(dist::dist),
    ),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match start(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}

fn start(arguments: &[String]) -> Result<()> {
    let Some((name, rest)) =
        arguments.split_first().filter(|(name, _)| !["help", "--help", "-h"].contains(&name.as_str()))
    else {
        print!("{}", help());
        return Ok(());
    };
    let task = TASKS.iter().find(|task| task.usage.split(' ').next() == Some(name));
    match task.ok_or_else(|| format!("there is no command {name}\n\n{}", help()))?.run {
        WithArguments(run) => run(rest),
        Plain(run) if rest.is_empty() => run(),
        Plain(_) => Err(format!("{name} takes no arguments")),
    }
}

fn help() -> String {
    let tasks = TASKS.iter().map(|task| format!("  {:<28}  {}\n", task.usage, task.about));
    format!("cargo xtask COMMAND\n\n{}", tasks.collect::<String>())
}
