//! `Account` and its fields, inside a payload.
//!
//! Fields stand one behind the other: usual names first, in the order of their codes, then the others in the order of
//! their bytes. So one set of fields has one encoding. A usual name costs one byte; any other stands with its length:
//!
//! ```text
//! code (1, not 0)                      | length of the value (2, big-endian) | value
//! 0 | length of the name (1) | name    | length of the value (2, big-endian) | value
//! ```

use core::cmp::Ordering;
use core::fmt;

use crate::ct;
use crate::error::Error;
use crate::name::check_free_text;

/// The names that cost one byte. A name's code is its place here, from 1 on; new ones come at the end.
pub const USUAL_NAMES: [&str; 8] = ["username", "password", "host", "port", "database", "url", "token", "service"];

/// The longest name of a field, in bytes.
pub const MAX_FIELD_NAME_LEN: usize = 255;

/// One field of an account: a name and a value, which is any bytes. It only borrows them, and prints neither.
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

fn name_len(name: &str) -> usize {
    if usual_code(name).is_some() { 1 } else { 2 + name.len() }
}

/// What the fields are sorted by.
fn rank(name: &str) -> (u8, &str) {
    (usual_code(name).unwrap_or(u8::MAX), name)
}

fn usual_code(name: &str) -> Option<u8> {
    (1..).zip(USUAL_NAMES).find_map(|(code, usual)| (usual == name).then_some(code))
}

/// The fields of an account, read from a payload; it borrows the payload.
#[derive(Clone, Copy)]
pub struct Fields<'a> {
    payload: &'a [u8],
}

impl<'a> Fields<'a> {
    /// Reads the fields of a payload.
    ///
    /// It takes exactly what [`FieldWriter`] writes: every byte belongs to a field, and the fields stand in their one
    /// order, each name once. Names and lengths are revealed to the owner; the values are not looked at.
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

    /// No field at all.
    #[must_use]
    pub const fn none() -> Self {
        Self { payload: &[] }
    }

    /// The value of a field.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a [u8]> {
        self.iter().find_map(|field| (field.name == name).then_some(field.value))
    }

    /// The fields in their order: usual names first.
    pub fn iter(&self) -> impl Iterator<Item = Field<'a>> + use<'a> {
        let mut rest = self.payload;
        core::iter::from_fn(move || {
            let (field, after) = split_field(rest)?;
            rest = after;
            Some(field)
        })
    }
}

/// Writes fields into a payload on the caller's buffer, each where it belongs in their order.
///
/// ```
/// use otp_core::account::{Field, FieldWriter, Fields};
///
/// let mut buffer = [0; 64];
/// let mut writer = FieldWriter::new(&mut buffer);
/// writer.insert(Field { name: "password", value: b"\x00\xff" })?;
/// writer.insert(Field { name: "username", value: b"alice" })?;
///
/// let fields = Fields::decode(writer.payload())?;
/// assert_eq!(fields.get("username"), Some(&b"alice"[..]));
/// assert_eq!(fields.get("password"), Some(&b"\x00\xff"[..]));
/// # Ok::<(), otp_core::Error>(())
/// ```
///
/// The buffer holds values as they are; whoever lent it wipes it.
pub struct FieldWriter<'b> {
    buffer: &'b mut [u8],
    len: usize,
}

impl<'b> FieldWriter<'b> {
    /// A writer without fields yet.
    #[must_use]
    pub fn new(buffer: &'b mut [u8]) -> Self {
        Self { buffer, len: 0 }
    }

    /// What was written so far.
    #[must_use]
    pub fn payload(&self) -> &[u8] {
        &self.buffer[..self.len]
    }

    /// Writes one more field.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidFieldName`], [`Error::DuplicateField`], and [`Error::PayloadTooLong`] if it does not fit. The
    /// payload is then as it was.
    pub fn insert(&mut self, field: Field<'_>) -> Result<(), Error> {
        check_field_name(field.name)?;
        let (at, same) = place(self.payload(), field.name);
        if same.is_some() {
            return Err(Error::DuplicateField);
        }
        let added = field_len(field);
        let too_long = Error::PayloadTooLong { len: self.len + added, capacity: self.buffer.len() };
        let value_len = u16::try_from(field.value.len()).map_err(|_| too_long)?;
        if self.len + added > self.buffer.len() {
            return Err(too_long);
        }
        self.buffer.copy_within(at..self.len, at + added);
        self.len += added;

        let (name, rest) = self.buffer[at..at + added].split_at_mut(name_len(field.name));
        if let Some(code) = usual_code(field.name) {
            name[0] = code;
        } else {
            name[0] = 0;
            name[1] = u8::try_from(field.name.len()).expect("a checked name has at most 255 bytes");
            name[2..].copy_from_slice(field.name.as_bytes());
        }
        let (length, value) = rest.split_at_mut(2);
        length.copy_from_slice(&value_len.to_be_bytes());
        value.copy_from_slice(field.value);
        Ok(())
    }
}

impl fmt::Debug for FieldWriter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FieldWriter(..)")
    }
}

impl fmt::Debug for Fields<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Fields(..)")
    }
}

/// Where a field of that name stands in a payload or belongs, and how long it is if it is there.
fn place(payload: &[u8], name: &str) -> (usize, Option<usize>) {
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
        (*USUAL_NAMES.get(usize::from(index))?, rest)
    } else {
        let (len, rest) = rest.split_first()?;
        let (name, rest) = rest.split_at_checked(usize::from(ct::reveal(*len)))?;
        let name = core::str::from_utf8(ct::reveal_bytes(name)).ok()?;
        check_free_text(name, MAX_FIELD_NAME_LEN).ok().filter(|()| usual_code(name).is_none())?;
        (name, rest)
    };
    let (len, rest) = rest.split_first_chunk()?;
    let (value, rest) = rest.split_at_checked(usize::from(ct::reveal(u16::from_be_bytes(*len))))?;
    Some((Field { name, value }, rest))
}

#[cfg(feature = "alloc")]
pub use owned::Account;

#[cfg(feature = "alloc")]
mod owned {
    use alloc::vec;
    use alloc::vec::Vec;
    use core::fmt;

    use zeroize::Zeroizing;

    use super::{Field, FieldWriter, Fields, field_len, place};
    use crate::error::Error;
    use crate::frame::Capacity;

    /// A named set of fields that owns its memory and wipes it: what is sealed for an account.
    ///
    /// ```
    /// use otp_core::Account;
    ///
    /// let mut account = Account::new();
    /// account.set("username", b"alice")?;
    /// account.set("password", b"correct horse")?;
    /// assert_eq!(account.fields().get("username"), Some(&b"alice"[..]));
    /// # Ok::<(), otp_core::Error>(())
    /// ```
    #[derive(Default)]
    pub struct Account {
        payload: Zeroizing<Vec<u8>>,
    }

    impl Account {
        /// An account without fields.
        #[must_use]
        pub fn new() -> Self {
            Self::default()
        }

        /// Sets a field, whether it was there or not.
        ///
        /// # Errors
        ///
        /// [`Error::InvalidFieldName`], [`Error::PayloadTooLong`]; the account is then as it was.
        pub fn set(&mut self, name: &str, value: &[u8]) -> Result<(), Error> {
            let field = Field { name, value };
            let (at, replaced) = place(&self.payload, name);
            let after = at + replaced.unwrap_or(0);
            let kept = self.payload.len() - (after - at);
            let len = kept + field_len(field);
            if len > Capacity::MAX.bytes() {
                return Err(Error::PayloadTooLong { len, capacity: Capacity::MAX.bytes() });
            }
            // Memory of its own for each step: a vector that grows would leave copies behind.
            let mut payload = Zeroizing::new(vec![0; len]);
            payload[..at].copy_from_slice(&self.payload[..at]);
            payload[at..kept].copy_from_slice(&self.payload[after..]);
            FieldWriter { buffer: &mut payload, len: kept }.insert(field)?;
            self.payload = payload;
            Ok(())
        }

        /// Its fields.
        #[must_use]
        pub fn fields(&self) -> Fields<'_> {
            Fields { payload: &self.payload }
        }

        /// Its encoding: what is sealed.
        #[must_use]
        pub fn payload(&self) -> &[u8] {
            &self.payload
        }
    }

    impl fmt::Debug for Account {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Account(..)")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::frame::Capacity;

    #[test]
    fn username_and_password_of_56_bytes_fit_the_smallest_capacity() {
        let mut buffer = [0; 64];
        let mut writer = FieldWriter::new(&mut buffer);
        writer.insert(Field { name: "username", value: &[b'u'; 28] }).unwrap();
        writer.insert(Field { name: "password", value: &[b'p'; 28] }).unwrap();
        assert!(writer.payload().len() <= Capacity::MIN.bytes());
    }

    #[test]
    fn a_field_that_does_not_fit_or_is_there_changes_nothing() {
        let mut buffer = [0; 8];
        let mut writer = FieldWriter::new(&mut buffer);
        writer.insert(Field { name: "port", value: b"5432" }).unwrap();
        let before = writer.payload().to_vec();
        assert_eq!(writer.insert(Field { name: "port", value: b"" }), Err(Error::DuplicateField));
        let too_long = Error::PayloadTooLong { len: 10, capacity: 8 };
        assert_eq!(writer.insert(Field { name: "host", value: b"" }), Err(too_long));
        assert!(matches!(writer.insert(Field { name: "", value: b"" }), Err(Error::InvalidFieldName(_))));
        assert!(matches!(writer.insert(Field { name: "a\nb", value: b"" }), Err(Error::InvalidFieldName(_))));
        assert_eq!(writer.payload(), before);
    }

    #[test]
    fn only_the_one_encoding_of_a_set_of_fields_decodes() {
        for (payload, what) in [
            (&b"\x02\0\x01p\x01\0\x01u"[..], "wrong order"),
            (b"\x01\0\0\x01\0\0", "a name twice"),
            (b"\0\x08username\0\0", "a usual name written out"),
            (b"\0\x01b\0\0\0\x01a\0\0", "other names out of order"),
            (b"\0\x01b\0\0\x01\0\0", "a usual name behind another"),
            (b"\x09\0\0", "an unknown code"),
            (b"\0\0\0\0", "an empty name"),
            (b"\0\x01\xff\0\0", "a name that is not UTF-8"),
            (b"\0\x01\n\0\0", "a control character"),
            (b"\x01\0\x02u", "a value cut short"),
            (b"\x01\0", "a length cut short"),
            (b"\0\x02a", "a name cut short"),
            (b"\0", "no name"),
        ] {
            assert!(Fields::decode(payload).is_err(), "{what}");
        }
        assert_eq!(Fields::decode(b"").unwrap().iter().count(), 0);
    }

    #[cfg(feature = "alloc")]
    #[test]
    fn a_field_is_replaced_where_it_stands() {
        let mut account = Account::new();
        for (name, value) in [("zebra", "1"), ("password", "2"), ("apple", "3"), ("username", "4"), ("password", "55")]
        {
            account.set(name, value.as_bytes()).unwrap();
        }
        let fields: std::vec::Vec<_> = account.fields().iter().map(|field| (field.name, field.value)).collect();
        assert_eq!(fields, [("username", &b"4"[..]), ("password", b"55"), ("apple", b"3"), ("zebra", b"1")]);
        assert!(account.set("big", &std::vec![0; 65_535]).is_err());
        assert_eq!(account.fields().iter().count(), 4);
        assert_eq!(Fields::decode(account.payload()).unwrap().iter().count(), 4);
    }

    #[cfg(feature = "alloc")]
    #[test]
    fn an_account_may_fill_the_largest_capacity_and_not_a_byte_more() {
        let mut account = Account::new();
        let room = Capacity::MAX.bytes() - 3;
        account.set("password", &std::vec![7; room]).unwrap();
        let too_long = Error::PayloadTooLong { len: 65_536, capacity: 65_535 };
        assert_eq!(account.set("password", &std::vec![8; room + 1]), Err(too_long));
        assert_eq!(account.fields().get("password"), Some(&std::vec![7; room][..]));
    }
}
