//! [`FieldWriter`]: writes fields into a payload, each where it belongs.

use core::fmt;

use super::fields::{Field, check_field_name, field_len, name_len, place, well_known_code};
use crate::error::Error;

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
/// The buffer holds values in the clear, and the caller wipes it.
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

    /// A writer that continues after the `len` bytes of fields that `buffer` starts with.
    #[cfg(feature = "alloc")]
    pub(super) fn resume(buffer: &'b mut [u8], len: usize) -> Self {
        Self { buffer, len }
    }

    /// What has been written so far.
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
        if let Some(code) = well_known_code(field.name) {
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
