//! The name of a key's file, which follows from account and holder: a run that was cut short finds its own files again.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use otp_core::{AccountName, Holder};

use crate::error::{Error, Result};

/// The longest name that common file systems take, in bytes.
const MAX_LEN: usize = 255;

/// The file of a holder's key to an account: `edms+reporting@nightly.key` for `edms/reporting` and `nightly`.
///
/// No two pairs have the same name, whether or not the file system distinguishes case: in a holder's name, each byte
/// except `a-z`, `0-9`, `.`, `_` and `-` is written as `%` and two hexadecimal digits.
pub(super) fn key_path(dir: &Path, account: &AccountName, holder: Option<&Holder>) -> Result<PathBuf> {
    let mut name = account.as_str().replace('/', "+");
    if let Some(holder) = holder {
        name.push('@');
        for byte in holder.as_str().bytes() {
            match byte {
                b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-' => name.push(char::from(byte)),
                other => name.push_str(&format!("%{other:02x}")),
            }
        }
    }
    name.push_str(".key");
    let path = dir.join(&name);
    if name.len() > MAX_LEN {
        return Err(Error::KeyNotWritten { path, source: ErrorKind::InvalidFilename.into() });
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(account: &str, holder: Option<&str>) -> Option<String> {
        let holder = holder.map(|holder| Holder::parse(holder).unwrap());
        let path = key_path(Path::new("d"), &AccountName::parse(account).unwrap(), holder.as_ref());
        path.ok().map(|path| path.to_str().unwrap().to_owned())
    }

    #[test]
    fn a_key_file_is_named_by_account_and_holder() {
        for (account, holder, file) in [
            ("a", None, "d/a.key"),
            ("edms/reporting", Some("nightly"), "d/edms+reporting@nightly.key"),
            ("a", Some("Alice B"), "d/a@%41lice%20%42.key"),
            ("a", Some("../x"), "d/a@..%2fx.key"),
            ("a", Some("\u{e9}%"), "d/a@%c3%a9%25.key"),
        ] {
            assert_eq!(name(account, holder).unwrap().replace('\\', "/"), file);
        }
        assert!(name(&"a".repeat(128), Some(&"\u{e9}".repeat(32))).is_none(), "no file system takes it");
    }
}
