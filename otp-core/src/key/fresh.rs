//! [`FreshKey`]: a key that has not sealed anything yet.

use core::fmt;

use rand_core::TryCryptoRng;

use super::held::Key;
use super::layout::Layout;
use crate::buffer::{Buffer, Wiped};
use crate::ct;
use crate::error::Error;
use crate::frame::Capacity;
use crate::id::KeyId;
use crate::name::AccountName;
use crate::pad::Pad;
use crate::random::DrawError;
use crate::tag::TAG_KEY_LEN;

/// A key that has not sealed anything yet. Sealing takes it by value, so it seals once.
///
/// It can't be shown: only the [`Key`] that sealing leaves can, and that one never seals.
pub struct FreshKey<B: Buffer> {
    key: Key<B>,
}

impl<B: Buffer> FreshKey<B> {
    /// Draws a key's id, tag key and pad into `buffer`, which needs at least [`len_for`](super::len_for) bytes.
    ///
    /// All of it is one draw from the source.
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
        let mut bytes = Wiped::new(buffer);
        let id = KeyId::from_bytes([0; KeyId::LEN]);
        let mut layout = Layout { account: account.clone(), id, capacity };
        let needed = layout.len();
        let all = bytes.bytes_mut().get_mut(..needed).ok_or(DrawError::Invalid(Error::BufferTooSmall { needed }))?;
        rng.try_fill_bytes(&mut all[layout.id().start..layout.pad().end]).map_err(DrawError::Source)?;
        let id = all[layout.id()].first_chunk().expect("an id has its length");
        layout.id = KeyId::from_bytes(ct::reveal(*id));
        layout.write(all);
        Ok(Self { key: Key { layout, bytes } })
    }

    /// The account that it is for.
    #[must_use]
    pub fn account(&self) -> &AccountName {
        self.key.account()
    }

    /// The key's id.
    #[must_use]
    pub fn id(&self) -> KeyId {
        self.key.id()
    }

    /// The capacity of the frame that it seals.
    #[must_use]
    pub fn capacity(&self) -> Capacity {
        self.key.capacity()
    }

    /// The pad and the tag key, for the one use that [`seal`](crate::seal()) makes of them.
    pub(crate) fn parts(&mut self) -> (Pad<'_>, &[u8; TAG_KEY_LEN]) {
        let pad = self.key.layout.pad();
        let (before, pad_bytes) = self.key.bytes.bytes_mut()[..pad.end].split_at_mut(pad.start);
        let tag_key = before.last_chunk().expect("the tag key stands before the pad");
        (Pad::unused(pad_bytes), tag_key)
    }

    /// The key that opens what was sealed.
    pub(crate) fn into_sealed(self) -> Key<B> {
        self.key
    }
}

impl<B: Buffer> fmt::Debug for FreshKey<B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FreshKey({} {}, ..)", self.account(), self.id())
    }
}
