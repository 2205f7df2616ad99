//! `otp run`: opens an account and becomes a command that has it.

use std::ffi::OsString;
use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use otp_core::Fields;
use otp_core::account::Field;
use otp_store_fs::{locate, sys};

use crate::Result;
use crate::args::RunArgs;
use crate::error::Error;
use crate::format;
use crate::session::{self, Session};
use crate::values;

pub(crate) fn run(session: &Session<'_>, args: &RunArgs) -> Result<()> {
    let handover = Handover::parse(args)?;
    let secret = session.open(&args.source, None)?;
    let fields = session::fields(&secret)?;

    let (program, arguments) = args.command.split_first().ok_or_else(|| Error::Usage("there is no command".into()))?;
    let mut command = Command::new(program);
    command.args(arguments);
    // Whoever has the secret needs no key.
    for name in locate::KEY_VARIABLES {
        command.env_remove(name);
    }
    let files = handover.prepare(&fields, &mut command)?;
    // The command gets copies of its own; what it becomes wipes nothing.
    drop(secret);
    let failure = sys::exec_with_fds(&mut command, files);
    Err(Error::io(format!("{} can't be started; check its name, its mode and PATH", Path::new(program).display()))(
        failure,
    ))
}

/// Which field goes which way.
struct Handover<'a> {
    variables: Vec<(&'a str, &'a str)>,
    descriptors: Vec<(i32, &'a str)>,
    files: Vec<(&'a str, &'a str)>,
}

impl<'a> Handover<'a> {
    /// Reads `VAR=FIELD` and `N=FIELD`, before anything is opened.
    fn parse(args: &'a RunArgs) -> Result<Self> {
        let mut handover = Self {
            variables: args.env.iter().map(|pair| split(pair, "--env", "VAR=FIELD")).collect::<Result<_>>()?,
            descriptors: args.stdin.iter().map(|field| (0, field.as_str())).collect(),
            files: args.file.iter().map(|pair| split(pair, "--file", "VAR=FIELD")).collect::<Result<_>>()?,
        };
        for pair in &args.fd {
            let (number, field) = split(pair, "--fd", "N=FIELD")?;
            let number: i32 = number.parse().unwrap_or(-1);
            // What is beyond is past what systems allow to be open.
            if !(3..=1023).contains(&number) || handover.descriptors.iter().any(|(other, _)| *other == number) {
                return Err(Error::Usage("--fd takes N=FIELD with N from 3 to 1023, each once; --stdin is 0".into()));
            }
            handover.descriptors.push((number, field));
        }
        let mut names: Vec<_> = handover.variables.iter().chain(&handover.files).map(|(name, _)| name).collect();
        names.sort_unstable();
        if let Some(twice) = names.windows(2).find_map(|pair| (pair[0] == pair[1]).then_some(pair[0])) {
            return Err(Error::Usage(format!("the variable {twice} is given twice; give each once")));
        }
        if handover.variables.is_empty() && handover.descriptors.is_empty() && handover.files.is_empty() {
            handover.variables = vec![("OTP_USERNAME", "username"), ("OTP_PASSWORD", "password")];
        }
        Ok(handover)
    }

    /// Sets the command's environment, and gives the files that it finds at its descriptors.
    fn prepare(&self, fields: &Fields<'_>, command: &mut Command) -> Result<Vec<(File, i32)>> {
        for (name, field) in &self.variables {
            let value = session::field(fields, field)?;
            format::check(Field { name: field, value }, &format::ENVIRONMENT)?;
            command.env(name, values::bytes_to_os(value)?);
        }
        let mut files = Vec::new();
        for (number, field) in &self.descriptors {
            files.push((memory_file(fields, field)?, *number));
        }
        if cfg!(target_os = "linux") && !self.files.is_empty() && !is_open(0) {
            return Err(Error::Usage("--file needs /proc, which is not mounted; use --fd or --stdin".into()));
        }
        let mut next = 10;
        for (name, field) in &self.files {
            while files.iter().any(|(_, number)| *number == next) || is_open(next) {
                next += 1;
            }
            command.env(name, path_of(next));
            files.push((memory_file(fields, field)?, next));
        }
        Ok(files)
    }
}

fn split<'p>(pair: &'p str, option: &str, form: &str) -> Result<(&'p str, &'p str)> {
    match pair.split_once('=') {
        Some((name, field)) if !name.is_empty() && !field.is_empty() && !name.contains('\0') => Ok((name, field)),
        // Without what was given: a value in the place of a field's name may be secret.
        _ => Err(Error::Usage(format!("{option} takes {form}, with the name of a field"))),
    }
}

fn memory_file(fields: &Fields<'_>, field: &str) -> Result<File> {
    let value = session::field(fields, field)?;
    sys::sealed_memory_file("otp", value).map_err(Error::io("a file in memory can't be made"))
}

/// Whether whoever started this process left something open at a number.
fn is_open(number: i32) -> bool {
    path_of(number).symlink_metadata().is_ok()
}

/// The path of this process's descriptor, which stays its own when it becomes the command.
///
/// With the process's number in it, so that the command's own children, which close what they inherit, can use it too.
fn path_of(number: i32) -> PathBuf {
    let path: OsString = if cfg!(target_os = "linux") {
        format!("/proc/{}/fd/{number}", std::process::id()).into()
    } else {
        format!("/dev/fd/{number}").into()
    };
    path.into()
}
