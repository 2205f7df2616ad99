//! GitHub Actions: an account as variables of a job's later steps, which the runner reads from the file `$GITHUB_ENV`.

use std::fs::File;
use std::io::Write;
use std::path::PathBuf;

use otp_core::Fields;
use otp_link::Randomness;
use otp_sys::LockedVec;

use crate::channel::GITHUB;
use crate::error::{Error, Result};
use crate::format;

/// The variable that names the file.
const FILE: &str = "GITHUB_ENV";
/// Not secret: masking these would only make logs unreadable.
const SHOWN: [&str; 4] = ["username", "host", "port", "database"];
const DELIMITER_LEN: usize = 20;

/// Commands that make the runner hide the values in its log, one a line.
pub(crate) fn masks(fields: &Fields<'_>, out: &mut LockedVec) -> Result<()> {
    for field in fields.iter().filter(|field| !SHOWN.contains(&field.name)) {
        format::check(field, &GITHUB)?;
        for line in field.value.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()) {
            out.extend_from_slice(b"::add-mask::");
            for byte in line {
                match byte {
                    b'%' => out.extend_from_slice(b"%25"),
                    b'\r' => out.extend_from_slice(b"%0D"),
                    byte => out.push(*byte),
                }
            }
            out.push(b'\n');
        }
    }
    Ok(())
}

/// What goes into the file.
pub(crate) struct Export {
    path: PathBuf,
    text: LockedVec,
}

impl Export {
    /// Puts each field between delimiters that occur in no value.
    pub(crate) fn new(fields: &Fields<'_>) -> Result<Self> {
        let path = std::env::var_os(FILE).filter(|path| !path.is_empty()).ok_or_else(|| {
            Error::usage_with(format!("{FILE} is not set"), "this format is for a step of GitHub Actions")
        })?;
        let random = Randomness::system().password(DELIMITER_LEN)?;
        let delimiter = format!("otp_{}", String::from_utf8_lossy(&random));
        let between = format!("<<{delimiter}\n");
        let room = fields.iter().map(|field| field.name.len() + field.value.len() + 100).sum();
        let mut text = LockedVec::with_capacity(room);
        let value = |value: &[u8], text: &mut LockedVec| {
            text.extend_from_slice(value);
            text.push(b'\n');
            text.extend_from_slice(delimiter.as_bytes());
        };
        format::variables(fields, &mut text, ["", &between], value, &GITHUB)?;
        Ok(Self { path: path.into(), text })
    }

    pub(crate) fn append(&self) -> Result<()> {
        let file = File::options().append(true).create(true).open(&self.path);
        let written = file.and_then(|mut file| file.write_all(&self.text));
        written.map_err(Error::io(format!("{} can't be written", self.path.display())))
    }
}
