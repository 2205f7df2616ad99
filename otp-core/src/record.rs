//! [`Header`] and [`Record`]: their encoding, and a decoder that accepts only what the encoder writes.
//!
//! `docs/format.md` specifies the bytes; this is the code that it describes.

use core::fmt;
use core::ops::Range;

use crate::checksum;
use crate::error::{Error, RecordFault};
use crate::frame::Capacity;
use crate::id::KeyId;
use crate::name::{AccountName, Holder};
use crate::tag::{TAG_LEN, Tag};
use crate::time::UnixTime;
use crate::wire::{Reader, Writer};

/// The bytes that every record starts with. The version byte follows.
pub const MAGIC: [u8; 4] = *b"OTPR";
/// The version of the record format that this crate writes, and the only one that it reads.
pub const VERSION: u8 = 1;

/// Magic and version.
pub(crate) const PREFIX_LEN: usize = MAGIC.len() + 1;
/// A capacity or a ciphertext's length takes up to 3 bytes, a time up to 6.
const VARINT_LEN_MAX: usize = 3;
const VARINT_TIME_MAX: usize = 6;

/// The public part of a record. All of it is under the tag.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// The account that the secret belongs to.
    pub account: AccountName,
    /// Which key opens the record.
    pub id: KeyId,
    /// Which page of the key the record is sealed with, counted from 0.
    pub page: u8,
    /// How many pages the key has.
    pub pages: u8,
    /// The capacity of the frame.
    pub capacity: Capacity,
    /// When and for whom it was sealed, and until when it opens.
    pub terms: Terms,
}

/// When a record was sealed, until when it opens, and for whom.
///
/// ```
/// use otp_core::{Holder, Terms, UnixTime};
///
/// let now = UnixTime::from_secs(1_800_000_000).ok_or(otp_core::Error::InvalidTime)?;
/// let terms = Terms::created(now).expiring(Some(now.after(3600))).held_by(Some(Holder::parse("nightly")?));
/// assert_eq!(terms.expires, Some(now.after(3600)));
/// # Ok::<(), otp_core::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Terms {
    /// When it was sealed.
    pub created: UnixTime,
    /// When it stops opening; `None` for never.
    pub expires: Option<UnixTime>,
    /// Who holds the key.
    pub holder: Option<Holder>,
}

impl Terms {
    /// Sealed at a time, for nobody in particular, without an expiry.
    #[must_use]
    pub const fn created(at: UnixTime) -> Self {
        Self { created: at, expires: None, holder: None }
    }

    /// The same terms with this expiry.
    #[must_use]
    pub fn expiring(mut self, at: Option<UnixTime>) -> Self {
        self.expires = at;
        self
    }

    /// The same terms for this holder.
    #[must_use]
    pub fn held_by(mut self, holder: Option<Holder>) -> Self {
        self.holder = holder;
        self
    }
}

impl Header {
    /// The longest encoded header in bytes, with magic and version.
    pub const MAX_LEN: usize = PREFIX_LEN
        + (2 + AccountName::MAX_LEN)
        + KeyId::LEN
        + 2
        + VARINT_LEN_MAX
        + VARINT_TIME_MAX
        + (1 + VARINT_TIME_MAX)
        + (1 + 1 + Holder::MAX_LEN);

    /// Writes magic, version and header to the front of `buffer`, and returns their length: what goes under the tag.
    pub(crate) fn encode(&self, buffer: &mut [u8]) -> Result<usize, Error> {
        let too_small = Error::BufferTooSmall { needed: Self::MAX_LEN };
        let (prefix, rest) = buffer.split_at_mut_checked(PREFIX_LEN).ok_or(too_small)?;
        prefix[..MAGIC.len()].copy_from_slice(&MAGIC);
        prefix[MAGIC.len()] = VERSION;
        let mut writer = Writer::new(rest);
        self.write(&mut writer).ok_or(too_small)?;
        let left = writer.left();
        Ok(buffer.len() - left)
    }

    /// The fields in the order in which they are stored.
    fn write(&self, writer: &mut Writer<'_>) -> Option<()> {
        writer.bytes(self.account.as_str().as_bytes())?;
        writer.put(self.id.as_bytes())?;
        writer.put(&[self.page, self.pages])?;
        writer.varint(self.capacity.to_u16().into())?;
        writer.varint(self.terms.created.as_secs())?;
        writer.flag(self.terms.expires.is_some())?;
        if let Some(at) = self.terms.expires {
            writer.varint(at.as_secs())?;
        }
        writer.flag(self.terms.holder.is_some())?;
        self.terms.holder.as_ref().map_or(Some(()), |holder| writer.bytes(holder.as_str().as_bytes()))
    }

    /// Reads them again; `None` if they are not what [`Header::write`] writes.
    fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let time = |reader: &mut Reader<'_>| UnixTime::from_secs(reader.varint()?);
        let account = reader.text()?;
        let id = KeyId::from_bytes(reader.array()?);
        let [page, pages] = reader.array()?;
        let capacity = Capacity::try_from(usize::try_from(reader.varint()?).ok()?).ok()?;
        let created = time(reader)?;
        let expires = if reader.flag()? { Some(time(reader)?) } else { None };
        let holder = if reader.flag()? { Some(Holder::parse(reader.text()?).ok()?) } else { None };
        if page >= pages {
            return None;
        }
        // Last, since it is the longest to be moved.
        let account = AccountName::parse(account).ok()?;
        Some(Self { account, id, page, pages, capacity, terms: Terms { created, expires, holder } })
    }
}

/// A record that is being sealed: the header is written, and the ciphertext and tag are still to come.
pub(crate) struct Draft<'r> {
    /// Exactly as long as the record.
    bytes: &'r mut [u8],
    header_len: usize,
    ciphertext: Range<usize>,
}

impl<'r> Draft<'r> {
    /// Writes the header to the front of `buffer`, which needs up to [`Record::max_len`] bytes.
    pub(crate) fn new(header: &Header, buffer: &'r mut [u8]) -> Result<Self, Error> {
        let header_len = header.encode(buffer)?;
        let mut writer = Writer::new(&mut buffer[header_len..]);
        let too_small = Error::BufferTooSmall { needed: Record::max_len(header.capacity) };
        writer.varint(header.capacity.frame_len() as u64).ok_or(too_small)?;
        let left = writer.left();
        let start = buffer.len() - left;
        let end = start + header.capacity.frame_len();
        let needed = end + TAG_LEN + checksum::LEN;
        let bytes = buffer.get_mut(..needed).ok_or(Error::BufferTooSmall { needed })?;
        Ok(Self { bytes, header_len, ciphertext: start..end })
    }

    /// What goes under the tag as the header: magic, version and header.
    pub(crate) fn header(&self) -> &[u8] {
        &self.bytes[..self.header_len]
    }

    /// Where the frame goes, which then becomes the ciphertext: `capacity + 2` bytes.
    pub(crate) fn ciphertext_mut(&mut self) -> &mut [u8] {
        &mut self.bytes[self.ciphertext.clone()]
    }

    pub(crate) fn ciphertext(&self) -> &[u8] {
        &self.bytes[self.ciphertext.clone()]
    }

    /// Appends the tag and the checksum, and gives the whole record.
    pub(crate) fn finish(self, tag: &Tag) -> &'r [u8] {
        let (body, checksum) = self.bytes.split_at_mut(self.ciphertext.end + TAG_LEN);
        body[self.ciphertext.end..].copy_from_slice(tag.as_bytes());
        checksum.copy_from_slice(&checksum::of(body));
        self.bytes
    }
}

/// A decoded record: what the store holds. It borrows the bytes that it was decoded from.
pub struct Record<'a> {
    header: Header,
    header_bytes: &'a [u8],
    ciphertext: &'a [u8],
    tag: Tag,
}

impl<'a> Record<'a> {
    /// The longest record in bytes.
    pub const MAX_LEN: usize = Self::max_len(Capacity::MAX);

    /// The longest record of a capacity, in bytes, whatever its header says.
    #[must_use]
    pub const fn max_len(capacity: Capacity) -> usize {
        Header::MAX_LEN + VARINT_LEN_MAX + capacity.frame_len() + TAG_LEN + checksum::LEN
    }

    /// Reads a record.
    ///
    /// It accepts exactly what the encoder writes: no trailing bytes, no other encoding of the same value. The checksum is
    /// checked before the version, so bit rot in the version is not mistaken for a newer format.
    ///
    /// # Errors
    ///
    /// [`Error::DamagedRecord`], or [`Error::NewerRecord`] if the bytes are intact but of a later version.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Error> {
        let damaged = Error::DamagedRecord;
        if bytes.first_chunk() != Some(&MAGIC) {
            return Err(damaged(RecordFault::Magic));
        }
        if bytes.len() > Self::MAX_LEN {
            return Err(damaged(RecordFault::Length));
        }
        let Some((body, stored)) = bytes.split_last_chunk().filter(|(body, _)| body.len() > PREFIX_LEN) else {
            return Err(damaged(RecordFault::Length));
        };
        if checksum::of(body) != *stored {
            return Err(damaged(RecordFault::Checksum));
        }
        match body[MAGIC.len()] {
            0 => return Err(damaged(RecordFault::Contents)),
            VERSION => {}
            version => return Err(Error::NewerRecord { version }),
        }

        Self::read(body).ok_or(damaged(RecordFault::Contents))
    }

    /// Reads what follows the version, up to the checksum.
    fn read(body: &'a [u8]) -> Option<Self> {
        let mut reader = Reader::new(body.get(PREFIX_LEN..)?);
        let header = Header::read(&mut reader)?;
        let (header_bytes, _) = body.split_at(body.len() - reader.left());
        let ciphertext = reader.bytes()?;
        let tag = Tag::from_bytes(reader.array()?);
        if ciphertext.len() != header.capacity.frame_len() || reader.left() != 0 {
            return None;
        }
        Some(Self { header, header_bytes, ciphertext, tag })
    }

    /// The public header.
    #[must_use]
    pub const fn header(&self) -> &Header {
        &self.header
    }

    /// The frame under its pad: `capacity + 2` bytes.
    #[must_use]
    pub const fn ciphertext(&self) -> &'a [u8] {
        self.ciphertext
    }

    /// The one-time tag over header and ciphertext.
    #[must_use]
    pub const fn tag(&self) -> &Tag {
        &self.tag
    }

    /// Magic, version and header as they are stored: what goes under the tag.
    #[must_use]
    pub const fn header_bytes(&self) -> &'a [u8] {
        self.header_bytes
    }
}

impl fmt::Debug for Record<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Record").field("header", &self.header).finish_non_exhaustive()
    }
}
