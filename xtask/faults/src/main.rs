//! `otp-faults OTP [PART...] [--quick] [--only NAME] [--seconds N]`. `cargo xtask faults` builds `otp` and starts this.
#![forbid(unsafe_code)]

use std::process::ExitCode;

fn main() -> ExitCode {
    #[cfg(target_os = "linux")]
    let result = {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        otp_faults::run(&arguments)
    };
    #[cfg(not(target_os = "linux"))]
    let result: xtask::Result<()> = Err("this needs Linux".into());
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("faults: {message}");
            ExitCode::FAILURE
        }
    }
}
