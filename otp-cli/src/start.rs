//! Why a command can't be started: the cause, in its own words, with its own exit code.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};

/// The exit code of a shell for a command that can't be found, and of `env`, `nice` and `timeout`.
const NOT_FOUND: u8 = 127;
/// The one for a command that is there and can't be executed.
const NOT_EXECUTABLE: u8 = 126;
/// "Too many open files": 24 on every Unix.
const TOO_MANY_FILES: i32 = 24;

/// Why a command can't be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// There is no such command.
    NotFound,
    /// The program that it is to be run by is missing; its path, if the first line names it.
    NoInterpreter(Option<String>),
    /// It is no program, or not for this user.
    NotExecutable,
    /// Arguments and environment are together too long.
    TooLong,
    /// It may not have as many files open as it is to be given.
    TooManyFiles,
    /// Something else.
    Other,
}

impl Obstacle {
    pub(crate) fn of(program: &OsStr, source: &io::Error) -> Self {
        match source.kind() {
            ErrorKind::NotFound => match find(program) {
                Some(path) => Self::NoInterpreter(interpreter(&path)),
                None => Self::NotFound,
            },
            ErrorKind::PermissionDenied | ErrorKind::IsADirectory => Self::NotExecutable,
            ErrorKind::ArgumentListTooLong => Self::TooLong,
            _ if source.raw_os_error() == Some(TOO_MANY_FILES) => Self::TooManyFiles,
            _ => Self::Other,
        }
    }

    pub(crate) fn exit_code(&self) -> u8 {
        match self {
            Self::NotFound => NOT_FOUND,
            _ => NOT_EXECUTABLE,
        }
    }

    /// What is wrong with the program of this name.
    pub(crate) fn message(&self, program: &str) -> String {
        match self {
            Self::NotFound if program.is_empty() => "the name of the command is empty".to_owned(),
            Self::NotFound => format!("there is no command {program}"),
            Self::NoInterpreter(Some(interpreter)) => {
                format!("{program} is to be run by {interpreter}, which is missing")
            }
            Self::NoInterpreter(None) => format!("the loader of {program} is missing"),
            Self::NotExecutable => format!("{program} is not executable"),
            Self::TooLong => format!("arguments and environment of {program} are too long together"),
            Self::TooManyFiles => format!("{program} may not have that many files open"),
            Self::Other => format!("{program} can't be started"),
        }
    }

    pub(crate) fn hint(&self) -> Option<&'static str> {
        Some(match self {
            Self::NotFound => "check its name, and PATH",
            Self::NoInterpreter(Some(_)) => "install it, or correct the first line of the script",
            Self::NoInterpreter(None) => "install what the program was built for",
            Self::NotExecutable => "make it executable with chmod +x, or name the program that runs it",
            Self::TooLong => "give long fields with --file, --fd or --stdin",
            Self::TooManyFiles => "use smaller numbers with --fd, or raise the limit: ulimit -n",
            Self::Other => return None,
        })
    }
}

/// The file that a command's name stands for, if there is one.
fn find(program: &OsStr) -> Option<PathBuf> {
    if program.as_encoded_bytes().contains(&b'/') {
        return Some(PathBuf::from(program)).filter(|path| path.exists());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(program)).find(|path| path.is_file())
}

/// The interpreter that the first line of a script names.
fn interpreter(script: &Path) -> Option<String> {
    let mut start = [0; 256];
    let len = File::open(script).ok()?.read(&mut start).ok()?;
    let line = start[..len].split(|byte| *byte == b'\n').next()?.strip_prefix(b"#!")?;
    let word = String::from_utf8_lossy(line).trim().split([' ', '\t']).next()?.to_owned();
    Some(word).filter(|word| !word.is_empty())
}
