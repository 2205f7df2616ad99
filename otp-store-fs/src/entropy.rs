//! [`Entropy`]: a source of randomness that a user brings along, of which no byte is handed out twice.
//!
//! A regular file is used up from one of its ends, under a lock. Before the first byte of a part is handed out, it stands
//! durably that the part is spent: a crash wastes bytes, and never brings them back.
//!
//! - [`Used::Record`]: bytes come from the start. `FILE.used` says how many are spent.
//! - [`Used::Destroy`]: bytes come from the end. They are overwritten with zeros, and the file is cut.
//!
//! Both keep to each other's bounds, so a file may be used in both ways. Pipes, sockets and character devices have nothing
//! to read again, and are read as they come.

mod error;
mod file;
#[cfg(test)]
mod tests;
mod used;

use std::cell::RefCell;
use std::fmt;
use std::fs::File;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};

use rand_core::{TryCryptoRng, TryRng};
use zeroize::Zeroize;

pub use error::EntropyError;

use crate::read::fill;
use crate::sys::{self, FileKind, LockedBuf};

/// What happens to the part of a file that is spent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Used {
    /// It stays in the file, and `FILE.used` says how much it is.
    #[default]
    Record,
    /// It is overwritten, and cut off the file.
    Destroy,
}

/// A source of randomness that a user brings along.
///
/// What is to be drawn is [reserved](Entropy::reserve) first, so that too little is known before anything is done with it.
/// It is drawn through a shared reference, `&Entropy`, so that more can be reserved while another source is built on it.
///
/// What it gives is neither tested nor mixed: put it under [`HealthTested`](otp_core::random::HealthTested), and join it
/// with the system's source by [`Xor`](otp_core::random::Xor).
pub struct Entropy {
    /// As people know it.
    name: String,
    origin: Origin,
    reserve: RefCell<Reserve>,
}

enum Origin {
    /// A regular file, by a path without symbolic links.
    File { path: PathBuf, used: Used },
    /// What can't be read again.
    Stream(File),
}

/// Bytes that are spent, and not handed out yet.
struct Reserve {
    bytes: LockedBuf,
    position: usize,
}

impl Entropy {
    /// Opens a source without taking anything from it. `-` is standard input.
    ///
    /// A regular file must be its owner's alone, as a key file: mode 0600 or less, owned by this user or root; so must what
    /// records its use. It must have one name only, since the record stands beside that name. What is no regular file is
    /// as private as whoever made it wanted.
    ///
    /// # Errors
    ///
    /// [`EntropyError::Read`], [`EntropyError::OpenToOthers`], [`EntropyError::OwnedByOther`], [`EntropyError::ManyNames`],
    /// [`EntropyError::Unfit`].
    pub fn open(path: &Path, used: Used) -> Result<Self, EntropyError> {
        let is_input = path == Path::new("-");
        let name = if is_input { "standard input".to_owned() } else { path.display().to_string() };
        let failed = |source| EntropyError::Read { name: name.clone(), source };
        let unfit = |reason| Err(EntropyError::Unfit { name: name.clone(), reason });
        let (file, kind) = if is_input {
            let file = sys::standard_input().map_err(failed)?;
            let kind = if file.metadata().map_err(failed)?.is_file() { FileKind::File } else { FileKind::Other };
            (file, kind)
        } else {
            let (file, status) = sys::open_any(path).map_err(failed)?;
            (file, status.kind)
        };
        let origin = match kind {
            FileKind::File if is_input => {
                return unfit("a file on it would be read from the same place each time; give its path");
            }
            FileKind::File => {
                let path = path.canonicalize().map_err(failed)?;
                file::check(&file, &path)?;
                Origin::File { path, used }
            }
            FileKind::Directory => return unfit("it is a directory; give a file, a pipe or a device"),
            _ if file.is_terminal() => return unfit("it is a terminal; give a file, a pipe or a device"),
            _ if !sys::is_stream(&file).map_err(failed)? => {
                return unfit(
                    "it would be read from the same place each time; give a file, a pipe or a character device",
                );
            }
            _ => Origin::Stream(file),
        };
        Ok(Self { name, origin, reserve: RefCell::new(Reserve { bytes: LockedBuf::new(0), position: 0 }) })
    }

    /// What it is, for messages.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Spends `len` more bytes, and keeps them in memory until they are drawn. What is not drawn is lost.
    ///
    /// # Errors
    ///
    /// [`EntropyError::TooShort`], and then a file is as it was; [`EntropyError::BadRecord`],
    /// [`EntropyError::RecordOpenToOthers`], [`EntropyError::Write`], and those of [`Entropy::open`].
    pub fn reserve(&self, len: usize) -> Result<(), EntropyError> {
        let mut reserve = self.reserve.borrow_mut();
        let left = reserve.bytes.as_ref().len() - reserve.position;
        let mut bytes = LockedBuf::new(left + len);
        let (kept, fresh) = bytes.as_mut().split_at_mut(left);
        match &self.origin {
            Origin::File { path, used } => file::take(path, *used, fresh)?,
            Origin::Stream(file) => {
                let failed = |source| EntropyError::Read { name: self.name.clone(), source };
                let read = fill(&mut file.try_clone().map_err(failed)?, fresh).map_err(failed)?;
                if read < len {
                    return Err(EntropyError::TooShort {
                        name: self.name.clone(),
                        left: read as u64,
                        needed: len as u64,
                    });
                }
            }
        }
        kept.copy_from_slice(&reserve.bytes.as_ref()[reserve.position..]);
        *reserve = Reserve { bytes, position: 0 };
        Ok(())
    }
}

impl fmt::Debug for Entropy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entropy").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Gives what was reserved, in order, each byte once; more than that is an error.
impl TryRng for &Entropy {
    type Error = EntropyError;

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), EntropyError> {
        let Reserve { bytes: reserved, position } = &mut *self.reserve.borrow_mut();
        let left = &mut reserved.as_mut()[*position..];
        if left.len() < bytes.len() {
            let (left, needed) = (left.len() as u64, bytes.len() as u64);
            bytes.zeroize();
            return Err(EntropyError::NotReserved { name: self.name.clone(), left, needed });
        }
        let spent = &mut left[..bytes.len()];
        bytes.copy_from_slice(spent);
        spent.zeroize();
        *position += bytes.len();
        Ok(())
    }

    fn try_next_u32(&mut self) -> Result<u32, EntropyError> {
        rand_core::utils::next_word_via_fill(self)
    }

    fn try_next_u64(&mut self) -> Result<u64, EntropyError> {
        rand_core::utils::next_word_via_fill(self)
    }
}

impl TryCryptoRng for &Entropy {}
