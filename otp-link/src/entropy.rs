//! [`Entropy`]: a source of randomness that the user provides, of which no byte is used twice.
//!
//! A regular file is used up from its end, under a lock on the file itself, whatever path or link leads to it. Before
//! the first byte is handed out, the part that it comes from has been overwritten and cut off, durably: a crash wastes
//! bytes but never brings them back. Pipes, sockets and character devices can't be read twice, so they are read as they
//! come.

use std::cell::RefCell;
use std::fmt;
use std::fs::File;
use std::io::{self, ErrorKind, IsTerminal, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::rc::Rc;

use otp_sys::{FileKind, LockedBuf, Status};
use rand_core::{TryCryptoRng, TryRng};
use zeroize::Zeroize;

use crate::error::{EntropyFault, Error, Result};

/// What others may do with the file: nothing.
const OTHERS: u32 = 0o077;

/// A source of randomness that the user provides.
///
/// What it gives is neither tested nor mixed; [`Randomness`](crate::Randomness) does both.
pub struct Entropy {
    /// What people call it.
    name: String,
    origin: Origin,
    reserve: RefCell<Reserve>,
}

enum Origin {
    /// A regular file.
    File(PathBuf),
    /// What can't be read twice.
    Stream(File),
}

/// Bytes that are used up, and not handed out yet.
struct Reserve {
    bytes: LockedBuf,
    position: usize,
}

impl Entropy {
    /// Opens a source without taking anything from it. `-` is standard input.
    ///
    /// A regular file must be its owner's alone, like a key file: mode 0600 or less, owned by this user or root.
    ///
    /// # Errors
    ///
    /// [`Error::Entropy`]
    pub fn open(path: &Path) -> Result<Self> {
        let is_input = path == Path::new("-");
        let name = if is_input { "standard input".to_owned() } else { path.display().to_string() };
        let fail = |fault| Error::Entropy { name: name.clone(), fault };
        let read = |source| fail(EntropyFault::Read(source));
        let (file, kind) = if is_input {
            let file = otp_sys::standard_input().map_err(read)?;
            let kind = if file.metadata().map_err(read)?.is_file() { FileKind::File } else { FileKind::Other };
            (file, kind)
        } else {
            let (file, status) = otp_sys::open_with_status(path).map_err(read)?;
            (file, status.kind)
        };
        let origin = match kind {
            FileKind::File if is_input => return Err(fail(EntropyFault::FileOnInput)),
            FileKind::File => {
                check(&file, &name)?;
                Origin::File(path.to_owned())
            }
            FileKind::Directory => return Err(fail(EntropyFault::Directory)),
            _ if file.is_terminal() => return Err(fail(EntropyFault::Terminal)),
            _ if !otp_sys::is_stream(&file).map_err(read)? => return Err(fail(EntropyFault::NotAStream)),
            _ => Origin::Stream(file),
        };
        Ok(Self { name, origin, reserve: RefCell::new(Reserve { bytes: LockedBuf::new(0), position: 0 }) })
    }

    /// What people call it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Uses up `len` more bytes, and keeps them in memory until they are drawn. A file with fewer is left as it is.
    pub(crate) fn reserve(&self, len: usize) -> Result<()> {
        let mut reserve = self.reserve.borrow_mut();
        let left = reserve.bytes.as_ref().len() - reserve.position;
        let mut bytes = LockedBuf::new(left + len);
        let (kept, fresh) = bytes.as_mut().split_at_mut(left);
        match &self.origin {
            Origin::File(path) => take(path, &self.name, fresh)?,
            Origin::Stream(file) => {
                let failed = |source| Error::Entropy { name: self.name.clone(), fault: EntropyFault::Read(source) };
                let read = otp_sys::fill(&mut file.try_clone().map_err(failed)?, fresh).map_err(failed)?;
                if read < len {
                    return Err(too_short(&self.name, read as u64, len));
                }
            }
        }
        kept.copy_from_slice(&reserve.bytes.as_ref()[reserve.position..]);
        *reserve = Reserve { bytes, position: 0 };
        Ok(())
    }

    fn draw(&self, bytes: &mut [u8]) -> Result<()> {
        let Reserve { bytes: reserved, position } = &mut *self.reserve.borrow_mut();
        let left = &mut reserved.as_mut()[*position..];
        if left.len() < bytes.len() {
            bytes.zeroize();
            return Err(too_short(&self.name, left.len() as u64, bytes.len()));
        }
        let spent = &mut left[..bytes.len()];
        bytes.copy_from_slice(spent);
        spent.zeroize();
        *position += bytes.len();
        Ok(())
    }
}

fn too_short(name: &str, left: u64, needed: usize) -> Error {
    Error::Entropy { name: name.to_owned(), fault: EntropyFault::TooShort { left, needed: needed as u64 } }
}

/// Takes bytes off the end of a file.
fn take(path: &Path, name: &str, bytes: &mut [u8]) -> Result<()> {
    let fail = |fault| Error::Entropy { name: name.to_owned(), fault };
    let mut file = File::options().read(true).write(true).open(path).map_err(|source| match source.kind() {
        ErrorKind::PermissionDenied | ErrorKind::ReadOnlyFilesystem => fail(EntropyFault::Write(source)),
        _ => fail(EntropyFault::Read(source)),
    })?;
    otp_sys::lock_file(&file).map_err(|source| fail(EntropyFault::Read(source)))?;
    let len = check(&file, name)?.len;
    let needed = bytes.len() as u64;
    let start = len.checked_sub(needed).ok_or_else(|| too_short(name, len, bytes.len()))?;
    if bytes.is_empty() {
        return Ok(());
    }
    read_at(&mut file, start, bytes).map_err(|source| fail(EntropyFault::Read(source)))?;
    cut(&mut file, start, needed).map_err(|source| {
        bytes.zeroize();
        fail(EntropyFault::Write(source))
    })
}

/// Refuses a file that others can read or write.
fn check(file: &File, name: &str) -> Result<Status> {
    let fail = |fault| Error::Entropy { name: name.to_owned(), fault };
    let status = otp_sys::status_of(file).map_err(|source| fail(EntropyFault::Read(source)))?;
    let user = otp_sys::user();
    if status.owner != user && status.owner != 0 {
        return Err(fail(EntropyFault::OwnedByOther { owner: status.owner, user }));
    }
    if status.mode & OTHERS != 0 {
        return Err(fail(EntropyFault::OpenToOthers { mode: status.mode }));
    }
    Ok(status)
}

fn read_at(file: &mut File, start: u64, bytes: &mut [u8]) -> io::Result<()> {
    file.seek(SeekFrom::Start(start))?;
    file.read_exact(bytes)
}

/// Overwrites the last `len` bytes of a file, from `start` on, with zeros, and cuts them off, durably.
fn cut(file: &mut File, start: u64, len: u64) -> io::Result<()> {
    file.seek(SeekFrom::Start(start))?;
    io::copy(&mut io::repeat(0).take(len), file)?;
    // Before the cut: blocks that no longer belong to a file need not be written at all.
    file.flush()?;
    file.sync_all()?;
    file.set_len(start)?;
    file.sync_all()
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entropy").field("name", &self.name).finish_non_exhaustive()
    }
}

/// A source that is shared between the tests that watch it and the [`Randomness`](crate::Randomness) that fills its reserve.
#[derive(Clone, Debug)]
pub(crate) struct SharedEntropy(pub(crate) Rc<Entropy>);

/// Gives what was reserved, in order, each byte once.
impl TryRng for SharedEntropy {
    type Error = Error;

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<()> {
        self.0.draw(bytes)
    }

    fn try_next_u32(&mut self) -> Result<u32> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64> {
        rand_core::utils::next_word_via_fill(self)
    }
}

impl TryCryptoRng for SharedEntropy {}

#[cfg(all(test, unix))]
mod tests;
