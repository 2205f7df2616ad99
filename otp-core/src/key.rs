//! [`Key`], what the caller holds, and its text form.
//!
//! A key's bytes stand in one buffer in the order of its text, so reading and writing the text copies no secret:
//!
//! ```text
//! capacity (2, big-endian) | pages (1) | length of the name (1) | name | key id (10) | tag key (32) | pad | CRC-32 (4)
//! ```

use core::fmt;
use core::ops::Range;

use base32ct::{Base32Unpadded, Base32UpperUnpadded, Encoding};
use rand_core::TryCryptoRng;

use crate::buffer::{Buffer, Wiped};
use crate::ct;
use crate::error::{Error, KeyFault};
use crate::frame::Capacity;
use crate::name::{AccountName, KeyId};
use crate::pad::Pad;
use crate::random::DrawError;
use crate::tag::TAG_KEY_LEN;

/// What every key's text starts with.
pub const PREFIX: &str = "otpk1_";
const UPPER_PREFIX: &str = "OTPK1_";

/// The name starts behind capacity, number of pages and the name's length.
const NAME_AT: usize = 4;
const CRC_LEN: usize = 4;
/// Today every key has one pad.
const PAGES: u8 = 1;

/// Where things stand in a key's bytes; all of it is public.
#[derive(Clone, PartialEq, Eq)]
struct Layout {
    account: AccountName,
    id: KeyId,
    capacity: Capacity,
}

impl Layout {
    fn id(&self) -> Range<usize> {
        let start = NAME_AT + self.account.as_str().len();
        start..start + KeyId::LEN
    }

    fn tag_key(&self) -> Range<usize> {
        let start = self.id().end;
        start..start + TAG_KEY_LEN
    }

    fn pad(&self) -> Range<usize> {
        let start = self.tag_key().end;
        start..start + self.capacity.frame_len()
    }

    fn crc(&self) -> Range<usize> {
        let start = self.pad().end;
        start..start + CRC_LEN
    }

    fn len(&self) -> usize {
        self.crc().end
    }
}

/// A key that has not sealed anything yet. Sealing takes it by value, so it seals once.
///
/// It can't be shown: only the [`Key`] that sealing leaves can, and that one never seals.
pub struct FreshKey<B: Buffer> {
    key: Key<B>,
}

impl<B: Buffer> FreshKey<B> {
    /// Draws a key's id, tag key and pad into `buffer`, which must have at least [`Key::len_for`] bytes.
    ///
    /// # Errors
    ///
    /// [`DrawError::Source`] if the source fails, and [`Error::BufferTooSmall`]; the buffer is then wiped.
    pub fn generate<R: TryCryptoRng + ?Sized>(
        account: &AccountName,
        capacity: Capacity,
        buffer: B,
        rng: &mut R,
    ) -> Result<Self, DrawError<R::Error>> {
        let mut body = Wiped::new(buffer);
        let id = KeyId::generate(rng).map_err(DrawError::Source)?;
        let layout = Layout { account: account.clone(), id, capacity };
        let bytes = body
            .bytes_mut()
            .get_mut(..layout.len())
            .ok_or(DrawError::Invalid(Error::BufferTooSmall { needed: layout.len() }))?;

        let name = account.as_str().as_bytes();
        bytes[..2].copy_from_slice(&capacity.to_u16().to_be_bytes());
        bytes[2] = PAGES;
        bytes[3] = u8::try_from(name.len()).expect("a name has at most 128 bytes");
        bytes[NAME_AT..layout.id().start].copy_from_slice(name);
        bytes[layout.id()].copy_from_slice(id.as_bytes());
        rng.try_fill_bytes(&mut bytes[layout.tag_key().start..layout.pad().end]).map_err(DrawError::Source)?;
        let crc = ct::crc32(&bytes[..layout.crc().start]);
        bytes[layout.crc()].copy_from_slice(&crc.to_le_bytes());
        Ok(Self { key: Key { layout, body } })
    }

    /// The account that it is for.
    #[must_use]
    pub fn account(&self) -> &AccountName {
        self.key.account()
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.key.id()
    }

    /// The capacity of the frame that it seals.
    #[must_use]
    pub fn capacity(&self) -> Capacity {
        self.key.capacity()
    }

    /// Spends the key: `seal` gets its pad and its tag key, each for this one use.
    pub(crate) fn spend<T>(
        mut self,
        seal: impl FnOnce(Pad<'_>, &[u8; TAG_KEY_LEN]) -> Result<T, Error>,
    ) -> Result<(Key<B>, T), Error> {
        let pad = self.key.layout.pad();
        let (before, pad_bytes) = self.key.body.bytes_mut()[..pad.end].split_at_mut(pad.start);
        let tag_key = before.last_chunk().expect("the tag key stands before the pad");
        let value = seal(Pad::unused(pad_bytes), tag_key)?;
        Ok((self.key, value))
    }
}

/// What the caller holds: account name, key id, tag key and pad. It opens one record.
///
/// It is not `Clone`, has no `Display` and its `Debug` shows nothing secret. Its text comes from [`Key::write_text`]
/// or, with `alloc`, from `Key::to_text`. The buffer is wiped when the key is dropped or used.
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
    layout: Layout,
    body: Wiped<B>,
}

impl<B: Buffer> Key<B> {
    /// How many bytes of buffer a key takes, for an account name of `name_len` bytes.
    #[must_use]
    pub const fn len_for(name_len: usize, capacity: Capacity) -> usize {
        NAME_AT + name_len + KeyId::LEN + TAG_KEY_LEN + capacity.frame_len() + CRC_LEN
    }

    /// How many random bytes a key of this capacity takes: id, tag key and pad.
    #[must_use]
    pub const fn drawn_len(capacity: Capacity) -> usize {
        KeyId::LEN + TAG_KEY_LEN + capacity.frame_len()
    }

    /// The longest key's bytes.
    pub const MAX_LEN: usize = Self::len_for(AccountName::MAX_LEN, Capacity::MAX);
    /// The longest key's text, in characters.
    pub const MAX_TEXT_LEN: usize = text_len(Self::MAX_LEN);

    /// Reads a key's text into `buffer`, which must have at least `5/8` of the text's length.
    ///
    /// The text is all lower-case or all upper-case, with ASCII white space around it or without, nothing else. The
    /// time depends on the text's length and on what is public in it.
    ///
    /// # Errors
    ///
    /// [`Error::MalformedKey`], [`Error::NewerKey`] for a later version, [`Error::BufferTooSmall`]; the buffer is
    /// then wiped.
    pub fn parse(text: &[u8], buffer: B) -> Result<Self, Error> {
        let mut body = Wiped::new(buffer);
        let (len, excess) = decode_text(ct::trim(text), body.bytes_mut())?;
        let layout = read_layout(&body.bytes()[..len], excess)?;
        Ok(Self { layout, body })
    }

    /// The account that it is for.
    #[must_use]
    pub fn account(&self) -> &AccountName {
        &self.layout.account
    }

    /// Its id, which is public.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.layout.id
    }

    /// The capacity of the frame that it opens.
    #[must_use]
    pub fn capacity(&self) -> Capacity {
        self.layout.capacity
    }

    /// How many pads it has. Today always 1.
    #[must_use]
    pub fn pages(&self) -> u8 {
        PAGES
    }

    /// The length of its text in characters.
    #[must_use]
    pub fn text_len(&self) -> usize {
        text_len(self.layout.len())
    }

    /// Writes its text to the front of `out` and gives it back: `otpk1_` and lower-case base32 (RFC 4648, section 6).
    ///
    /// The time depends on its length alone. The caller wipes `out`.
    ///
    /// # Errors
    ///
    /// [`Error::BufferTooSmall`] if `out` has fewer than [`Key::text_len`] bytes.
    pub fn write_text<'a>(&self, out: &'a mut [u8]) -> Result<&'a str, Error> {
        let needed = self.text_len();
        let out = out.get_mut(..needed).ok_or(Error::BufferTooSmall { needed })?;
        let (prefix, text) = out.split_at_mut(PREFIX.len());
        prefix.copy_from_slice(PREFIX.as_bytes());
        Base32Unpadded::encode(&self.body.bytes()[..self.layout.len()], text)
            .map_err(|_| Error::BufferTooSmall { needed })?;
        // Base32 is ASCII already. Said like this, that it is text does not depend on the key.
        for byte in &mut *text {
            *byte &= 0x7f;
        }
        core::str::from_utf8(out).map_err(|_| Error::BufferTooSmall { needed })
    }

    pub(crate) fn tag_key(&self) -> &[u8; TAG_KEY_LEN] {
        let before_pad = &self.body.bytes()[..self.layout.pad().start];
        before_pad.last_chunk().expect("the tag key stands before the pad")
    }

    /// Gives the buffer up, with the place of the pad in it.
    pub(crate) fn into_pad(self) -> (Wiped<B>, Range<usize>) {
        let pad = self.layout.pad();
        (self.body, pad)
    }
}

/// The length of the text of `len` bytes, in characters.
const fn text_len(len: usize) -> usize {
    PREFIX.len() + (len * 8).div_ceil(5)
}

/// Decodes a key's text into the front of `body`, and returns how many bytes it has and the bits beyond the last one.
///
/// Such bits would give one key several texts. In a text that was cut they are some of the key's own, so whether there
/// are any is told with the checksum only.
fn decode_text(text: &[u8], body: &mut [u8]) -> Result<(usize, u8), Error> {
    let malformed = Error::MalformedKey;
    let (upper, text) = if let Some(rest) = text.strip_prefix(PREFIX.as_bytes()) {
        (false, rest)
    } else if let Some(rest) = text.strip_prefix(UPPER_PREFIX.as_bytes()) {
        (true, rest)
    } else if is_newer(text) {
        return Err(Error::NewerKey);
    } else {
        return Err(malformed(KeyFault::Prefix));
    };
    let len = text.len() / 8 * 5 + text.len() % 8 * 5 / 8;
    if text_len(len) != PREFIX.len() + text.len() || len > Key::<&mut [u8]>::MAX_LEN {
        return Err(malformed(KeyFault::Length));
    }
    let body = body.get_mut(..len).ok_or(Error::BufferTooSmall { needed: len })?;
    let (faults, excess) = if upper {
        decode_base32::<Base32UpperUnpadded>(text, body)
    } else {
        decode_base32::<Base32Unpadded>(text, body)
    };
    if !ct::none_set(u32::from(faults)) {
        return Err(malformed(KeyFault::Character));
    }
    Ok((len, excess))
}

/// Decodes base32 whose length was checked; returns not zero if a character is none of the alphabet's, and the bits
/// beyond the last byte.
///
/// The decoder of the library that knows the alphabet branches on its answer, so the loop is ours.
fn decode_base32<E: Encoding>(text: &[u8], body: &mut [u8]) -> (u8, u8) {
    let (mut faults, mut excess) = (0, 0);
    for (characters, bytes) in text.chunks(8).zip(body.chunks_mut(5)) {
        let mut bits = 0_u64;
        for (character, shift) in characters.iter().zip((0..8).map(|index| 35 - 5 * index)) {
            // -1 for what is not in the alphabet.
            let value = E::decode_5bits(*character).to_be_bytes();
            faults |= value[0];
            bits |= u64::from(value[1] & 31) << shift;
        }
        let bits = bits.to_be_bytes();
        let (whole, beyond) = bits[3..].split_at(bytes.len());
        bytes.copy_from_slice(whole);
        excess |= beyond.iter().fold(0, |any, byte| any | byte);
    }
    (faults, excess)
}

/// Whether it looks like a key of a later version: `otpk2_`, `otpk10_` and so on.
fn is_newer(text: &[u8]) -> bool {
    let Some(rest) = text.strip_prefix(b"otpk").or_else(|| text.strip_prefix(b"OTPK")) else {
        return false;
    };
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    matches!(rest.first(), Some(b'1'..=b'9')) && rest.get(digits) == Some(&b'_')
}

/// Reads what is public in a key's bytes, and checks that nothing is missing or too much.
fn read_layout(body: &[u8], excess: u8) -> Result<Layout, Error> {
    let malformed = Error::MalformedKey;
    let Some((contents, crc)) = body.split_last_chunk::<CRC_LEN>() else {
        return Err(malformed(KeyFault::Length));
    };
    if !ct::none_set((ct::crc32(contents) ^ u32::from_le_bytes(*crc)) | u32::from(excess)) {
        return Err(malformed(KeyFault::Checksum));
    }
    let fault = malformed(KeyFault::Contents);
    let start = contents.first_chunk::<NAME_AT>().ok_or(fault)?;
    let [high, low, pages, name_len] = ct::reveal(*start);
    if pages > PAGES {
        return Err(Error::NewerKey);
    }
    let name = contents.get(NAME_AT..NAME_AT + usize::from(name_len)).ok_or(fault)?;
    let name = core::str::from_utf8(ct::reveal_bytes(name)).map_err(|_| fault)?;
    let account = AccountName::parse(name).map_err(|_| fault)?;
    let capacity = Capacity::from_bytes(u16::from_be_bytes([high, low])).map_err(|_| fault)?;
    let id_at = NAME_AT + name.len();
    let id = contents.get(id_at..).and_then(<[u8]>::first_chunk).ok_or(fault)?;
    let layout = Layout { account, id: KeyId::from_bytes(ct::reveal(*id)), capacity };
    if pages == 0 || layout.len() != body.len() {
        return Err(fault);
    }
    Ok(layout)
}

impl<B: Buffer> fmt::Debug for Key<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Key({} {}, ..)", self.account(), self.id())
    }
}

impl<B: Buffer> fmt::Debug for FreshKey<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FreshKey({} {}, ..)", self.account(), self.id())
    }
}

#[cfg(feature = "alloc")]
mod owned {
    use alloc::vec;
    use alloc::vec::Vec;
    use core::fmt;

    use zeroize::Zeroizing;

    use super::{FreshKey, Key};
    use crate::buffer::Buffer;
    use crate::ct;
    use crate::error::Error;
    use crate::frame::Capacity;
    use crate::name::AccountName;
    use crate::random::DrawError;

    impl FreshKey<Vec<u8>> {
        /// Draws a key into memory of its own.
        ///
        /// # Errors
        ///
        /// [`DrawError::Source`]
        pub fn draw<R: rand_core::TryCryptoRng + ?Sized>(
            account: &AccountName,
            capacity: Capacity,
            rng: &mut R,
        ) -> Result<Self, DrawError<R::Error>> {
            let len = Key::<Vec<u8>>::len_for(account.as_str().len(), capacity);
            Self::generate(account, capacity, vec![0; len], rng)
        }
    }

    impl Key<Vec<u8>> {
        /// Reads a key's text into memory of its own. The size is checked before memory is taken.
        ///
        /// # Errors
        ///
        /// As [`Key::parse`].
        pub fn parse_owned(text: &str) -> Result<Self, Error> {
            let text = ct::trim(text.as_bytes());
            let len = text.len().min(Self::MAX_TEXT_LEN);
            Self::parse(text, vec![0; len * 5 / 8])
        }
    }

    impl<B: Buffer> Key<B> {
        /// Its text, in memory that is wiped.
        #[must_use]
        pub fn to_text(&self) -> KeyText {
            let mut bytes = Zeroizing::new(vec![0; self.text_len()]);
            self.write_text(&mut bytes).expect("the buffer has the text's length");
            KeyText { bytes }
        }
    }

    /// A key's text, wiped on drop. It has no `Display`: what shows it says so with [`KeyText::as_str`].
    pub struct KeyText {
        bytes: Zeroizing<Vec<u8>>,
    }

    impl KeyText {
        /// The text: `otpk1_` and base32.
        #[must_use]
        pub fn as_str(&self) -> &str {
            core::str::from_utf8(&self.bytes).expect("a key's text is ASCII")
        }
    }

    impl fmt::Debug for KeyText {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("KeyText(..)")
        }
    }
}

#[cfg(feature = "alloc")]
pub use owned::KeyText;
