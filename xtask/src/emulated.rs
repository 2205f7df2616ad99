//! How much stack the program in `xtask/size` uses, on an emulated device.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use xtask::Result;
use xtask::sh::{answers, program};

/// A device's memory, as `xtask/size/device.ld` says. The result comes first in it.
const RAM: usize = 0x2000_0000;
const RAM_LEN: usize = 0x4000;
/// Everything before this belongs to the program.
const STACK_AT: usize = 0x400;
/// The stack's initial contents.
const PAINT: u8 = 0xa5;
const PATIENCE: Duration = Duration::from_secs(30);

/// Runs a program on one of QEMU's machines until it has opened its record, and returns how much stack it used.
pub(crate) fn stack_of(device: &Path, machine: &str) -> Result<u64> {
    let qemu = "qemu-system-arm";
    if !answers(program(qemu).arg("--version")) {
        return Err(format!("this needs {qemu}: apt-get install qemu-system-arm"));
    }
    let folder = otp_test_tools::folder();
    let (paint, dump) = (folder.path().join("paint"), folder.path().join("dump"));
    let failed = |error: std::io::Error| format!("{qemu}: {error}");
    fs::write(&paint, [PAINT; RAM_LEN - STACK_AT]).map_err(failed)?;
    let mut emulator = Command::new(qemu)
        .args(["-M", machine, "-display", "none", "-serial", "none", "-monitor", "stdio", "-kernel"])
        .arg(device)
        .arg("-device")
        .arg(format!("loader,file={},addr={:#x},force-raw=on", paint.display(), RAM + STACK_AT))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    let (Some(mut monitor), Some(answers)) = (emulator.stdin.take(), emulator.stdout.take()) else {
        return Err(format!("{qemu} has no monitor"));
    };
    let mut lines = BufReader::new(answers).split(b'\n');
    let mut answer = || {
        writeln!(monitor, "xp /1xw {RAM:#x}").map_err(failed)?;
        let wanted = format!("{RAM:016x}: 0x");
        for line in lines.by_ref() {
            if let Some((_, value)) = String::from_utf8_lossy(&line.map_err(failed)?).split_once(&wanted) {
                return u32::from_str_radix(value.trim(), 16).map_err(|error| format!("{qemu} says {value}: {error}"));
            }
        }
        Err(format!("{qemu} ended"))
    };
    let begun = Instant::now();
    let opened = loop {
        match answer() {
            Ok(0) if begun.elapsed() < PATIENCE => thread::sleep(Duration::from_millis(20)),
            Ok(0) => break Err("the program does not end".to_owned()),
            Ok(u32::MAX) => break Err("the record does not open".to_owned()),
            outcome => break outcome,
        }
    };
    let saved = opened.and_then(|_| {
        writeln!(monitor, "pmemsave {RAM:#x} {RAM_LEN:#x} \"{}\"\nquit", dump.display()).map_err(failed)?;
        emulator.wait().map_err(failed)?;
        fs::read(&dump).map_err(failed)
    });
    let memory = saved.inspect_err(|_| {
        let _ = emulator.kill().and_then(|()| emulator.wait());
    })?;
    let unused = memory.iter().skip(STACK_AT).take_while(|byte| **byte == PAINT).count();
    if unused == 0 {
        return Err(format!("{machine} has no memory where it should be, or the stack is full"));
    }
    u64::try_from(RAM_LEN - STACK_AT - unused).map_err(|error| error.to_string())
}
