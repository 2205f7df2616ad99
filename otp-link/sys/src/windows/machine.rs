//! What names this machine.

use std::ptr;

use windows_sys::Win32::System::Registry::{HKEY_LOCAL_MACHINE, RRF_RT_REG_SZ, RRF_SUBKEY_WOW6464KEY, RegGetValueW};

use super::paths::wide;

/// Where each installation of Windows keeps an identifier of its own, which it draws once.
const KEY: &str = r"SOFTWARE\Microsoft\Cryptography";
const VALUE: &str = "MachineGuid";

/// The identifier of this installation of Windows, if it tells.
#[must_use]
pub fn machine_id() -> Option<String> {
    let (key, value) = (wide(KEY).ok()?, wide(VALUE).ok()?);
    // An identifier has 36 characters, and a NUL behind it.
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_has_one_identifier() {
        let id = machine_id().unwrap();
        assert_eq!((id.len(), id.matches('-').count()), (36, 4), "{id}");
        assert_eq!(machine_id().unwrap(), id);
    }
}
