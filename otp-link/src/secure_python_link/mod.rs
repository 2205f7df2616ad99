//! Reads the files of Secure-Python-Link, the Python module that `otp` replaces, and computes what they reveal.
//!
//! Such a file is a pickle of `{'list': [user, password]}`. Both are strings of 25 characters: the value, filler, and
//! the value's length as two digits, all under a pad of 25 characters of [`ALPHABET`], byte by byte.
//!
//! Nothing in a pickle is executed. The parser reads exactly that shape, as the picklers of Python 2.7 and 3 write it,
//! and refuses everything else.

mod file;
mod leak;
mod pickle;
mod shape;

pub use file::OldFile;
pub use leak::Leak;
pub use shape::{ALPHABET, Error, LEN, MAX_FILE_LEN, MAX_VALUE_LEN};
