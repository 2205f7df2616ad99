//! [`OldFile`]: the two strings of a file, and opening them.

use std::fmt;

use otp_sys::LockedVec;

use super::leak::Leak;
use super::pickle;
use super::shape::{ALPHABET, Error, LEN, MAX_VALUE_LEN};

/// The two strings of a file, under their pads.
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
    /// [`Error::OtherFile`]
    pub fn parse(bytes: &[u8]) -> Result<Self, Error> {
        let [user, password] = pickle::parse(bytes)?;
        Ok(Self { user, password })
    }

    /// Returns user and password, both UTF-8, given the two keys of Secure-Python-Link. White space around keys is
    /// ignored.
    ///
    /// # Errors
    ///
    /// [`Error::MalformedKey`], and [`Error::WrongKey`] where it shows: these files are not authenticated.
    pub fn open(&self, user_key: &[u8], pass_key: &[u8]) -> Result<(LockedVec, LockedVec), Error> {
        Ok((open(&self.user, user_key, "user")?, open(&self.password, pass_key, "password")?))
    }

    /// What the file alone revealed of user and password.
    #[must_use]
    pub fn leaks(&self) -> [Leak; 2] {
        [Leak::of(&self.user), Leak::of(&self.password)]
    }
}

fn open(hidden: &[u8; LEN], key: &[u8], which: &'static str) -> Result<LockedVec, Error> {
    let key = key.trim_ascii();
    if key.len() != LEN || !key.iter().all(|byte| ALPHABET.contains(byte)) {
        return Err(Error::MalformedKey { which });
    }
    let mut shown = LockedVec::with_capacity(LEN);
    shown.extend_from_slice(hidden);
    otp_core::ct::xor_in_place(&mut shown, key);
    let (tens, units) = (shown[LEN - 2], shown[LEN - 1]);
    let len = (tens.is_ascii_digit() && units.is_ascii_digit())
        .then(|| usize::from(tens - b'0') * 10 + usize::from(units - b'0'))
        .filter(|len| *len <= MAX_VALUE_LEN)
        .filter(|len| shown[*len..MAX_VALUE_LEN].iter().all(|byte| ALPHABET.contains(byte)))
        .filter(|len| str::from_utf8(&shown[..*len]).is_ok());
    shown.truncate(len.ok_or(Error::WrongKey { which })?);
    Ok(shown)
}

impl fmt::Debug for OldFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("OldFile(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Secure-Python-Link does with a value, with a chosen pad and filler.
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
            assert_eq!(*shown, *value);
        }
    }

    #[test]
    fn a_malformed_key_or_one_that_does_not_fit_is_refused() {
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
        assert_eq!(open(&hidden, &spaced, "user").unwrap()[..], *b"alice");
    }

    #[test]
    fn debug_shows_nothing_of_a_file() {
        let file = OldFile { user: *b"uuuuuuuuuuuuuuuuuuuuuuuuu", password: *b"ppppppppppppppppppppppppp" };
        assert_eq!(format!("{file:?}"), "OldFile(..)");
    }
}
