//! Reading fields: their names, their order, and where each one is in a payload.

use core::cmp::Ordering;
use core::fmt;

use crate::ct;
use crate::error::Error;
use crate::name::{MAX_FIELD_NAME_LEN, check_free_text};

/// The names that cost one byte. A name's code is its place here, counted from 1; new ones are appended.
pub const WELL_KNOWN_NAMES: &[&str] = &["username", "password", "host", "port", "database", "url", "token", "service"];

/// One field of an account: a name and a value of any bytes. It only borrows them, and its `Debug` shows neither.
#[derive(Clone, Copy)]
pub struct Field<'a> {
    /// The name: 1 to 255 bytes of UTF-8 without control characters.
    pub name: &'a str,
    /// The value. It may be empty, and need not be text.
    pub value: &'a [u8],
}

impl fmt::Debug for Field<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Field(..)")
    }
}

/// Checks a field's name.
///
/// # Errors
///
/// [`Error::InvalidFieldName`] with the rule that it breaks.
pub fn check_field_name(name: &str) -> Result<(), Error> {
    check_free_text(name, MAX_FIELD_NAME_LEN).map_err(Error::InvalidFieldName)
}

/// How many bytes of a payload a field takes.
#[must_use]
pub fn field_len(field: Field<'_>) -> usize {
    name_len(field.name) + 2 + field.value.len()
}

pub(super) fn name_len(name: &str) -> usize {
    if well_known_code(name).is_some() { 1 } else { 2 + name.len() }
}

/// What fields are sorted by: well-known names by their codes, then other names as bytes.
fn rank(name: &str) -> (u8, &str) {
    (well_known_code(name).unwrap_or(u8::MAX), name)
}

pub(super) fn well_known_code(name: &str) -> Option<u8> {
    (1..).zip(WELL_KNOWN_NAMES).find_map(|(code, known)| (*known == name).then_some(code))
}

/// The fields of an account, read from a payload; it borrows the payload.
#[derive(Clone, Copy)]
pub struct Fields<'a> {
    payload: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Reads the fields of a payload.
    ///
    /// It accepts exactly what [`FieldWriter`](super::FieldWriter) writes: every byte belongs to a field, and the
    /// fields come in their one order, each name once. Names and lengths are revealed to the owner, but no values.
    ///
    /// # Errors
    ///
    /// [`Error::MalformedAccount`]
    pub fn decode(payload: &'a [u8]) -> Result<Self, Error> {
        let (mut last, mut rest) = (None, payload);
        while !rest.is_empty() {
            let (field, after) = split_field(rest).ok_or(Error::MalformedAccount)?;
            let rank = Some(rank(field.name));
            if rank <= last {
                return Err(Error::MalformedAccount);
            }
            (last, rest) = (rank, after);
        }
        Ok(Self { payload })
    }

    /// An account without fields.
    #[must_use]
    pub const fn none() -> Self {
        Self { payload: &[] }
    }

    /// The fields of a payload that a writer of this crate wrote.
    #[cfg(feature = "alloc")]
    pub(super) const fn trusted(payload: &'a [u8]) -> Self {
        Self { payload }
    }

    /// The value of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.iter().find_map(|field| (field.name == name).then_some(field.value))
    }

    /// The fields in their order: well-known names first.
    pub fn iter(&self) -> impl Iterator<Item = Field<'a>> + use<'a> {
        let mut rest = self.payload;
        core::iter::from_fn(move || {
            let (field, after) = split_field(rest)?;
            rest = after;
            Some(field)
        })
    }
}

impl fmt::Debug for Fields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fields(..)")
    }
}

/// Where a field of that name is in a payload, with its length; or where it would go.
pub(super) fn place(payload: &[u8], name: &str) -> (usize, Option<usize>) {
    let mut rest = payload;
    while let Some((field, after)) = split_field(rest) {
        let at = payload.len() - rest.len();
        match rank(field.name).cmp(&rank(name)) {
            Ordering::Less => rest = after,
            Ordering::Equal => return (at, Some(rest.len() - after.len())),
            Ordering::Greater => return (at, None),
        }
    }
    (payload.len(), None)
}

/// Takes the first field off a payload.
fn split_field(payload: &[u8]) -> Option<(Field<'_>, &[u8])> {
    let (code, rest) = payload.split_first()?;
    let code = ct::reveal(*code);
    let (name, rest) = if let Some(index) = code.checked_sub(1) {
        (*WELL_KNOWN_NAMES.get(usize::from(index))?, rest)
    } else {
        let (len, rest) = rest.split_first()?;
        let (name, rest) = rest.split_at_checked(usize::from(ct::reveal(*len)))?;
        let name = core::str::from_utf8(ct::reveal_bytes(name)).ok()?;
        check_free_text(name, MAX_FIELD_NAME_LEN).ok().filter(|()| well_known_code(name).is_none())?;
        (name, rest)
    };
    let (len, rest) = rest.split_first_chunk()?;
    let (value, rest) = rest.split_at_checked(usize::from(ct::reveal(u16::from_be_bytes(*len))))?;
    Some((Field { name, value }, rest))
}
