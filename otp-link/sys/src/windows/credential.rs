//! Credential Manager: small secrets that Windows keeps for a user, in a file that it encrypts with DPAPI.

use std::io;
use std::ptr;

use windows_sys::Win32::Security::Credentials::{
    CRED_MAX_CREDENTIAL_BLOB_SIZE, CRED_PERSIST_LOCAL_MACHINE, CRED_TYPE_GENERIC, CREDENTIALW, CredFree, CredReadW,
    CredWriteW,
};
use zeroize::Zeroize;

use super::paths::wide;
use crate::locked::LockedBuf;

/// The longest secret that one takes, in bytes.
pub const MAX_CREDENTIAL_LEN: usize = CRED_MAX_CREDENTIAL_BLOB_SIZE as usize;

/// Reads the secret of this user's generic credential of that name.
///
/// # Errors
///
/// `NotFound`, and the system's.
pub fn read_credential(target: &str) -> io::Result<LockedBuf> {
    let target = wide(target)?;
    let mut found: *mut CREDENTIALW = ptr::null_mut();
    // SAFETY: the name ends with a NUL, and `found` is a place for a pointer.
    if unsafe { CredReadW(target.as_ptr(), CRED_TYPE_GENERIC, 0, &raw mut found) } == 0 {
        return Err(match io::Error::last_os_error() {
            // ERROR_NOT_FOUND, which the standard library has no kind for.
            error if error.raw_os_error() == Some(1168) => io::ErrorKind::NotFound.into(),
            error => error,
        });
    }
    let found = Found(found);
    // SAFETY: the call has succeeded, so there is a credential, and nobody else has it.
    let credential = unsafe { &mut *found.0 };
    let len = usize::try_from(credential.CredentialBlobSize).unwrap_or(0);
    let mut secret = LockedBuf::new(len);
    if len > 0 {
        // SAFETY: the system says that so many bytes are there, in memory that is ours until it is freed.
        let blob = unsafe { std::slice::from_raw_parts_mut(credential.CredentialBlob, len) };
        secret.as_mut().copy_from_slice(blob);
        blob.zeroize();
    }
    Ok(secret)
}

/// Keeps a secret as this user's generic credential of that name, on this machine. An existing one is replaced.
///
/// # Errors
///
/// `InvalidInput`: the secret is longer than [`MAX_CREDENTIAL_LEN`]; and the system's.
pub fn write_credential(target: &str, user: &str, secret: &[u8]) -> io::Result<()> {
    let (mut target, mut user) = (wide(target)?, wide(user)?);
    let len = u32::try_from(secret.len()).ok().filter(|_| secret.len() <= MAX_CREDENTIAL_LEN);
    let credential = CREDENTIALW {
        Type: CRED_TYPE_GENERIC,
        TargetName: target.as_mut_ptr(),
        UserName: user.as_mut_ptr(),
        CredentialBlobSize: len.ok_or(io::ErrorKind::InvalidInput)?,
        CredentialBlob: secret.as_ptr().cast_mut(),
        Persist: CRED_PERSIST_LOCAL_MACHINE,
        ..CREDENTIALW::default()
    };
    // SAFETY: both names end with a NUL, the secret is as long as is said, and the call writes to none of them.
    if unsafe { CredWriteW(&raw const credential, 0) } == 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// What the system has allocated for a credential.
struct Found(*mut CREDENTIALW);

impl Drop for Found {
    fn drop(&mut self) {
        // SAFETY: the system has allocated it, and nobody else frees it.
        unsafe { CredFree(self.0.cast()) };
    }
}

#[cfg(test)]
mod tests {
    use windows_sys::Win32::Security::Credentials::CredDeleteW;

    use super::*;

    #[test]
    fn what_is_kept_is_read_and_what_is_too_long_is_refused() {
        let target = format!("otp-test-{}", std::process::id());
        assert_eq!(read_credential(&target).unwrap_err().kind(), io::ErrorKind::NotFound);
        for secret in [&b"otpk1_x"[..], &[0xff; MAX_CREDENTIAL_LEN]] {
            write_credential(&target, "nightly", secret).unwrap();
            assert_eq!(read_credential(&target).unwrap().as_ref(), secret);
        }
        let longer = write_credential(&target, "nightly", &[0; MAX_CREDENTIAL_LEN + 1]);
        assert_eq!(longer.unwrap_err().kind(), io::ErrorKind::InvalidInput);
        assert_eq!(read_credential(&target).unwrap().as_ref().len(), MAX_CREDENTIAL_LEN, "the old one stays");
        assert!(write_credential("a\0b", "", b"").is_err());
        let target = wide(&target).unwrap();
        // SAFETY: the name ends with a NUL.
        assert_ne!(unsafe { CredDeleteW(target.as_ptr(), CRED_TYPE_GENERIC, 0) }, 0);
    }
}
