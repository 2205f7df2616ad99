//! Reads the files of Secure-Python-Link, the ancestor of `otp`, and computes what they give away.
//!
//! Such a file is a pickle of `{'list': [user, password]}`. Both are strings of 25 characters: the value, filler, and the
//! value's length as two digits, all under a pad of 25 characters out of [`ALPHABET`], byte by byte.
//!
//! Nothing of a pickle is executed here. There is a parser for exactly that shape, as the picklers of Python 2.7 and 3
//! write it, and whatever differs is refused.
#![forbid(unsafe_code)]

mod leak;
mod pickle;

use std::fmt;

use zeroize::{Zeroize, Zeroizing};

pub use leak::Leak;

/// The 72 characters that its pads and its filler are made of.
pub const ALPHABET: &[u8; 72] = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789!$%&*+=?#@";

/// The length of a value with its filler, of a key, and of what stands in the file.
pub const LEN: usize = 25;
/// The most that a value has, in characters: the last two are its length.
pub const MAX_VALUE_LEN: usize = LEN - 2;

/// The longest file that is read, in bytes; real ones have about 90, or 250 from Python 2.
pub const MAX_FILE_LEN: usize = 1024;

/// Why a file or its keys are refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Error {
    /// The file is not of the one shape that is read.
    NotSuchAFile {
        /// Where it differs, in bytes from the start.
        at: usize,
    },
    /// A key is not 25 characters of the alphabet.
    MalformedKey {
        /// Which one: `user` or `password`.
        which: &'static str,
    },
    /// What comes out with a key can't have been put in.
    WrongKey {
        /// Which one: `user` or `password`.
        which: &'static str,
    },
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotSuchAFile { at } => {
                write!(f, "this is no file of Secure-Python-Link: it differs at byte {at}; nothing of it was executed")
            }
            Self::MalformedKey { which } => {
                write!(f, "the {which} key is not one of Secure-Python-Link: it has 25 letters, digits and !$%&*+=?#@")
            }
            Self::WrongKey { which } => write!(f, "the {which} key does not fit this file; are the two exchanged?"),
        }
    }
}

impl std::error::Error for Error {}

/// What stands in a file: the two strings under their pads.
#[derive(Clone, PartialEq, Eq)]
pub struct OldFile {
    user: [u8; LEN],
    password: [u8; LEN],
}

impl OldFile {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// [`Error::NotSuchAFile`]
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let [user, password] = pickle::parse(bytes)?;
        Ok(Self { user, password })
    }

    /// Gives user and password, with the two keys that the ancestor gave. White space around a key is ignored.
    ///
    /// # Errors
    ///
    /// [`Error::MalformedKey`], and [`Error::WrongKey`] where that shows: the ancestor's files have nothing that would
    /// show it always.
    pub fn open(&self, user_key: &[u8], pass_key: &[u8]) -> Result<(Zeroizing<String>, Zeroizing<String>), Error> {
        Ok((open(&self.user, user_key, "user")?, open(&self.password, pass_key, "password")?))
    }

    /// What the file alone gave away of user and password, whose lengths are known to whoever has the keys.
    #[must_use]
    pub fn leaks(&self, user_len: usize, password_len: usize) -> [Leak; 2] {
        [Leak::of(&self.user, user_len), Leak::of(&self.password, password_len)]
    }
}

fn open(hidden: &[u8; LEN], key: &[u8], which: &'static str) -> Result<Zeroizing<String>, Error> {
    let key = key.trim_ascii();
    if key.len() != LEN || !key.iter().all(|byte| ALPHABET.contains(byte)) {
        return Err(Error::MalformedKey { which });
    }
    let mut shown = Zeroizing::new([0; LEN]);
    for (shown, (hidden, key)) in shown.iter_mut().zip(hidden.iter().zip(key)) {
        *shown = hidden ^ key;
    }
    let [.., tens, units] = *shown;
    let value = (tens.is_ascii_digit() && units.is_ascii_digit())
        .then(|| usize::from(tens - b'0') * 10 + usize::from(units - b'0'))
        .filter(|len| *len <= MAX_VALUE_LEN)
        .filter(|len| shown[*len..MAX_VALUE_LEN].iter().all(|byte| ALPHABET.contains(byte)))
        .map(|len| shown[..len].to_vec());
    let wrong = Error::WrongKey { which };
    String::from_utf8(value.ok_or(wrong)?).map(Zeroizing::new).map_err(|error| {
        error.into_bytes().zeroize();
        wrong
    })
}

impl fmt::Debug for OldFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OldFile(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the ancestor does with a value, with pad and filler that are chosen here.
    fn hide(value: &[u8], key: &[u8; LEN]) -> [u8; LEN] {
        let mut hidden = *b"FFFFFFFFFFFFFFFFFFFFFFFFF";
        hidden[..value.len()].copy_from_slice(value);
        hidden[23..].copy_from_slice(format!("{:02}", value.len()).as_bytes());
        for (hidden, key) in hidden.iter_mut().zip(key) {
            *hidden ^= key;
        }
        hidden
    }

    const KEY: [u8; LEN] = *b"aZ9!$%&*+=?#@abcdefghijkl";

    #[test]
    fn every_length_comes_back_with_its_key() {
        for len in 0..=MAX_VALUE_LEN {
            let value = &b"correct horse \"battery\""[..len];
            let shown = open(&hide(value, &KEY), &KEY, "user").unwrap();
            assert_eq!(shown.as_bytes(), value);
        }
    }

    #[test]
    fn a_key_that_is_none_or_does_not_fit_is_refused() {
        let hidden = hide(b"alice", &KEY);
        for key in
            [&b""[..], b"a", &KEY[..24], b"aZ9!$%&*+=?#@abcdefghijkl1", b"aZ9!$%&*+=?#@abcdefghijk ", &[0xff; 25]]
        {
            assert_eq!(open(&hidden, key, "user").unwrap_err(), Error::MalformedKey { which: "user" }, "{key:?}");
        }
        let mut other = KEY;
        other[23] = b'A';
        assert_eq!(open(&hidden, &other, "user").unwrap_err(), Error::WrongKey { which: "user" });
        let spaced = [b" \t", &KEY[..], b"\r\n"].concat();
        assert_eq!(open(&hidden, &spaced, "user").unwrap().as_str(), "alice");
    }

    #[test]
    fn nothing_shows_what_stands_in_a_file() {
        let file = OldFile { user: *b"uuuuuuuuuuuuuuuuuuuuuuuuu", password: *b"ppppppppppppppppppppppppp" };
        assert_eq!(format!("{file:?}"), "OldFile(..)");
    }
}
