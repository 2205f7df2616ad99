//! The values that go into an account: from arguments, files or descriptors, or generated.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io::Read;
use std::path::Path;

use otp_core::{Account, Capacity, ct};
use otp_link::Randomness;
use otp_sys::{LockedBuf, LockedVec};

use crate::error::{Error, Result};
use crate::options::FieldArgs;
use crate::{prompt, terminal};

/// The longest password or field read from a file or descriptor: what fits the largest frame, and a newline.
const MAX_VALUE_LEN: usize = Capacity::MAX.bytes() + 1;

/// The fields given by the arguments, in any way.
pub(crate) fn given(args: &FieldArgs, randomness: &mut Randomness) -> Result<Account<LockedBuf>> {
    let mut account = Account::in_memory();
    set_named(&mut account, args)?;
    if let Some(username) = &args.username {
        set_once(&mut account, "username", &from_os(username)?)?;
    }
    if let Some(password) = password(args, randomness)? {
        set_once(&mut account, "password", &password)?;
    }
    Ok(account)
}

/// The same, with `len` placeholder bytes instead of a generated password, to check what would fit.
pub(crate) fn planned(args: &FieldArgs, len: u16) -> Result<Account<LockedBuf>> {
    let mut account = Account::in_memory();
    set_named(&mut account, args)?;
    if let Some(username) = &args.username {
        set_once(&mut account, "username", &from_os(username)?)?;
    }
    set_once(&mut account, "password", &vec![0; usize::from(len)])?;
    Ok(account)
}

/// Asks for username and password if they are missing; if there is nobody to ask, says what to give instead.
pub(crate) fn complete(no_input: bool, account: &mut Account<LockedBuf>, password_prompt: &str) -> Result<()> {
    let check = |missing| prompt::check_may_ask(no_input, &format!("{missing}, or --fields-only to do without"));
    if account.fields().get("username").is_none() {
        check("--username")?;
        account.set("username", &prompt::ask("Username: ")?)?;
    }
    if account.fields().get("password").is_none() {
        check("--password-stdin, --password-fd or --generate")?;
        account.set("password", &prompt::ask_password(password_prompt)?)?;
    }
    Ok(())
}

/// The fields as the library takes them.
pub(crate) fn list(account: &Account<LockedBuf>) -> Vec<(&str, &[u8])> {
    account.fields().iter().map(|field| (field.name, field.value)).collect()
}

/// Sets a field once: a second value would silently replace the first.
fn set_once(account: &mut Account<LockedBuf>, name: &str, value: &[u8]) -> Result<()> {
    match account.fields().get(name) {
        Some(_) => Err(Error::usage(format!("field {name:?} is given twice"))),
        None => Ok(account.set(name, value)?),
    }
}

/// The password, however it is given.
fn password(args: &FieldArgs, randomness: &mut Randomness) -> Result<Option<LockedVec>> {
    if args.password_stdin {
        read_password(take_fd(0, "standard input")?, "standard input")
    } else if let Some(fd) = args.password_fd {
        let what = format!("file descriptor {fd}");
        read_password(take_fd(fd, &what)?, &what)
    } else if let Some(len) = args.generate {
        randomness.password(len.into()).map_err(Error::from)
    } else {
        return Ok(None);
    }
    .map(Some)
}

/// Sets the fields given by name, except username and password.
fn set_named(account: &mut Account<LockedBuf>, args: &FieldArgs) -> Result<()> {
    for given in &args.field {
        let (name, value) = split_at_equals(given, "--field", "NAME=VALUE")?;
        if matches!(name.as_str(), "password" | "token") {
            terminal::warn("other users of this machine can see a value on the command line; use --field-file");
        }
        set_once(account, &name, &value)?;
    }
    for given in &args.field_file {
        let (name, path) = split_at_equals(given, "--field-file", "NAME=PATH")?;
        let path = to_os(&path)?;
        let what = Path::new(&path).display().to_string();
        let file = File::open(&path).map_err(Error::io(format!("{what} can't be read")))?;
        set_once(account, &name, &read_value(file, &what)?)?;
    }
    Ok(())
}

fn split_at_equals(given: &OsStr, option: &str, form: &str) -> Result<(String, LockedVec)> {
    let bytes = from_os(given)?;
    let invalid = || Error::usage(format!("{option} takes {form}, with a name in UTF-8"));
    let at = bytes.iter().position(|byte| *byte == b'=').ok_or_else(invalid)?;
    let name = std::str::from_utf8(&bytes[..at]).map_err(|_| invalid())?;
    Ok((name.to_owned(), LockedVec::from(&bytes[at + 1..])))
}

/// The bytes of an argument: on Unix as given, elsewhere as UTF-8.
pub(crate) fn from_os(text: &OsStr) -> Result<LockedVec> {
    #[cfg(unix)]
    let bytes = Some(std::os::unix::ffi::OsStrExt::as_bytes(text));
    #[cfg(not(unix))]
    let bytes = text.to_str().map(str::as_bytes);
    bytes.map(LockedVec::from).ok_or_else(|| Error::usage("an argument is not valid Unicode"))
}

/// Bytes in the form that the system takes for paths and variables: on Unix any bytes, elsewhere UTF-8.
pub(crate) fn to_os(bytes: &[u8]) -> Result<OsString> {
    #[cfg(unix)]
    let text = Some(<OsStr as std::os::unix::ffi::OsStrExt>::from_bytes(bytes).to_owned());
    #[cfg(not(unix))]
    let text = std::str::from_utf8(bytes).ok().map(Into::into);
    text.ok_or_else(|| Error::usage("a value is not valid Unicode, which this system requires"))
}

fn take_fd(number: i32, what: &str) -> Result<File> {
    otp_sys::take_fd(number).map_err(Error::io(format!("{what} can't be read")))
}

fn read_password(file: File, what: &str) -> Result<LockedVec> {
    let mut value = read_value(file, what)?;
    // Drop one line break, in the form of Unix or Windows. Any other is part of the password.
    // The length shows whether there is one; no branch depends on the password itself.
    for end in [b"\n", b"\r"] {
        match value.len().checked_sub(1) {
            Some(last) if ct::equal(&value[last..], end) => value.truncate(last),
            _ => break,
        }
    }
    Ok(value)
}

/// How much of a value is read first. Most values are shorter.
const FIRST_LEN: usize = 1024;

/// Reads a value into memory that wipes what growing leaves behind.
fn read_value(mut file: File, what: &str) -> Result<LockedVec> {
    let mut value = LockedVec::with_capacity(FIRST_LEN);
    loop {
        match file.read(value.spare(1)) {
            Ok(0) => {
                otp_link::value_input(&value);
                return Ok(value);
            }
            Ok(count) => value.advance(count),
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(Error::io(format!("{what} can't be read"))(error)),
        }
        if value.len() > MAX_VALUE_LEN {
            return Err(Error::usage(format!("{what} has more than the 65,535 bytes that fit an account")));
        }
    }
}
