//! Who somebody is: security identifiers, as texts such as `S-1-5-18`.

use std::ffi::c_void;
use std::io;
use std::os::windows::io::{AsRawHandle, FromRawHandle, OwnedHandle};
use std::ptr;
use std::sync::OnceLock;

use windows_sys::Win32::Foundation::{ERROR_INSUFFICIENT_BUFFER, GetLastError, HANDLE, LocalFree};
use windows_sys::Win32::Security::Authorization::{ConvertSidToStringSidW, ConvertStringSidToSidW};
use windows_sys::Win32::Security::{GetTokenInformation, LookupAccountSidW, PSID, TOKEN_QUERY, TOKEN_USER, TokenUser};
use windows_sys::Win32::System::Threading::{GetCurrentProcess, OpenProcessToken};

use super::paths::wide;

pub(super) const SYSTEM: &str = "S-1-5-18";
pub(super) const ADMINISTRATORS: &str = "S-1-5-32-544";
/// Stands for the user who will own what is made below.
pub(super) const CREATOR_OWNER: &str = "S-1-3-0";
/// Stands for the current owner.
pub(super) const OWNER_RIGHTS: &str = "S-1-3-4";
/// The service that updates Windows.
pub(super) const TRUSTED_INSTALLER: &str = "S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464";

/// What the system has allocated for us.
pub(super) struct Local(pub(super) *mut c_void);

impl Drop for Local {
    fn drop(&mut self) {
        // SAFETY: the system has allocated it with `LocalAlloc`, and nobody else frees it. NULL is no error.
        unsafe { LocalFree(self.0) };
    }
}

/// The user that this process acts as.
///
/// # Errors
///
/// The system's.
pub fn user_sid() -> io::Result<String> {
    static USER: OnceLock<String> = OnceLock::new();
    if let Some(user) = USER.get() {
        return Ok(user.clone());
    }
    let user = ask_user()?;
    Ok(USER.get_or_init(|| user).clone())
}

fn ask_user() -> io::Result<String> {
    let token = token()?;
    // A user and the longest identifier fit; `u64` keeps it aligned for the structure.
    let mut buffer = [0_u64; 32];
    let mut len = 0;
    // SAFETY: the buffer is as long as is said, and aligned for the structure that is asked for.
    let done = unsafe {
        GetTokenInformation(
            token.as_raw_handle(),
            TokenUser,
            buffer.as_mut_ptr().cast(),
            u32::try_from(size_of_val(&buffer)).unwrap_or(0),
            &raw mut len,
        )
    };
    if done == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has filled the buffer with this structure, whose pointer leads into the same buffer.
    text(unsafe { (*buffer.as_ptr().cast::<TOKEN_USER>()).User.Sid })
}

fn token() -> io::Result<OwnedHandle> {
    let mut token: HANDLE = ptr::null_mut();
    // SAFETY: this process's own handle is always valid, and `token` is a place for a handle.
    if unsafe { OpenProcessToken(GetCurrentProcess(), TOKEN_QUERY, &raw mut token) } == 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the call has just opened it, for us alone.
    Ok(unsafe { OwnedHandle::from_raw_handle(token) })
}

/// An identifier as text.
pub(super) fn text(sid: PSID) -> io::Result<String> {
    let mut text = ptr::null_mut();
    // SAFETY: callers pass identifiers that the system gave them, and `text` is a place for a pointer.
    if unsafe { ConvertSidToStringSidW(sid, &raw mut text) } == 0 {
        return Err(io::Error::last_os_error());
    }
    let text = Local(text.cast());
    let start = text.0.cast::<u16>();
    let mut len = 0;
    // SAFETY: the system has put a NUL at the end of it.
    while unsafe { *start.add(len) } != 0 {
        len += 1;
    }
    // SAFETY: the loop above has seen so many characters.
    Ok(String::from_utf16_lossy(unsafe { std::slice::from_raw_parts(start, len) }))
}

/// The name that people know an identifier by, `DOMAIN\name`, or the identifier itself.
pub(super) fn name(sid: &str) -> String {
    look_up(sid).unwrap_or_else(|_| sid.to_owned())
}

fn look_up(sid: &str) -> io::Result<String> {
    let mut parsed = ptr::null_mut();
    let text = wide(sid)?;
    // SAFETY: the text ends with a NUL, and `parsed` is a place for a pointer.
    if unsafe { ConvertStringSidToSidW(text.as_ptr(), &raw mut parsed) } == 0 {
        return Err(io::Error::last_os_error());
    }
    let parsed = Local(parsed);
    let (mut name, mut domain) = ([0_u16; 256], [0_u16; 256]);
    let (mut name_len, mut domain_len, mut kind) = (256, 256, 0);
    // SAFETY: the identifier is one that the system has just made, and each buffer is as long as is said.
    let found = unsafe {
        LookupAccountSidW(
            ptr::null(),
            parsed.0,
            name.as_mut_ptr(),
            &raw mut name_len,
            domain.as_mut_ptr(),
            &raw mut domain_len,
            &raw mut kind,
        )
    };
    if found == 0 {
        // SAFETY: it reads a number of this thread.
        debug_assert_ne!(unsafe { GetLastError() }, ERROR_INSUFFICIENT_BUFFER, "names have 256 characters at most");
        return Err(io::Error::last_os_error());
    }
    let text = |of: &[u16]| String::from_utf16_lossy(of.split(|unit| *unit == 0).next().unwrap_or_default());
    Ok(match text(&domain) {
        domain if domain.is_empty() => text(&name),
        domain => format!(r"{domain}\{}", text(&name)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_user_has_an_identifier_and_well_known_ones_have_names() {
        let user = user_sid().unwrap();
        assert!(user.starts_with("S-1-") && !name(&user).is_empty(), "{user}");
        assert_ne!(name(ADMINISTRATORS), ADMINISTRATORS);
        assert_eq!(name("S-1-5-21-1-2-3-4"), "S-1-5-21-1-2-3-4");
    }
}
