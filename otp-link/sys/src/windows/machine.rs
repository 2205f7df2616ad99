//! What names this machine, and this process on it.

use std::{io, ptr};

use windows_sys::Win32::System::Registry::{HKEY_LOCAL_MACHINE, RRF_RT_REG_SZ, RRF_SUBKEY_WOW6464KEY, RegGetValueW};
use windows_sys::Win32::System::SystemInformation::{ComputerNameDnsHostname, GetComputerNameExW};

use super::paths::wide;
use super::sid::user_sid;
use crate::Identity;

/// Where each installation of Windows keeps an identifier of its own, which it draws once.
const KEY: &str = r"SOFTWARE\Microsoft\Cryptography";
const VALUE: &str = "MachineGuid";

/// The identifier of this installation of Windows, if it tells.
#[must_use]
pub fn machine_id() -> Option<String> {
    let (key, value) = (wide(KEY).ok()?, wide(VALUE).ok()?);
    // An identifier has 36 characters, and a NUL after them.
    let mut text = [0_u16; 64];
    let mut len = u32::try_from(size_of_val(&text)).ok()?;
    // SAFETY: both names end with a NUL, and the buffer is as many bytes long as is said.
    let failed = unsafe {
        RegGetValueW(
            HKEY_LOCAL_MACHINE,
            key.as_ptr(),
            value.as_ptr(),
            RRF_RT_REG_SZ | RRF_SUBKEY_WOW6464KEY,
            ptr::null_mut(),
            text.as_mut_ptr().cast(),
            &raw mut len,
        )
    };
    let text = String::from_utf16(text.split(|unit| *unit == 0).next()?).ok()?;
    (failed == 0 && !text.is_empty()).then_some(text)
}

/// Who this process is. The system does not say for certain which process started it.
///
/// # Errors
///
/// The system's.
pub fn identity() -> io::Result<Identity> {
    let user = user_sid()?;
    // A name has 63 characters at most.
    let mut name = [0_u16; 256];
    let mut len = 256;
    // SAFETY: the buffer is as long as is said.
    if unsafe { GetComputerNameExW(ComputerNameDnsHostname, name.as_mut_ptr(), &raw mut len) } == 0 {
        return Err(io::Error::last_os_error());
    }
    let host = String::from_utf16_lossy(name.split(|unit| *unit == 0).next().unwrap_or_default());
    Ok(Identity { effective_user: user.clone(), user, parent: None, host })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_somebody_somewhere() {
        let identity = identity().unwrap();
        assert!(identity.user.starts_with("S-1-") && !identity.host.is_empty(), "{identity:?}");
    }

    #[test]
    fn a_machine_has_one_identifier() {
        let id = machine_id().unwrap();
        assert_eq!((id.len(), id.matches('-').count()), (36, 4), "{id}");
        assert_eq!(machine_id().unwrap(), id);
    }
}
