//! The parts that make up a message. All numbers are big-endian.

use otp_core::store::Slot;

use crate::error::Malformed;
use crate::message::{HEADER_LEN, message_len};
use crate::name::{object_name, parse_object_name};

/// Takes parts from the front of a message.
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    pub(crate) const fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn take(&mut self, len: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(len).ok_or(Malformed::Body)?;
        self.rest = rest;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Malformed> {
        self.take(N)?.try_into().map_err(|_| Malformed::Body)
    }

    pub(crate) fn u8(&mut self) -> Result<u8, Malformed> {
        self.array().map(|[byte]| byte)
    }

    pub(crate) fn u16(&mut self) -> Result<u16, Malformed> {
        self.array().map(u16::from_be_bytes)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Malformed> {
        self.array().map(u32::from_be_bytes)
    }

    pub(crate) fn flag(&mut self) -> Result<bool, Malformed> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(Malformed::Body),
        }
    }

    pub(crate) fn text(&mut self) -> Result<&'a str, Malformed> {
        let len = self.u16()?;
        std::str::from_utf8(self.take(len.into())?).map_err(|_| Malformed::Text)
    }

    pub(crate) fn blob(&mut self) -> Result<&'a [u8], Malformed> {
        let len = self.u32()?;
        self.take(usize::try_from(len).map_err(|_| Malformed::Body)?)
    }

    /// A flag, followed by a blob if it is set.
    pub(crate) fn object(&mut self) -> Result<Option<&'a [u8]>, Malformed> {
        self.flag()?.then(|| self.blob()).transpose()
    }

    pub(crate) fn slot(&mut self) -> Result<Slot, Malformed> {
        parse_object_name(self.text()?).ok_or(Malformed::Name)
    }

    /// A number, followed by that many items, each read by `item`.
    pub(crate) fn many<T>(
        &mut self,
        mut item: impl FnMut(&mut Self) -> Result<T, Malformed>,
    ) -> Result<Vec<T>, Malformed> {
        // No capacity is reserved: the number may be a lie.
        (0..self.u16()?).map(|_| item(self)).collect()
    }

    /// The end of the message.
    pub(crate) const fn end(&self) -> Result<(), Malformed> {
        if self.rest.is_empty() { Ok(()) } else { Err(Malformed::Body) }
    }
}

/// Writes a message.
pub(crate) struct Writer {
    bytes: Vec<u8>,
}

impl Writer {
    pub(crate) fn new(id: u32, tag: u8) -> Self {
        let mut writer = Self { bytes: vec![0; HEADER_LEN] };
        writer.u32(id);
        writer.u8(tag);
        writer
    }

    pub(crate) fn u8(&mut self, number: u8) {
        self.bytes.push(number);
    }

    pub(crate) fn u16(&mut self, number: u16) {
        self.bytes.extend_from_slice(&number.to_be_bytes());
    }

    pub(crate) fn u32(&mut self, number: u32) {
        self.bytes.extend_from_slice(&number.to_be_bytes());
    }

    pub(crate) fn flag(&mut self, flag: bool) {
        self.u8(flag.into());
    }

    pub(crate) fn text(&mut self, text: &str) -> Result<(), Malformed> {
        self.u16(u16::try_from(text.len()).map_err(|_| Malformed::Text)?);
        self.bytes.extend_from_slice(text.as_bytes());
        Ok(())
    }

    pub(crate) fn blob(&mut self, blob: &[u8]) -> Result<(), Malformed> {
        self.u32(u32::try_from(blob.len()).map_err(|_| Malformed::Length)?);
        self.bytes.extend_from_slice(blob);
        Ok(())
    }

    pub(crate) fn object(&mut self, object: Option<&[u8]>) -> Result<(), Malformed> {
        self.flag(object.is_some());
        object.map_or(Ok(()), |bytes| self.blob(bytes))
    }

    pub(crate) fn slot(&mut self, slot: &Slot) -> Result<(), Malformed> {
        self.text(&object_name(slot))
    }

    pub(crate) fn many<T>(
        &mut self,
        items: &[T],
        item: impl FnMut(&mut Self, &T) -> Result<(), Malformed>,
    ) -> Result<(), Malformed> {
        let mut item = item;
        self.u16(u16::try_from(items.len()).map_err(|_| Malformed::Length)?);
        items.iter().try_for_each(|each| item(self, each))
    }

    /// The message, with its length in front.
    pub(crate) fn finish(mut self) -> Result<Vec<u8>, Malformed> {
        let len = u32::try_from(self.bytes.len() - HEADER_LEN).map_err(|_| Malformed::Length)?.to_be_bytes();
        message_len(len)?;
        self.bytes[..HEADER_LEN].copy_from_slice(&len);
        Ok(self.bytes)
    }
}
