//! Turns system calls that strace recorded into changes of the model disk.

use std::cell::Cell;
use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::rc::Rc;

use crate::disk::{Disk, Inode, ROOT};
use crate::folder::entries;
use crate::strace::Call;
use xtask::Result;

/// Makes strace show every byte of every string, in hexadecimal.
pub(crate) const WHOLE_STRINGS: [&str; 3] = ["-xx", "-s", "1000000"];

/// What a descriptor leads to.
#[derive(Clone, Debug)]
enum Open {
    /// A file or directory, and the position of the next read or write, which duplicates share.
    Inode(Inode, Rc<Cell<usize>>),
    StandardOutput,
    /// Something outside the folder.
    Elsewhere,
}

/// A disk as a program changes it, and what the program has printed so far.
pub(crate) struct Replay {
    pub(crate) disk: Disk,
    pub(crate) printed: Vec<u8>,
    open: HashMap<i64, Open>,
}

impl Replay {
    /// A disk that durably holds a folder, which is the program's working directory.
    pub(crate) fn of(folder: &Path) -> Result<Self> {
        let mut disk = Disk::new();
        load(&mut disk, ROOT, folder)?;
        disk.sync_all();
        Ok(Self { disk, printed: Vec::new(), open: HashMap::from([(1, Open::StandardOutput)]) })
    }

    /// Applies a call. Says whether it changed the disk, its durable part, or the output.
    pub(crate) fn apply(&mut self, call: &Call) -> Result<bool> {
        let Some((arguments, result)) = parse(&call.line).filter(|(_, result)| *result >= 0) else {
            return Ok(false);
        };
        let number = |at: usize| arguments.get(at).and_then(|text| text.parse::<i64>().ok()).unwrap_or(-1);
        let inode = |at: usize| match self.open.get(&number(at)) {
            Some(Open::Inode(inode, _)) => Some(*inode),
            _ => None,
        };
        let text = |at: usize| arguments.get(at).and_then(|text| string(text)).unwrap_or_default();
        let path = |at: usize| String::from_utf8_lossy(&text(at)).into_owned();
        let directory = |at: usize| match arguments.get(at) {
            Some(&"AT_FDCWD") => Some(ROOT),
            _ => inode(at),
        };
        let (from, to) = (directory(0), directory(2));
        match call.name.as_str() {
            "openat" => {
                let changed = self.open_at(from, &path(1), arguments.get(2).copied().unwrap_or(""), result);
                return Ok(changed);
            }
            "close" => drop(self.open.remove(&number(0))),
            "fcntl" if arguments.get(1) == Some(&"F_DUPFD_CLOEXEC") => {
                let same = self.open.get(&number(0)).cloned().unwrap_or(Open::Elsewhere);
                self.open.insert(result, same);
            }
            "write" => match self.open.get(&number(0)) {
                Some(Open::Inode(file, at)) => {
                    let bytes = text(1);
                    self.disk.write(*file, at.get(), &bytes);
                    at.set(at.get() + bytes.len());
                    return Ok(true);
                }
                Some(Open::StandardOutput) => {
                    self.printed.extend(text(1));
                    return Ok(true);
                }
                _ => {}
            },
            "read" | "lseek" => {
                if let Some(Open::Inode(_, at)) = self.open.get(&number(0)) {
                    let before = if call.name == "read" { at.get() } else { 0 };
                    at.set(before + usize::try_from(result).unwrap_or(0));
                }
                return Ok(false);
            }
            "ftruncate" => {
                let len = usize::try_from(number(1)).unwrap_or(0);
                if let Some(file) = inode(0) {
                    self.disk.cut(file, len);
                }
            }
            "fsync" | "fdatasync" => return Ok(inode(0).map(|inode| self.disk.sync(inode)).is_some()),
            "syncfs" => self.disk.sync_all(),
            "fchmod" => {
                let mode = arguments.get(1).and_then(|mode| u32::from_str_radix(mode, 8).ok());
                if let (Some(inode), Some(mode)) = (inode(0), mode) {
                    self.disk.set_mode(inode, mode);
                }
            }
            "mkdir" => self.name(Some(ROOT), &path(0), |disk| Some(disk.make_directory(0o700)))?,
            "mkdirat" => self.name(from, &path(1), |disk| Some(disk.make_directory(0o700)))?,
            "linkat" => {
                let file = match path(1).strip_prefix("/proc/self/fd/").map(str::parse::<i64>) {
                    Some(Ok(fd)) => match self.open.get(&fd) {
                        Some(Open::Inode(inode, _)) => Some(*inode),
                        _ => None,
                    },
                    _ => self.resolve(from, &path(1)),
                };
                self.name(to, &path(3), |_| file)?;
            }
            "renameat" | "renameat2" => match (from, to) {
                (Some(from), Some(to)) if from == to && !path(1).contains('/') && !path(3).contains('/') => {
                    self.disk.rename(from, &path(1), &path(3));
                }
                _ => return Err(format!("the model of a disk renames inside one directory only: {}", call.line)),
            },
            "rename" => match (self.parent(ROOT, &path(0)), self.parent(ROOT, &path(1))) {
                (Some((from, old)), Some((to, new))) if from == to => self.disk.rename(from, old, new),
                _ => return Err(format!("the model of a disk renames inside one directory only: {}", call.line)),
            },
            "unlink" | "rmdir" => self.name(Some(ROOT), &path(0), |_| None)?,
            "unlinkat" => self.name(from, &path(1), |_| None)?,
            "link" | "open" | "creat" | "pwrite64" | "writev" | "truncate" | "fallocate" => {
                return Err(format!("the model of a disk does not know this call yet: {}", call.line));
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn open_at(&mut self, directory: Option<Inode>, path: &str, flags: &str, fd: i64) -> bool {
        let has = |flag: &str| flags.split('|').any(|one| one == flag);
        let found = self.resolve(directory, path);
        let open = |inode| Open::Inode(inode, Rc::default());
        let (opened, changed) = match (directory, found) {
            (Some(_), _) if has("O_TMPFILE") => (open(self.disk.make_file(0o600)), false),
            (_, Some(inode)) => (open(inode), false),
            (Some(directory), None) if has("O_CREAT") => match self.parent(directory, path) {
                Some((parent, name)) => {
                    let file = self.disk.make_file(0o600);
                    self.disk.set_name(parent, name, Some(file));
                    (open(file), true)
                }
                None => (Open::Elsewhere, false),
            },
            _ => (Open::Elsewhere, false),
        };
        self.open.insert(fd, opened);
        changed
    }

    /// Points the name in a path at what `to` returns.
    fn name(&mut self, from: Option<Inode>, path: &str, to: impl FnOnce(&mut Disk) -> Option<Inode>) -> Result<()> {
        let unknown = || format!("the model of a disk knows no directory of {path}");
        let (directory, name) = from.and_then(|from| self.parent(from, path)).ok_or_else(unknown)?;
        let to = to(&mut self.disk);
        self.disk.set_name(directory, name, to);
        Ok(())
    }

    fn resolve(&self, from: Option<Inode>, path: &str) -> Option<Inode> {
        if path.starts_with('/') {
            return None;
        }
        let segments = path.split('/').filter(|segment| !matches!(*segment, "" | "."));
        segments.fold(from, |directory, segment| self.disk.find(directory?, segment))
    }

    fn parent<'p>(&self, from: Inode, path: &'p str) -> Option<(Inode, &'p str)> {
        match path.rsplit_once('/') {
            Some((above, name)) => Some((self.resolve(Some(from), above)?, name)),
            None => Some((from, path)),
        }
    }
}

fn load(disk: &mut Disk, directory: Inode, folder: &Path) -> Result<()> {
    for path in entries(folder)? {
        let failed = |error: std::io::Error| format!("{}: {error}", path.display());
        let mode = fs::metadata(&path).map_err(failed)?.permissions().mode() & 0o7777;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let inode = if path.is_dir() {
            let below = disk.make_directory(mode);
            load(disk, below, &path)?;
            below
        } else {
            let file = disk.make_file(mode);
            disk.write(file, 0, &fs::read(&path).map_err(failed)?);
            file
        };
        disk.set_name(directory, &name, Some(inode));
    }
    Ok(())
}

/// The arguments of a call, and its result.
fn parse(line: &str) -> Option<(Vec<&str>, i64)> {
    let (_, rest) = line.split_once('(')?;
    let (arguments, result) = rest.rsplit_once(" = ")?;
    let arguments = arguments.trim_end().strip_suffix(')')?;
    let result = result.split_whitespace().next()?.parse().ok()?;
    // Strings are hexadecimal, so they contain no comma.
    Some((arguments.split(", ").collect(), result))
}

/// The bytes of a string in hexadecimal.
fn string(text: &str) -> Option<Vec<u8>> {
    let text = text.strip_prefix('"')?.strip_suffix('"')?;
    text.split("\\x").skip(1).map(|byte| u8::from_str_radix(byte, 16).ok()).collect()
}
