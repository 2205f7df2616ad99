//! Where things stand in a key's bytes.

use core::ops::Range;

use crate::checksum;
use crate::ct;
use crate::error::{Error, KeyFault};
use crate::frame::Capacity;
use crate::id::KeyId;
use crate::name::AccountName;
use crate::tag::TAG_KEY_LEN;

/// The name starts behind capacity, number of pages and the name's length.
const NAME_AT: usize = 4;
/// Today every key has one page.
pub(super) const PAGES: u8 = 1;

/// The length of a key in bytes, for an account name of `name_len` bytes.
#[must_use]
pub const fn len_for(name_len: usize, capacity: Capacity) -> usize {
    NAME_AT + name_len + KeyId::LEN + TAG_KEY_LEN + capacity.frame_len() + checksum::LEN
}

/// How many random bytes a key takes: id, tag key and pad.
#[must_use]
pub const fn drawn_len(capacity: Capacity) -> usize {
    KeyId::LEN + TAG_KEY_LEN + capacity.frame_len()
}

/// The length of the longest key in bytes.
pub const MAX_LEN: usize = len_for(AccountName::MAX_LEN, Capacity::MAX);

/// Where things stand in the bytes of one key; all of it is public.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Layout {
    pub(super) account: AccountName,
    pub(super) id: KeyId,
    pub(super) capacity: Capacity,
}

impl Layout {
    /// Reads what is public in a key's bytes, and checks that nothing is missing or left over.
    ///
    /// `excess` holds the bits of the text beyond the last byte. They are reported together with the checksum, since in a text
    /// that was cut they are bits of the key.
    pub(super) fn read(bytes: &[u8], excess: u8) -> Result<Self, Error> {
        let malformed = Error::MalformedKey;
        let Some((contents, stored)) = bytes.split_last_chunk() else {
            return Err(malformed(KeyFault::Length));
        };
        let difference = u32::from_ne_bytes(checksum::of(contents)) ^ u32::from_ne_bytes(*stored);
        if !ct::none_set(difference | u32::from(excess)) {
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
        let capacity = usize::from(u16::from_be_bytes([high, low]));
        let capacity = Capacity::try_from(capacity).map_err(|_| fault)?;
        let id_at = NAME_AT + name.len();
        let id = contents.get(id_at..).and_then(<[u8]>::first_chunk).ok_or(fault)?;
        let layout = Self { account, id: KeyId::from_bytes(ct::reveal(*id)), capacity };
        if pages == 0 || layout.len() != bytes.len() {
            return Err(fault);
        }
        Ok(layout)
    }

    /// Writes what is public, and the checksum over all of the key, whose secret part is there already.
    pub(super) fn write(&self, bytes: &mut [u8]) {
        let name = self.account.as_str().as_bytes();
        bytes[..2].copy_from_slice(&self.capacity.to_u16().to_be_bytes());
        bytes[2] = PAGES;
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

    pub(super) fn tag_key(&self) -> Range<usize> {
        let start = self.id().end;
        start..start + TAG_KEY_LEN
    }

    pub(super) fn pad(&self) -> Range<usize> {
        let start = self.tag_key().end;
        start..start + self.capacity.frame_len()
    }

    fn checksum(&self) -> Range<usize> {
        let start = self.pad().end;
        start..start + checksum::LEN
    }

    pub(super) fn len(&self) -> usize {
        self.checksum().end
    }
}
