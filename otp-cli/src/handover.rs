//! Handing new keys over.

use std::path::Path;

use otp_core::Key;
use otp_store_fs::locate;
use zeroize::Zeroizing;

use crate::Result;
use crate::error::Error;
use crate::terminal;

/// Where a new key goes.
pub(crate) enum Destination<'a> {
    /// To standard output, alone on one line.
    Output,
    /// To a new file.
    File(&'a Path),
}

impl<'a> Destination<'a> {
    /// The file that is named, or standard output; refused where a key would be lost, before anything is sealed.
    pub(crate) fn find(file: Option<&'a Path>) -> Result<Self> {
        match file {
            Some(path) if path != Path::new("-") => {
                if path.symlink_metadata().is_ok() {
                    return Err(otp_store_fs::Error::KeyFileExists { path: path.into() }.into());
                }
                Ok(Self::File(path))
            }
            _ => {
                check_output()?;
                Ok(Self::Output)
            }
        }
    }

    /// Hands a new key over.
    pub(crate) fn hand_over(&self, key: &Key<Vec<u8>>) -> Result<()> {
        let text = key.to_text();
        match self {
            Self::File(path) => locate::write_key_file(path, text.as_str())?,
            Self::Output => {
                let mut line = Zeroizing::new(Vec::with_capacity(text.as_str().len() + 1));
                line.extend_from_slice(text.as_str().as_bytes());
                line.push(b'\n');
                write_keys(&line)?;
            }
        }
        warn_if_long(key);
        Ok(())
    }
}

/// Writes new keys to standard output. Unlike what can be printed again, a reader who is gone is an error worth telling.
pub(crate) fn write_keys(lines: &[u8]) -> Result<()> {
    terminal::write_raw(lines).map_err(|source| Error::NotHandedOver { source })
}

/// Refuses to write a key where nobody could ever read it. A standard output that is closed looks like that, too.
pub(crate) fn check_output() -> Result<()> {
    if terminal::output_is_lost() {
        return Err(Error::Usage(
            "standard output is closed, so the new key would be lost; write it to a file instead".into(),
        ));
    }
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
