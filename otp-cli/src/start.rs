//! Why a command can't be started: the cause, in its own words, with its own exit code.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::process::Command;

/// What a shell ends with if a command can't be found, and so do `env`, `nice` and `timeout`.
const NOT_FOUND: u8 = 127;
/// The same for a command that exists but can't be executed.
const NOT_EXECUTABLE: u8 = 126;
/// "Too many open files": 24 on every Unix.
const TOO_MANY_FILES: i32 = 24;

/// Windows' error for a file that is not a program.
const BAD_EXE_FORMAT: i32 = 193;

/// Why a command can't be started.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Obstacle {
    /// There is no such command.
    NotFound,
    /// The interpreter is missing; with its path, if the first line names one.
    NoInterpreter(Option<String>),
    /// Not a program, or not one that this user may execute.
    NotExecutable,
    /// Arguments and environment are too long together.
    TooLong,
    /// The process may not open as many files as the command is to get.
    TooManyFiles,
    /// Something else.
    Other,
}

impl Obstacle {
    pub(crate) fn of(program: &OsStr, source: &io::Error) -> Self {
        match source.kind() {
            // Windows has no `#!` lines.
            ErrorKind::NotFound if cfg!(windows) => Self::NotFound,
            ErrorKind::NotFound => match find(program) {
                Some(path) => Self::NoInterpreter(interpreter(&path)),
                None => Self::NotFound,
            },
            ErrorKind::PermissionDenied | ErrorKind::IsADirectory => Self::NotExecutable,
            // Not a program for this system.
            _ if cfg!(windows) && source.raw_os_error() == Some(BAD_EXE_FORMAT) => Self::NotExecutable,
            ErrorKind::InvalidFilename if cfg!(windows) => Self::TooLong,
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

    /// What is wrong with the program of that name.
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
            Self::NotExecutable if cfg!(windows) => "name the program that runs it, such as python report.py",
            Self::NotExecutable => "make it executable with chmod +x, or name the program that runs it",
            Self::TooLong if cfg!(windows) => "give long fields with --file or --stdin",
            Self::TooLong => "give long fields with --file, --fd or --stdin",
            Self::TooManyFiles => "use smaller numbers with --fd, or raise the limit: ulimit -n",
            Self::Other => return None,
        })
    }
}

/// The program with that name, which the system will look up.
#[cfg(unix)]
pub(crate) fn program(name: &OsStr) -> Command {
    Command::new(name)
}

/// The program with that name, found by `PATH` and `PATHEXT`.
#[cfg(windows)]
pub(crate) fn program(name: &OsStr) -> Command {
    // If it isn't found, starting it makes the system say so.
    find(name).map_or_else(|| Command::new(name), Command::new)
}

/// The file that a command's name stands for, if any.
#[cfg(unix)]
fn find(program: &OsStr) -> Option<PathBuf> {
    if program.as_encoded_bytes().contains(&b'/') {
        return Some(PathBuf::from(program)).filter(|path| path.exists());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(program)).find(|path| path.is_file())
}

/// The file that a command's name stands for, if any: as it is, or with an extension from `PATHEXT`; only in the
/// directories of `PATH`, unless the name contains a path.
#[cfg(windows)]
fn find(program: &OsStr) -> Option<PathBuf> {
    let extensions = std::env::var("PATHEXT").unwrap_or_else(|_| ".COM;.EXE;.BAT;.CMD".to_owned());
    let in_place = program.as_encoded_bytes().iter().any(|byte| matches!(byte, b'/' | b'\\' | b':'));
    let path = std::env::var_os("PATH").filter(|_| !in_place);
    match path {
        Some(path) => find_in(program, std::env::split_paths(&path), &extensions),
        None if in_place => find_in(program, [PathBuf::new()].into_iter(), &extensions),
        None => None,
    }
}

#[cfg(windows)]
fn find_in(program: &OsStr, mut dirs: impl Iterator<Item = PathBuf>, extensions: &str) -> Option<PathBuf> {
    // `report` may be a script for another system; programs that can be started here have an extension.
    let as_it_is = Path::new(program).extension().map(|_| "");
    let extensions: Vec<&str> =
        as_it_is.into_iter().chain(extensions.split(';').filter(|one| !one.is_empty())).collect();
    dirs.find_map(|dir| {
        let with = |extension: &&str| {
            let mut name = program.to_owned();
            name.push(extension);
            dir.join(name)
        };
        extensions.iter().map(with).find(|path| path.is_file())
    })
}

/// The interpreter in a script's first line.
fn interpreter(script: &Path) -> Option<String> {
    let mut start = [0; 256];
    let len = File::open(script).ok()?.read(&mut start).ok()?;
    let line = start[..len].split(|byte| *byte == b'\n').next()?.strip_prefix(b"#!")?;
    let word = String::from_utf8_lossy(line).trim().split([' ', '\t']).next()?.to_owned();
    Some(word).filter(|word| !word.is_empty())
}

#[cfg(all(test, windows))]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_looked_for_in_path_with_the_extensions_in_their_order() {
        let folder = otp_test_tools::folder();
        let (one, two) = (folder.path().join("one"), folder.path().join("two"));
        for dir in [&one, &two] {
            std::fs::create_dir(dir).unwrap();
        }
        for path in [one.join("report"), one.join("report.cmd"), two.join("report.exe"), two.join("tool.v2.exe")] {
            std::fs::write(path, "").unwrap();
        }
        let find = |name: &str| find_in(OsStr::new(name), [one.clone(), two.clone()].into_iter(), ".EXE;.CMD");
        assert_eq!(find("report"), Some(one.join("report.CMD")), "a directory's first, and never without an extension");
        assert_eq!(find("report.exe"), Some(two.join("report.exe")));
        assert_eq!(find("tool.v2"), Some(two.join("tool.v2.EXE")));
        assert_eq!(find("none"), None);
    }
}
