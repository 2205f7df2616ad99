//! Handing new keys over.

use std::path::Path;

use otp_core::Key;
use otp_store_fs::locate;
use zeroize::Zeroizing;

use crate::Result;
use crate::terminal;

/// Hands a new key over: to a new file, or to standard output, alone on one line.
pub(crate) fn hand_over(key: &Key<Vec<u8>>, file: Option<&Path>) -> Result<()> {
    let text = key.to_text();
    if let Some(path) = file {
        locate::write_key_file(path, text.as_str())?;
    } else {
        let mut line = Zeroizing::new(Vec::with_capacity(text.as_str().len() + 1));
        line.extend_from_slice(text.as_str().as_bytes());
        line.push(b'\n');
        terminal::write_stdout(&line)?;
    }
    warn_if_long(key);
    Ok(())
}

/// Schedulers' fields often stop at 255 characters.
pub(crate) fn warn_if_long(key: &Key<Vec<u8>>) {
    if key.text_len() > 255 {
        terminal::warn(&format!(
            "the key has {} characters; many schedulers' fields stop at 255 (a shorter secret, account name or capacity makes a shorter key)",
            key.text_len()
        ));
    }
}

/// Refuses a path where something stands already, before anything is sealed.
pub(crate) fn check_absent(path: Option<&Path>) -> Result<()> {
    match path {
        Some(path) if path.symlink_metadata().is_ok() => {
            Err(otp_store_fs::Error::KeyFileExists { path: path.into() }.into())
        }
        _ => Ok(()),
    }
}
