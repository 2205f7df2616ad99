//! Finding the helper of a scheme.

use std::path::{Path, PathBuf};

use otp_remote_protocol::parameters_of;

use super::error::RemoteError;
use crate::environment::{self, variable};

/// The helper for a scheme: `otp-remote`, or `otp-remote-SCHEME` for helpers that others wrote.
///
/// If `OTP_HELPERS` is set, only that place is searched; otherwise, the directory of this library or program, and then
/// the one that was set when this was built. Never `PATH`, where others may have put something.
///
/// # Errors
///
/// [`RemoteError::NoHelper`]
pub(super) fn find_helper(scheme: &str) -> Result<PathBuf, RemoteError> {
    let own = parameters_of(scheme).is_some();
    let mut name = if own { "otp-remote".to_owned() } else { format!("otp-remote-{scheme}") };
    name.push_str(std::env::consts::EXE_SUFFIX);
    let looked = directories();
    let found = looked.iter().map(|dir| dir.join(&name)).find(|path| path.is_file());
    found.ok_or_else(|| RemoteError::NoHelper { scheme: scheme.to_owned(), looked })
}

fn directories() -> Vec<PathBuf> {
    if let Some(named) = variable(&environment::process, "OTP_HELPERS") {
        return vec![named.into()];
    }
    if cfg!(test) {
        return vec![concat!(env!("CARGO_MANIFEST_DIR"), "/tests/helper").into()];
    }
    let here = otp_sys::own_library().or_else(|| std::env::current_exe().and_then(|path| path.canonicalize()).ok());
    let beside = here.as_deref().and_then(Path::parent).map(Path::to_owned);
    beside.into_iter().chain(option_env!("OTP_LIBEXEC").map(PathBuf::from)).collect()
}
