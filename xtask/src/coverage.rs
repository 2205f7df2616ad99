//! `cargo xtask coverage`: which lines and regions the tests reach, crate by crate.

use std::collections::BTreeMap;

use xtask::Result;
use xtask::cargo::cargo;
use xtask::sh::{answers, output, root, run};

/// What is tested together: the core with all its features; the rest with the programs that its tests start.
const TESTED: [&[&str]; 2] = [
    &["-p", "otp-core", "--all-features"],
    &["-p", "otp-store-fs", "-p", "otp-sys", "-p", "otp-link", "-p", "otp-cli", "-p", "otp-ffi"],
];

pub(crate) fn coverage() -> Result<()> {
    if !answers(&mut cargo(&["llvm-cov", "--version"])) {
        return Err(
            "this needs cargo-llvm-cov: rustup component add llvm-tools && cargo install --locked cargo-llvm-cov"
                .into(),
        );
    }
    run(&mut cargo(&["llvm-cov", "clean", "--workspace"]))?;
    for packages in TESTED {
        // Failures are for `cargo xtask test` to report. A program run as another user can't leave its figures here.
        run(cargo(&["llvm-cov", "test", "--locked", "--no-report", "--ignore-run-fail"]).args(packages))?;
    }
    // A program that a test kills may leave a broken file.
    let report = ["llvm-cov", "report", "--failure-mode", "all"];
    let files = output(cargo(&report).arg("--summary-only"))?;
    print!("{files}");
    // The core's missing lines. In the pattern, a dot stands for each character that could be special.
    let top = root().display().to_string().replace(|c: char| !c.is_ascii_alphanumeric() && c != '/', ".");
    let others = format!("{top}/(otp-cli|otp-ffi|otp-link|otp-store-fs|xtask|fuzz|otp-core/tests)/");
    run(cargo(&report).args(["--show-missing-lines", "--ignore-filename-regex", &others]))?;
    println!("\n{:<18} {:>16} {:>16}", "crate", "lines", "regions");
    for (name, [regions, lines]) in by_crate(&files) {
        println!("{name:<18} {:>16} {:>16}", lines.text(), regions.text());
    }
    Ok(())
}

/// How many there are, and how many of them no test reaches.
#[derive(Clone, Copy, Default)]
struct Count {
    all: u64,
    missed: u64,
}

impl Count {
    fn text(self) -> String {
        // In tenths of a per cent, rounded down: 100 means all.
        let tenths = (self.all - self.missed) * 1000 / self.all.max(1);
        format!("{}.{} % of {}", tenths / 10, tenths % 10, self.all)
    }
}

/// Sums up a report whose lines have a file name, then count, missed and per cent of regions, functions and lines.
fn by_crate(report: &str) -> BTreeMap<&str, [Count; 2]> {
    let mut crates: BTreeMap<&str, [Count; 2]> = BTreeMap::new();
    for line in report.lines() {
        let words: Vec<&str> = line.split_whitespace().collect();
        let count =
            |at: usize| Some(Count { all: words.get(at)?.parse().ok()?, missed: words.get(at + 1)?.parse().ok()? });
        let Some((name, _)) = words.first().and_then(|name| name.split_once("/src/")) else { continue };
        if name.starts_with("xtask") {
            continue;
        }
        let (Some(regions), Some(lines)) = (count(1), count(7)) else { continue };
        for (sum, count) in crates.entry(name).or_default().iter_mut().zip([regions, lines]) {
            *sum = Count { all: sum.all + count.all, missed: sum.missed + count.missed };
        }
    }
    crates
}
