//! [`Grant`]: what a new key is given.

use core::num::NonZeroU8;

use crate::error::Error;
use crate::frame::Capacity;
use crate::key;
use crate::name::{AccountName, Holder};
use crate::time::UnixTime;

/// What a new key is given.
///
/// ```
/// use otp_core::{Grant, Holder};
///
/// let grant = Grant::default().held_by(Some(Holder::parse("nightly")?));
/// assert_eq!(grant.capacity_for(70)?.bytes(), 128);
/// # Ok::<(), otp_core::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Grant {
    /// Who holds it.
    pub holder: Option<Holder>,
    /// When it stops opening.
    pub expires: Option<UnixTime>,
    /// The capacity of its frame; `None` for the smallest that fits.
    pub capacity: Option<Capacity>,
    /// How many pages the key has; `None` for one.
    pub pages: Option<NonZeroU8>,
}

impl Grant {
    /// The same grant for this holder.
    #[must_use]
    pub fn held_by(mut self, holder: Option<Holder>) -> Self {
        self.holder = holder;
        self
    }

    /// The same grant with this expiry.
    #[must_use]
    pub fn expiring(mut self, at: Option<UnixTime>) -> Self {
        self.expires = at;
        self
    }

    /// The same grant with this capacity.
    #[must_use]
    pub fn with_capacity(mut self, capacity: Option<Capacity>) -> Self {
        self.capacity = capacity;
        self
    }

    /// The same grant with this many pages.
    #[must_use]
    pub fn with_pages(mut self, pages: Option<NonZeroU8>) -> Self {
        self.pages = pages;
        self
    }

    /// How many pages the key has.
    #[must_use]
    pub fn page_count(&self) -> NonZeroU8 {
        self.pages.unwrap_or(NonZeroU8::MIN)
    }

    /// Checks that a payload fits, and that a key for the account has room for so many pages.
    ///
    /// # Errors
    ///
    /// [`Error::PayloadTooLong`], [`Error::TooManyPages`].
    pub fn check(&self, account: &AccountName, payload_len: usize) -> Result<(), Error> {
        key::check_pages(account, self.capacity_for(payload_len)?, self.page_count())
    }

    /// The capacity of a frame for a payload of `payload_len` bytes.
    ///
    /// # Errors
    ///
    /// [`Error::PayloadTooLong`]
    pub fn capacity_for(&self, payload_len: usize) -> Result<Capacity, Error> {
        match self.capacity {
            Some(capacity) if capacity.bytes() >= payload_len => Ok(capacity),
            Some(capacity) => Err(Error::PayloadTooLong { len: payload_len, capacity: capacity.bytes() }),
            None => Capacity::fitting(payload_len),
        }
    }
}
