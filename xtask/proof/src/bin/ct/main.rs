//! Runs the core on secret bytes that memcheck tracks. `cargo xtask ct` builds and starts it.
#![forbid(unsafe_code)]

#[cfg(all(otp_ct, target_os = "linux", target_arch = "x86_64"))]
mod harness;

fn main() -> std::process::ExitCode {
    #[cfg(all(otp_ct, target_os = "linux", target_arch = "x86_64"))]
    return harness::main();
    #[cfg(not(all(otp_ct, target_os = "linux", target_arch = "x86_64")))]
    {
        eprintln!("this needs Linux on x86-64 and a build of its own: cargo xtask ct");
        std::process::ExitCode::FAILURE
    }
}
