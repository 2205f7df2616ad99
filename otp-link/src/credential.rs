//! Windows' Credential Manager as a place for a key: a file of this user that Windows encrypts with DPAPI.

use otp_sys::LockedBuf;

use crate::error::{Error, Result};
use crate::key_origin::KeyOrigin;

/// The longest text of a key that a credential holds, in bytes.
pub const MAX_CREDENTIAL_KEY_LEN: usize = 2560;

/// Refuses a credential that can't take a new key, before somebody types a password for its account.
///
/// # Errors
///
/// [`Error::NoCredentialManager`] on systems other than Windows; [`Error::CredentialExists`],
/// [`Error::CredentialNotWritten`].
pub fn check_new_key_credential(target: &str) -> Result<()> {
    match platform::read(target) {
        Ok(_) => Err(Error::CredentialExists { target: target.to_owned() }),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(()),
        Err(error) if error.kind() == std::io::ErrorKind::Unsupported => Err(Error::NoCredentialManager),
        Err(source) => Err(Error::CredentialNotWritten { target: target.to_owned(), source }),
    }
}

/// Writes a key's text to a new credential of this user, on this machine.
///
/// The system has no call that refuses to overwrite: if two processes write the same credential at once, one may win.
///
/// # Errors
///
/// As [`check_new_key_credential`], and [`Error::KeyTooLongForCredential`].
pub fn write_key_credential(target: &str, holder: &str, text: impl AsRef<[u8]>) -> Result<()> {
    let text = text.as_ref();
    check_len(text.len(), MAX_CREDENTIAL_KEY_LEN)?;
    check_new_key_credential(target)?;
    platform::write(target, holder, text)
        .map_err(|source| Error::CredentialNotWritten { target: target.to_owned(), source })
}

/// Refuses a key that is longer than its place.
pub(crate) fn check_len(len: usize, limit: usize) -> Result<()> {
    if len > limit { Err(Error::KeyTooLongForCredential { len, limit }) } else { Ok(()) }
}

/// Reads the text of a key from a credential of this user.
pub(crate) fn read(target: &str) -> Result<LockedBuf> {
    platform::read(target).map_err(|source| match source.kind() {
        std::io::ErrorKind::Unsupported => Error::NoCredentialManager,
        _ => Error::KeyNotRead { origin: KeyOrigin::CredentialManager(target.to_owned()), source },
    })
}

#[cfg(windows)]
mod platform {
    pub(super) use otp_sys::{read_credential as read, write_credential as write};

    const _: () = assert!(super::MAX_CREDENTIAL_KEY_LEN == otp_sys::MAX_CREDENTIAL_LEN);
}

/// There is none.
#[cfg(unix)]
mod platform {
    use std::io::{self, ErrorKind};

    use otp_sys::LockedBuf;

    pub(super) fn read(_: &str) -> io::Result<LockedBuf> {
        Err(ErrorKind::Unsupported.into())
    }

    pub(super) fn write(_: &str, _: &str, _: &[u8]) -> io::Result<()> {
        Err(ErrorKind::Unsupported.into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_is_longer_than_a_credential_is_refused_at_once() {
        assert!(check_len(MAX_CREDENTIAL_KEY_LEN, MAX_CREDENTIAL_KEY_LEN).is_ok());
        let text = "x".repeat(MAX_CREDENTIAL_KEY_LEN + 1);
        let refused = write_key_credential("otp-test", "", &text);
        assert!(matches!(refused, Err(Error::KeyTooLongForCredential { len: 2561, limit: 2560 })), "{refused:?}");
    }

    #[cfg(unix)]
    #[test]
    fn other_systems_have_no_credential_manager() {
        assert!(matches!(check_new_key_credential("otp"), Err(Error::NoCredentialManager)));
        assert!(matches!(read("otp"), Err(Error::NoCredentialManager)));
    }
}
