//! `cargo xtask randomness`: feeds pads, as sealing draws them, to third-party statistical suites.

use std::fs::{self, File};

use xtask::Result;
use xtask::cargo::{build, cargo, target};
use xtask::sh::{answers, program, run};

/// How many bytes of pads the suites get.
const LEN: u64 = 1 << 30;
/// FIPS 140-2 examines blocks of this many bits.
const BLOCK_BITS: u64 = 20_000;
/// The share of blocks from a uniform source that fail a test of `rngtest`'s, where that can be computed: ones outside
/// 9,725 to 10,275, `erfc(274.5 / sqrt(2 * 5000))`; a run of 26 or more, `20,000 / 2^26`.
const EXPECTED: [(&str, f64); 2] = [("Monobit", 1.036e-4), ("Long run", 2.98e-4)];
/// How often the same 32 bits may occur twice in a row. `2^28` words repeat `1/16` times on average, and five times
/// once in a hundred million runs.
const MOST_REPEATS: u64 = 4;
/// The tests that dieharder's authors call good (`dieharder -l`), except those that take hours or read more than 1 GiB.
const DIEHARDER: [&str; 22] = [
    "0", "1", "2", "3", "4", "8", "9", "10", "11", "12", "13", "15", "16", "100", "101", "202", "204", "205", "206",
    "207", "208", "209",
];

pub(crate) fn randomness() -> Result<()> {
    if !answers(program("rngtest").arg("--version")) || !answers(program("dieharder").arg("-h")) {
        return Err("this needs dieharder and rngtest: apt-get install dieharder rng-tools5".into());
    }
    let pads =
        build(&mut cargo(&["build", "--locked", "--release", "-p", "otp-proof", "--bin", "pads"]))?.program("pads")?;
    let path = target().join("pads.bin");
    let file = File::create(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    run(program(pads).arg(LEN.to_string()).stdout(file))?;
    let result = rngtest(&path.display().to_string()).and_then(|()| dieharder(&path.display().to_string()));
    fs::remove_file(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    result
}

fn rngtest(path: &str) -> Result<()> {
    let input = File::open(path).map_err(|error| format!("{path}: {error}"))?;
    // It exits with 1 if any block fails, as some must.
    let output = program("rngtest").stdin(input).output().map_err(|error| format!("rngtest: {error}"))?;
    let report = String::from_utf8_lossy(&output.stderr);
    let count = |name: &str| -> Result<u64> {
        let found = report.lines().find_map(|line| line.split_once(&format!("{name}: "))?.1.trim().parse().ok());
        found.ok_or_else(|| format!("rngtest did not mention {name}:\n{report}"))
    };
    let failures = count("FIPS 140-2 failures")?;
    let blocks = count("FIPS 140-2 successes")? + failures;
    println!("rngtest: {blocks} blocks of {BLOCK_BITS} bits, {failures} failed a test");
    for (name, rate) in EXPECTED {
        #[expect(clippy::cast_precision_loss, reason = "counts of blocks are small")]
        let (found, expected) = (count(name)? as f64, blocks as f64 * rate);
        println!("  {name}: {found} failed, {expected:.0} expected");
        // Six standard deviations of a Poisson count: once in a thousand million runs.
        if (found - expected).abs() > 6.0 * expected.sqrt() {
            return Err(format!("rngtest: {name} fails too often or too rarely"));
        }
    }
    let repeats = count("Continuous run")?;
    println!("  32 bits twice in a row: {repeats} times");
    if repeats > MOST_REPEATS {
        return Err("rngtest: 32 bits come twice in a row too often".into());
    }
    Ok(())
}

fn dieharder(path: &str) -> Result<()> {
    let (mut passed, mut weak, mut failed) = (0_u32, 0_u32, Vec::new());
    for test in DIEHARDER {
        let mut command = program("dieharder");
        command.args(["-g", "201", "-f", path, "-d", test]);
        let output = command.output().map_err(|error| format!("dieharder: {error}"))?;
        let report = String::from_utf8_lossy(&output.stdout);
        if report.contains("rewound") {
            return Err(format!("dieharder: test {test} needs more than {LEN} bytes"));
        }
        let before = (passed, weak, failed.len());
        for line in report.lines() {
            match line.rsplit('|').next().map(str::trim) {
                Some("PASSED") => passed += 1,
                Some("WEAK") => weak += 1,
                Some("FAILED") => failed.push(line.to_owned()),
                _ => continue,
            }
            println!("dieharder: {}", line.trim());
        }
        if before == (passed, weak, failed.len()) {
            return Err(format!("dieharder: test {test} gave no result:\n{report}"));
        }
    }
    // WEAK is a p-value below 0.005 or above 0.995: of a hundred from a uniform source, one. FAILED is 1e-6.
    println!("dieharder: {passed} passed, {weak} weak, {} failed", failed.len());
    if failed.is_empty() { Ok(()) } else { Err("dieharder: pads are not uniform".into()) }
}
