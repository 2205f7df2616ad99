//! [`Header`] and [`Record`]: their encoding, and a decoder that accepts only what the encoder writes.
//!
//! `docs/format.md` specifies the bytes; this is the code that it describes.

use core::fmt;

use crate::ct;
use crate::error::{Error, RecordFault};
use crate::frame::Capacity;
use crate::name::{AccountName, Holder, KeyId, UnixTime};
use crate::tag::{TAG_LEN, Tag};

/// What every record starts with, before the byte of the format's version.
pub const MAGIC: [u8; 4] = *b"OTPR";
/// The version of the record format that this crate writes, and the only one that it reads.
pub const VERSION: u8 = 1;

/// Magic and version.
pub(crate) const PREFIX_LEN: usize = MAGIC.len() + 1;
const CRC_LEN: usize = 4;
/// A capacity or a ciphertext's length takes up to 3 bytes in the encoding of postcard, a time up to 6.
const VARINT_LEN_MAX: usize = 3;
const VARINT_TIME_MAX: usize = 6;

/// What a record says in public. All of it is under the tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Header {
    /// The account that the secret belongs to.
    pub account: AccountName,
    /// Which key opens the record.
    pub id: KeyId,
    /// Which of the key's pads the record is sealed with; from 0. Today always 0.
    pub page: u8,
    /// How many pads the key has. Today always 1.
    pub pages: u8,
    /// The capacity of the frame.
    pub capacity: Capacity,
    /// When and for whom it was sealed, and until when it opens.
    pub terms: Terms,
}

/// When a record was sealed, until when it opens, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Terms {
    /// When it was sealed.
    pub created: UnixTime,
    /// From when on it does not open any more; `None`: it always does.
    pub expires: Option<UnixTime>,
    /// Who holds the key.
    pub holder: Option<Holder>,
}

impl Terms {
    /// Sealed at a time, for nobody in particular, without an end.
    #[must_use]
    pub const fn created(at: UnixTime) -> Self {
        Self { created: at, expires: None, holder: None }
    }
}

/// The header's fields in the order in which they are encoded.
type Wire<'a> = (&'a str, [u8; KeyId::LEN], u8, u8, u16, u64, Option<u64>, Option<&'a str>);

/// All that stands between prefix and CRC-32: header, ciphertext, tag.
type Body<'a> = (Wire<'a>, &'a [u8], [u8; TAG_LEN]);

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
        let wire: Wire<'_> = (
            self.account.as_str(),
            *self.id.as_bytes(),
            self.page,
            self.pages,
            self.capacity.to_u16(),
            self.terms.created.as_secs(),
            self.terms.expires.map(UnixTime::as_secs),
            self.terms.holder.as_ref().map(Holder::as_str),
        );
        let written = postcard::to_slice(&wire, rest).map_err(|_| too_small)?.len();
        Ok(PREFIX_LEN + written)
    }

    fn from_wire(wire: Wire<'_>) -> Result<Self, Error> {
        let (account, id, page, pages, capacity, created, expires, holder) = wire;
        if page >= pages {
            return Err(Error::DamagedRecord(RecordFault::Contents));
        }
        Ok(Self {
            account: AccountName::parse(account)?,
            id: KeyId::from_bytes(id),
            page,
            pages,
            capacity: Capacity::from_bytes(capacity)?,
            terms: Terms {
                created: UnixTime::from_secs(created)?,
                expires: expires.map(UnixTime::from_secs).transpose()?,
                holder: holder.map(Holder::parse).transpose()?,
            },
        })
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
        Header::MAX_LEN + VARINT_LEN_MAX + capacity.frame_len() + TAG_LEN + CRC_LEN
    }

    /// The longest header with the ciphertext's length behind it.
    const MAX_START_LEN: usize = Header::MAX_LEN + VARINT_LEN_MAX;

    /// Writes all that comes before the ciphertext; returns where the header ends and where the ciphertext starts.
    fn encode_start(header: &Header, buffer: &mut [u8]) -> Result<(usize, usize), Error> {
        let header_len = header.encode(buffer)?;
        // A byte string's length, as postcard writes it.
        let rest = buffer.get_mut(header_len..).unwrap_or_default();
        let len = postcard::to_slice(&header.capacity.frame_len(), rest)
            .map_err(|_| Error::BufferTooSmall { needed: Self::MAX_START_LEN })?
            .len();
        Ok((header_len, header_len + len))
    }

    /// Writes a whole record to the front of `buffer` and returns its length.
    ///
    /// `fill` gets the header's bytes and the ciphertext's place, `capacity + 2` bytes; it writes the ciphertext and
    /// returns the tag over both.
    pub(crate) fn encode(
        header: &Header,
        buffer: &mut [u8],
        fill: impl FnOnce(&[u8], &mut [u8]) -> Result<Tag, Error>,
    ) -> Result<usize, Error> {
        let (header_len, start) = Self::encode_start(header, buffer)?;
        let end = start + header.capacity.frame_len();
        let len = end + TAG_LEN + CRC_LEN;
        let buffer = buffer.get_mut(..len).ok_or(Error::BufferTooSmall { needed: len })?;

        let (before, after) = buffer.split_at_mut(start);
        let (ciphertext, after) = after.split_at_mut(end - start);
        let tag = fill(&before[..header_len], ciphertext)?;
        after[..TAG_LEN].copy_from_slice(tag.as_bytes());
        let crc = ct::crc32(&buffer[..end + TAG_LEN]);
        buffer[end + TAG_LEN..].copy_from_slice(&crc.to_le_bytes());
        Ok(len)
    }

    /// Reads a record.
    ///
    /// It takes exactly what the encoder writes: no trailing bytes, no other encoding of the same value. The CRC-32 is
    /// looked at before the version, so rot in the version's byte is not taken for a newer format.
    ///
    /// # Errors
    ///
    /// [`Error::DamagedRecord`], or [`Error::NewerRecord`] if the bytes are whole but of a later version.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, Error> {
        let damaged = Error::DamagedRecord;
        if bytes.get(..MAGIC.len()) != Some(&MAGIC) {
            return Err(damaged(RecordFault::Magic));
        }
        if bytes.len() > Self::MAX_LEN {
            return Err(damaged(RecordFault::Length));
        }
        let Some((body, crc)) = bytes.split_last_chunk::<CRC_LEN>().filter(|(body, _)| body.len() > PREFIX_LEN) else {
            return Err(damaged(RecordFault::Length));
        };
        if ct::crc32(body).to_le_bytes() != *crc {
            return Err(damaged(RecordFault::Checksum));
        }
        match body[MAGIC.len()] {
            0 => return Err(damaged(RecordFault::Contents)),
            VERSION => {}
            version => return Err(Error::NewerRecord { version }),
        }

        let contents = damaged(RecordFault::Contents);
        let ((wire, ciphertext, tag), after): (Body<'_>, _) =
            postcard::take_from_bytes(&body[PREFIX_LEN..]).map_err(|_| contents)?;
        let header = Header::from_wire(wire).map_err(|_| contents)?;
        if ciphertext.len() != header.capacity.frame_len() || !after.is_empty() {
            return Err(contents);
        }
        // One value, one encoding: what comes before the ciphertext must be what the encoder writes for it.
        let mut canonical = [0; Self::MAX_START_LEN];
        let (header_len, start) = Self::encode_start(&header, &mut canonical)?;
        if body.get(..start) != Some(&canonical[..start]) {
            return Err(contents);
        }
        Ok(Self { header, header_bytes: &body[..header_len], ciphertext, tag: Tag::from_bytes(tag) })
    }

    /// What it says in public.
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
