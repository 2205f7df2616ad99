//! Where things are in a key's bytes.

use core::num::NonZeroU8;
use core::ops::Range;

use crate::checksum;
use crate::ct;
use crate::error::{Error, KeyFault};
use crate::frame::Capacity;
use crate::id::KeyId;
use crate::name::AccountName;
use crate::tag::TAG_KEY_LEN;
use crate::wire;

/// The name comes after the capacity, the number of pages and the name's length.
const NAME_AT: usize = 4;

/// The length in bytes of a key with one page, for an account name of `name_len` bytes.
#[must_use]
pub const fn len_for(name_len: usize, capacity: Capacity) -> usize {
    paged_len_for(name_len, capacity, NonZeroU8::MIN)
}

/// Like [`len_for`], for a key with several pages: `name_len + 18 + pages * (capacity + 34)`.
#[must_use]
pub const fn paged_len_for(name_len: usize, capacity: Capacity, pages: NonZeroU8) -> usize {
    NAME_AT + name_len + drawn_len(capacity, pages) + checksum::LEN
}

/// How many pages a key may have, for an account name of `name_len` bytes: as many as the longest key has room for.
#[must_use]
pub fn max_pages(name_len: usize, capacity: Capacity) -> NonZeroU8 {
    let room = MAX_LEN - NAME_AT - name_len - KeyId::LEN - checksum::LEN;
    let pages = u8::try_from(room / page_len(capacity)).unwrap_or(u8::MAX);
    NonZeroU8::new(pages).unwrap_or(NonZeroU8::MIN)
}

/// Refuses more pages than a key may have.
pub(crate) fn check_pages(account: &AccountName, capacity: Capacity, pages: NonZeroU8) -> Result<(), Error> {
    let limit = max_pages(account.as_str().len(), capacity);
    if pages <= limit { Ok(()) } else { Err(Error::TooManyPages { limit: limit.get() }) }
}

/// How many random bytes a key takes: its id, and a tag key and a pad for each page.
#[must_use]
pub const fn drawn_len(capacity: Capacity, pages: NonZeroU8) -> usize {
    KeyId::LEN + pages.get() as usize * page_len(capacity)
}

/// The length of a page in bytes: a tag key and a pad.
const fn page_len(capacity: Capacity) -> usize {
    TAG_KEY_LEN + capacity.frame_len()
}

/// The length of the longest key in bytes.
pub const MAX_LEN: usize = len_for(AccountName::MAX_LEN, Capacity::MAX);

/// Where things are in the bytes of one key; all of it is public.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) account: AccountName,
    pub(super) id: KeyId,
    pub(super) capacity: Capacity,
    pub(super) pages: NonZeroU8,
}

impl Layout {
    /// Reads what is public in a key's bytes, and checks that nothing is missing or left over.
    ///
    /// `excess` holds the bits of the text beyond the last byte. They are reported together with the checksum, since in
    /// a truncated text they are bits of the key.
    pub(super) fn read(bytes: &[u8], excess: u8) -> Result<Self, Error> {
        let malformed = Error::MalformedKey;
        let Some((contents, stored)) = bytes.split_last_chunk() else {
            return Err(malformed(KeyFault::Length));
        };
        let difference = u32::from_ne_bytes(checksum::of(contents)) ^ u32::from_ne_bytes(*stored);
        if !ct::none_set(difference | u32::from(excess)) {
            return Err(malformed(KeyFault::Checksum));
        }
        Self::read_public(contents).ok_or(malformed(KeyFault::Contents))
    }

    /// Reads the public part from everything before the checksum.
    fn read_public(contents: &[u8]) -> Option<Self> {
        let (start, rest) = contents.split_first_chunk::<NAME_AT>()?;
        let [high, low, pages, name_len] = ct::reveal(*start);
        let (name, rest) = rest.split_at_checked(name_len.into())?;
        let (id, drawn) = rest.split_first_chunk()?;
        let capacity = Capacity::try_from(usize::from(u16::from_be_bytes([high, low]))).ok()?;
        let pages = NonZeroU8::new(pages)?;
        if KeyId::LEN + drawn.len() != drawn_len(capacity, pages) {
            return None;
        }
        let name = wire::utf8(ct::reveal_bytes(name))?;
        Some(Self { account: AccountName::parse(name).ok()?, id: KeyId::from_bytes(ct::reveal(*id)), capacity, pages })
    }

    /// Writes the public part, and the checksum over the whole key. The secret part must be there already.
    pub(super) fn write(&self, bytes: &mut [u8]) {
        let name = self.account.as_str().as_bytes();
        bytes[..2].copy_from_slice(&self.capacity.to_u16().to_be_bytes());
        bytes[2] = self.pages.get();
        bytes[3] = u8::try_from(name.len()).expect("a name has at most 128 bytes");
        bytes[NAME_AT..self.id().start].copy_from_slice(name);
        bytes[self.id()].copy_from_slice(self.id.as_bytes());
        let checksum = checksum::of(&bytes[..self.checksum().start]);
        bytes[self.checksum()].copy_from_slice(&checksum);
    }

    pub(super) fn id(&self) -> Range<usize> {
        let start = NAME_AT + self.account.as_str().len();
        start..start + KeyId::LEN
    }

    /// All that is random: id and pages.
    pub(super) fn drawn(&self) -> Range<usize> {
        self.id().start..self.id().start + drawn_len(self.capacity, self.pages)
    }

    /// Where a page is. `page` is below the number of pages.
    pub(super) fn page(&self, page: u8) -> Range<usize> {
        let len = page_len(self.capacity);
        let start = self.id().end + usize::from(page) * len;
        start..start + len
    }

    /// Where a page's pad is, after its tag key.
    pub(super) fn pad(&self, page: u8) -> Range<usize> {
        let page = self.page(page);
        page.start + TAG_KEY_LEN..page.end
    }

    fn checksum(&self) -> Range<usize> {
        let start = self.drawn().end;
        start..start + checksum::LEN
    }

    pub(super) fn len(&self) -> usize {
        self.checksum().end
    }
}
