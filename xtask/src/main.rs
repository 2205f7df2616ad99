//! `cargo xtask COMMAND`: what this repository does with itself.
#![forbid(unsafe_code)]

mod abi;
mod bench;
mod ci;
mod coverage;
mod ct;
mod demo;
mod dist;
#[cfg(unix)]
mod e2e;
mod faults;
mod fuzz;
mod memory;
mod miri;
mod mutants;
mod prove;
mod python;
mod randomness;
mod supply;
mod test;

use std::process::ExitCode;

const HELP: &str = "\
cargo xtask COMMAND

  test                          all that is needed to trust a checkout
  ci                            test, and formatting, lints, docs, cross builds, the oldest compiler
  demo                          the main job, in a temporary folder
  prove                         perfect secrecy, by enumerating every pad and payload of a small frame
  ct                            no branch and no address depends on a secret, in the built code (needs valgrind)
  memory                        no secret stays in the memory of the program, seen from outside
  stack                         how much stack the core takes
  miri                          the core and the C interface under Miri (needs a nightly compiler with Miri)
  coverage                      which lines the tests reach (needs cargo-llvm-cov)
  mutants [FILE...]             whether the tests notice changes of the code (needs cargo-mutants)
  deny                          licences, versions and sources of the dependencies (needs cargo-deny)
  api [--write]                 whether the public items are those in docs/public-api (needs cargo-public-api)
  randomness                    1 GiB of pads through suites that are not ours (needs dieharder and rngtest)
  fuzz [TARGET] [--seconds N]   fuzz one target or all, 20 seconds each (needs cargo-fuzz)
  faults [PART...] [--quick]    failing system calls, kills, power loss, full disks, load (Linux, needs strace)
  dist                          the static program, for this processor's Linux
  abi                           the C program that calls every function: C11, C++17, AddressSanitizer, valgrind
  python                        the Python package: built, installed in a fresh environment, tested, typed
  e2e                           a script that logs in to a real PostgreSQL server, before and after a rotation
  bench                         whole processes and durable writes, against their floors
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let (command, rest) = match arguments.split_first() {
        Some((command, rest)) => (command.as_str(), rest),
        None => ("help", &[][..]),
    };
    let result = match command {
        "test" => test::test(),
        "ci" => ci::ci(),
        "demo" => demo::demo(),
        "prove" => prove::prove(),
        "ct" => ct::ct(),
        "memory" => memory::memory(),
        "stack" => memory::stack(),
        "miri" => miri::miri(),
        "coverage" => coverage::coverage(),
        "mutants" => mutants::mutants(rest),
        "deny" => supply::deny(),
        "api" => supply::api(rest),
        "randomness" => randomness::randomness(),
        "fuzz" => fuzz::fuzz(rest),
        "faults" => faults::faults(rest),
        "dist" => dist::build().map(drop),
        "bench" => bench::bench(),
        "abi" => abi::abi(),
        "python" => python::python(),
        #[cfg(unix)]
        "e2e" => e2e::e2e(),
        "help" | "--help" | "-h" => {
            print!("{HELP}");
            Ok(())
        }
        other => Err(format!("there is no command {other}\n\n{HELP}")),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("xtask: {message}");
            ExitCode::FAILURE
        }
    }
}
