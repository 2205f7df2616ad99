//! Account names and holders: their grammar and limits. Both are public.

use core::fmt;
use core::str::FromStr;

use heapless::String;

use crate::error::{Error, NameFault};

/// An account's name: segments of `[a-z0-9][a-z0-9._-]*` joined by `/`, at most 128 bytes.
///
/// No segment ends in a dot or in `.otp`, and none is a name that Windows reserves, with or without an extension.
/// So one name is the same path on every file system and the same key in every object store.
///
/// ```
/// use otp_core::AccountName;
///
/// let name: AccountName = "edms/reporting".parse()?;
/// assert_eq!(name.as_str(), "edms/reporting");
/// assert!("Edms/Reporting".parse::<AccountName>().is_err());
/// # Ok::<(), otp_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AccountName(String<{ AccountName::MAX_LEN }>);

impl AccountName {
    /// The longest name, in bytes.
    pub const MAX_LEN: usize = 128;

    /// Reads a name.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidAccountName`] with the rule that it breaks.
    pub fn parse(text: &str) -> Result<Self, Error> {
        let invalid = Error::InvalidAccountName;
        // `String::try_from` does the same in 70 bytes more on a device.
        let mut name = String::new();
        name.push_str(text).map_err(|_| invalid(NameFault::TooLong { limit: Self::MAX_LEN }))?;
        check_name(text.as_bytes()).map_err(invalid)?;
        Ok(Self(name))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// Checks a name segment by segment, so that each byte is looked at once.
fn check_name(mut text: &[u8]) -> Result<(), NameFault> {
    loop {
        let end = text.iter().position(|byte| !matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'_' | b'-'));
        let (segment, rest) = text.split_at(end.unwrap_or(text.len()));
        if !matches!(rest, [] | [b'/', ..]) {
            return Err(NameFault::Character);
        }
        check_segment(segment)?;
        match rest {
            [] => return Ok(()),
            [_, next @ ..] => text = next,
        }
    }
}

/// Checks a segment whose characters are all allowed.
fn check_segment(segment: &[u8]) -> Result<(), NameFault> {
    match segment {
        [] => return Err(NameFault::Empty),
        [b'.' | b'_' | b'-', ..] => return Err(NameFault::Character),
        [.., b'.'] | [.., b'.', b'o', b't', b'p'] => return Err(NameFault::Ending),
        _ => {}
    }
    // Windows reserves a device's name whatever extension follows (Microsoft, "Naming Files, Paths, and Namespaces").
    match segment.split_first_chunk() {
        Some(
            (b"con" | b"prn" | b"aux" | b"nul", [] | [b'.', ..])
            | (b"com" | b"lpt", [b'0'..=b'9'] | [b'0'..=b'9', b'.', ..]),
        ) => Err(NameFault::Reserved),
        _ => Ok(()),
    }
}

/// Who holds a key, in the issuer's words: 1 to 64 bytes of UTF-8 without [unprintable](is_unprintable) characters.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Holder(String<{ Holder::MAX_LEN }>);

impl Holder {
    /// The longest name, in bytes.
    pub const MAX_LEN: usize = 64;

    /// Reads a holder's name.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidHolder`] with the rule that it breaks.
    pub fn parse(text: &str) -> Result<Self, Error> {
        check_free_text(text, Self::MAX_LEN).map_err(Error::InvalidHolder)?;
        String::try_from(text).map(Self).map_err(|_| Error::InvalidHolder(NameFault::TooLong { limit: Self::MAX_LEN }))
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The longest name of a field, in bytes.
pub const MAX_FIELD_NAME_LEN: usize = 255;

/// Whether a character could change how a terminal shows the text around it: a control character, a mark of text direction
/// (U+061C, U+200E, U+200F, U+202A to U+202E, U+2066 to U+2069), or a line or paragraph separator (U+2028, U+2029).
#[must_use]
pub const fn is_unprintable(c: char) -> bool {
    matches!(
        c,
        '\0'..='\u{1f}'
            | '\u{7f}'..='\u{9f}'
            | '\u{61c}'
            | '\u{200e}'
            | '\u{200f}'
            | '\u{2028}'..='\u{202e}'
            | '\u{2066}'..='\u{2069}'
    )
}

/// Checks text that people choose freely: not empty, nothing unprintable, at most `limit` bytes.
pub(crate) fn check_free_text(text: &str, limit: usize) -> Result<(), NameFault> {
    if text.is_empty() {
        Err(NameFault::Empty)
    } else if text.len() > limit {
        Err(NameFault::TooLong { limit })
    } else if text.chars().any(is_unprintable) {
        Err(NameFault::Character)
    } else {
        Ok(())
    }
}

/// `FromStr`, `Display` and `Debug` for a type that has `parse` and `as_str`.
macro_rules! text_traits {
    ($($name:ident),*) => {$(
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({:?})"), self.as_str())
            }
        }

        impl FromStr for $name {
            type Err = Error;

            fn from_str(text: &str) -> Result<Self, Error> {
                Self::parse(text)
            }
        }
    )*};
}

text_traits!(AccountName, Holder);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_fit_the_grammar_are_taken() {
        for name in
            ["a", "0", "edms/reporting", "a.b-c_d/e", "console", "com10", "lptx", "otp", "a.otp.b", "a--", "nulls"]
        {
            assert!(AccountName::parse(name).is_ok(), "{name}");
        }
        assert!(AccountName::parse(&"a".repeat(128)).is_ok());
    }

    #[test]
    fn each_rule_of_account_names_is_kept() {
        for (name, fault) in [
            ("", NameFault::Empty),
            ("/a", NameFault::Empty),
            ("a/", NameFault::Empty),
            ("a//b", NameFault::Empty),
            ("A", NameFault::Character),
            (".", NameFault::Character),
            ("..", NameFault::Character),
            ("a/../b", NameFault::Character),
            (".hidden", NameFault::Character),
            ("-dash", NameFault::Character),
            ("a b", NameFault::Character),
            ("a\\b", NameFault::Character),
            ("a\0", NameFault::Character),
            ("ä", NameFault::Character),
            ("a.", NameFault::Ending),
            ("a.otp", NameFault::Ending),
            ("a.otp/b", NameFault::Ending),
            ("con", NameFault::Reserved),
            ("a/nul.txt", NameFault::Reserved),
            ("com1", NameFault::Reserved),
            ("lpt9.a.b", NameFault::Reserved),
            ("aux/a", NameFault::Reserved),
        ] {
            assert_eq!(AccountName::parse(name), Err(Error::InvalidAccountName(fault)), "{name:?}");
        }
        let limit = Err(Error::InvalidAccountName(NameFault::TooLong { limit: 128 }));
        assert_eq!(AccountName::parse(&"a".repeat(129)), limit);
    }

    #[test]
    fn a_holder_is_free_text_without_unprintable_characters() {
        assert_eq!(Holder::parse("Nächtlicher Lauf №1").unwrap().as_str(), "Nächtlicher Lauf №1");
        assert_eq!(Holder::parse(""), Err(Error::InvalidHolder(NameFault::Empty)));
        for unprintable in ["a\tb", "a\u{7f}", "\u{9f}", "\u{202e}a", "a\u{2028}b", "\u{200f}", "\u{2069}", "\u{61c}"] {
            assert_eq!(Holder::parse(unprintable), Err(Error::InvalidHolder(NameFault::Character)), "{unprintable:?}");
        }
        assert!(Holder::parse("\u{a0}\u{feff}\u{200d}").is_ok(), "these only look like nothing");
        assert_eq!(Holder::parse(&"a".repeat(65)), Err(Error::InvalidHolder(NameFault::TooLong { limit: 64 })));
    }
}
