//! Seal and open, and nothing else: where pad, frame and tag meet.

use core::fmt;
use core::ops::Range;

use crate::buffer::{Buffer, Wiped};
use crate::ct;
use crate::error::Error;
use crate::frame;
use crate::key::{FreshKey, Key};
use crate::record::{Draft, Header, Record, Terms};
use crate::tag::Tag;
use crate::time::UnixTime;

/// Seals a payload: writes its record to the front of `record`, and returns the key that opens it.
///
/// The payload is framed to the key's capacity and encrypted under the key's pad in place, in `record`; no other copy
/// of it is made. `record` needs up to [`Record::max_len`] bytes. Returns the key and the record's bytes.
///
/// # Errors
///
/// [`Error::PayloadTooLong`], [`Error::BufferTooSmall`]; `record` then holds nothing of the payload, and the key is gone.
///
/// # Examples
///
/// On the caller's buffers, without an allocator:
///
/// ```
/// # use chacha20::{ChaCha20Rng, rand_core::SeedableRng};
/// # let mut rng = ChaCha20Rng::from_seed([7; 32]);
/// use otp_core::{AccountName, Capacity, FreshKey, Key, Record, Terms, UnixTime, open, seal};
///
/// let account: AccountName = "edms/reporting".parse()?;
/// let now = UnixTime::from_secs(1_800_000_000).ok_or("after the year 9999")?;
///
/// let mut key_bytes = [0; 256];
/// let mut record_bytes = [0; 512];
/// let fresh = FreshKey::generate(&account, Capacity::MIN, &mut key_bytes[..], &mut rng)?;
/// let (key, record) = seal(fresh, &Terms::created(now), b"correct horse", &mut record_bytes)?;
///
/// let record = Record::decode(record)?;
/// let secret = open(key, &record, now)?;
/// assert_eq!(secret.expose(), b"correct horse");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A key seals once; a second time does not compile:
///
/// ```compile_fail,E0382
/// # use otp_core::*;
/// # fn twice(fresh: FreshKey<&mut [u8]>, terms: &Terms, record: &mut [u8]) -> Result<(), Error> {
/// seal(fresh, terms, b"one secret", record)?;
/// seal(fresh, terms, b"another", record)?;
/// # Ok(())
/// # }
/// ```
///
/// Without its second line it does:
///
/// ```
/// # use otp_core::*;
/// # fn once(fresh: FreshKey<&mut [u8]>, terms: &Terms, record: &mut [u8]) -> Result<(), Error> {
/// seal(fresh, terms, b"one secret", record)?;
/// # Ok(())
/// # }
/// ```
///
/// Nor can the key that sealing leaves, or one read from its text, seal again:
///
/// ```compile_fail,E0308
/// # use otp_core::*;
/// # fn again(key: Key<&mut [u8]>, terms: &Terms, record: &mut [u8]) -> Result<(), Error> {
/// seal(key, terms, b"another", record)?;
/// # Ok(())
/// # }
/// ```
pub fn seal<'r, B: Buffer>(
    key: FreshKey<B>,
    terms: &Terms,
    payload: &[u8],
    record: &'r mut [u8],
) -> Result<(Key<B>, &'r [u8]), Error> {
    let mut key = key.into_key();
    let record = seal_page(&mut key, 0, terms, payload, record)?;
    Ok((key, record))
}

/// Seals a payload under one page of a key, which must not have sealed anything else.
pub(crate) fn seal_page<'r, B: Buffer>(
    key: &mut Key<B>,
    page: u8,
    terms: &Terms,
    payload: &[u8],
    record: &'r mut [u8],
) -> Result<&'r [u8], Error> {
    let header = Header {
        account: key.account().clone(),
        id: key.id(),
        page,
        pages: key.pages().get(),
        capacity: key.capacity(),
        terms: terms.clone(),
    };
    let (pad, tag_key) = key.parts(page).ok_or(Error::NoPageLeft)?;
    let mut draft = Draft::new(&header, record)?;
    frame::encode(payload, draft.ciphertext_mut())?;
    pad.apply(draft.ciphertext_mut())?;
    let tag = Tag::compute(tag_key, draft.header(), draft.ciphertext());
    Ok(draft.finish(&tag))
}

/// Opens a record with its key. The secret is returned in the key's own buffer; no other copy of it is made.
///
/// The tag is checked, in constant time, before a byte of the frame is looked at. `now` is compared with the record's
/// expiry.
///
/// # Errors
///
/// [`Error::WrongKey`], [`Error::Expired`] (only for a record whose tag matches), [`Error::MalformedFrame`] if the program
/// that sealed it is broken. The key's buffer is then wiped.
pub fn open<B: Buffer>(key: Key<B>, record: &Record<'_>, now: UnixTime) -> Result<Secret<B>, Error> {
    verify(&key, record)?;
    match record.header().terms.expires {
        Some(at) if now >= at => Err(Error::Expired { at }),
        _ => unpad(key, record),
    }
}

/// Like [`open`], but ignores the record's expiry: for a device without a clock.
///
/// # Errors
///
/// As [`open`], except [`Error::Expired`].
pub fn open_ignoring_expiry<B: Buffer>(key: Key<B>, record: &Record<'_>) -> Result<Secret<B>, Error> {
    verify(&key, record)?;
    unpad(key, record)
}

/// Checks that a key fits a record without opening it: account, id, page and capacity, and the tag over all of it.
///
/// # Errors
///
/// [`Error::WrongKey`], which does not say what did not match.
pub fn verify<B: Buffer>(key: &Key<B>, record: &Record<'_>) -> Result<(), Error> {
    let header = record.header();
    let same_names = header.id == key.id() && header.account == *key.account();
    let same_shape = (header.pages, header.capacity) == (key.pages().get(), key.capacity());
    let tag_key = key.tag_key(header.page).ok_or(Error::WrongKey)?;
    let tag = Tag::compute(tag_key, record.header_bytes(), record.ciphertext());
    if tag.matches(record.tag()) && same_names && same_shape { Ok(()) } else { Err(Error::WrongKey) }
}

/// Takes the pad off a record whose tag has been verified.
fn unpad<B: Buffer>(key: Key<B>, record: &Record<'_>) -> Result<Secret<B>, Error> {
    let (mut bytes, pad) = key.into_pad(record.header().page);
    let frame = bytes.bytes_mut().get_mut(pad.clone()).ok_or(Error::MalformedFrame)?;
    ct::xor_in_place(frame, record.ciphertext());
    let len = frame::decode(frame)?.len();
    Ok(Secret { bytes, range: pad.start..pad.start + len })
}

/// An opened secret, in the buffer of the key that opened it. It is wiped on drop.
///
/// It is not `Clone` and has no `Display`; its `Debug` shows nothing:
///
/// ```compile_fail,E0277
/// # fn with(secret: otp_core::Secret<&mut [u8]>) {
/// println!("{secret}");
/// # }
/// ```
///
/// ```compile_fail,E0599
/// # fn with(secret: otp_core::Secret<&mut [u8]>) {
/// let copy = secret.clone();
/// # }
/// ```
///
/// ```
/// # fn with(secret: otp_core::Secret<&mut [u8]>) {
/// let bytes: &[u8] = secret.expose();
/// # }
/// ```
pub struct Secret<B: Buffer> {
    bytes: Wiped<B>,
    range: Range<usize>,
}

impl<B: Buffer> Secret<B> {
    /// The secret's bytes: exactly what was sealed.
    #[must_use]
    pub fn expose(&self) -> &[u8] {
        &self.bytes.bytes()[self.range.clone()]
    }
}

impl<B: Buffer> fmt::Debug for Secret<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(..)")
    }
}
