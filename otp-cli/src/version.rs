//! `otp --version`, and with `--verbose` how this program was built, for bug reports.

use std::ffi::OsString;

use clap::{Arg, ArgAction};

const VERBOSE: &str = "verbose";

/// The options that ask for it.
pub(crate) fn arguments() -> [Arg; 2] {
    let version = Arg::new("version").short('V').long("version").action(ArgAction::Version);
    let verbose = Arg::new(VERBOSE).long(VERBOSE).action(ArgAction::SetTrue).requires("version").hide(true);
    [version.help("Print version; with --verbose also commit, target and features"), verbose]
}

/// Whether a command line that asks for the version also asks for the details.
pub(crate) fn is_verbose(arguments: &[OsString]) -> bool {
    arguments.iter().any(|argument| argument.to_str().and_then(|text| text.strip_prefix("--")) == Some(VERBOSE))
}

/// The details, one a line.
pub(crate) fn details() -> String {
    let linked = if cfg!(target_feature = "crt-static") { "static" } else { "dynamic" };
    let panic = if cfg!(panic = "abort") { "panic-abort" } else { "panic-unwind" };
    format!(
        "commit {}\ntarget {}\nfeatures {linked} {panic}\nformats record-{} {}\n",
        env!("OTP_COMMIT"),
        env!("OTP_TARGET"),
        otp_core::record::VERSION,
        otp_core::key::PREFIX.trim_end_matches('_')
    )
}
