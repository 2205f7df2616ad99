//! [`Key`]: a key that has sealed its record, and opens it.

use core::fmt;
use core::num::NonZeroU8;
use core::ops::Range;

use super::layout::Layout;
use super::text;
use crate::buffer::{Buffer, Wiped};
use crate::ct;
use crate::error::Error;
use crate::frame::Capacity;
use crate::id::KeyId;
use crate::name::AccountName;
use crate::pad::Pad;
use crate::tag::TAG_KEY_LEN;

/// What the caller holds: account name, key id, tag key and pad. It opens one record.
///
/// It is not `Clone`, has no `Display`, and its `Debug` shows nothing secret. Its text comes from [`Key::write_text`] or, with
/// `alloc`, from `Key::to_text`. The buffer is wiped when the key is dropped or used.
///
/// ```compile_fail,E0599
/// # fn with(key: otp_core::Key<&mut [u8]>) {
/// let copy = key.clone();
/// # }
/// ```
///
/// ```compile_fail,E0277
/// # fn with(key: otp_core::Key<&mut [u8]>) {
/// println!("{key}");
/// # }
/// ```
///
/// ```
/// # fn with(key: otp_core::Key<&mut [u8]>) {
/// println!("{}", key.id());
/// # }
/// ```
pub struct Key<B: Buffer> {
    pub(super) layout: Layout,
    pub(super) bytes: Wiped<B>,
}

impl<B: Buffer> Key<B> {
    /// Reads a key's text into `buffer`, which needs at least `5/8` of the text's length in bytes.
    ///
    /// The text is all lower case or all upper case, with or without ASCII white space around it, and nothing else. The time
    /// depends on the text's length and on what is public in it.
    ///
    /// # Errors
    ///
    /// [`Error::MalformedKey`], [`Error::NewerKey`] for a later version, [`Error::BufferTooSmall`]; the buffer is then wiped.
    pub fn parse(text: &[u8], buffer: B) -> Result<Self, Error> {
        let mut bytes = Wiped::new(buffer);
        let (contents, excess) = text::decode(ct::trim(text), bytes.bytes_mut())?;
        let layout = Layout::read(contents, excess)?;
        Ok(Self { layout, bytes })
    }

    /// The account that it is for.
    #[must_use]
    pub fn account(&self) -> &AccountName {
        &self.layout.account
    }

    /// The key's id, which is public.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.layout.id
    }

    /// The capacity of the frame that it opens.
    #[must_use]
    pub fn capacity(&self) -> Capacity {
        self.layout.capacity
    }

    /// How many pages it has: how often its secret can be sealed without a new key.
    #[must_use]
    pub fn pages(&self) -> NonZeroU8 {
        self.layout.pages
    }

    /// The length of its text in characters.
    #[must_use]
    pub fn text_len(&self) -> usize {
        text::text_len(self.layout.len())
    }

    /// Writes its text to the front of `out` and returns it: `otpk1_` and lower-case base32 (RFC 4648, section 6).
    ///
    /// The time depends on its length alone. The caller wipes `out`.
    ///
    /// # Errors
    ///
    /// [`Error::BufferTooSmall`] if `out` has fewer than [`Key::text_len`] bytes.
    pub fn write_text<'a>(&self, out: &'a mut [u8]) -> Result<&'a str, Error> {
        let needed = self.text_len();
        let out = out.get_mut(..needed).ok_or(Error::BufferTooSmall { needed })?;
        text::encode(&self.bytes.bytes()[..self.layout.len()], out)
    }

    /// The tag key of a page; `None` if the key has no such page.
    pub(crate) fn tag_key(&self, page: u8) -> Option<&[u8; TAG_KEY_LEN]> {
        if page < self.pages().get() { self.bytes.bytes().get(self.layout.page(page))?.first_chunk() } else { None }
    }

    /// Gives the buffer up, with the place of a page's pad in it.
    pub(crate) fn into_pad(self, page: u8) -> (Wiped<B>, Range<usize>) {
        let pad = self.layout.pad(page);
        (self.bytes, pad)
    }

    /// The pad and the tag key of a page, to seal with them; `None` if the key has no such page.
    pub(crate) fn parts(&mut self, page: u8) -> Option<(Pad<'_>, &[u8; TAG_KEY_LEN])> {
        if page >= self.pages().get() {
            return None;
        }
        let (tag_key, pad) = self.bytes.bytes_mut()[self.layout.page(page)].split_first_chunk_mut()?;
        Some((Pad::unused(pad), tag_key))
    }
}

impl<B: Buffer> fmt::Debug for Key<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({} {}, ..)", self.account(), self.id())
    }
}
