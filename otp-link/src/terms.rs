//! [`KeyTerms`]: what a new key is given, as the caller says it.

use std::num::NonZeroU8;

use otp_core::{Account, AccountName, Capacity, Grant, Holder, UnixTime};
use otp_sys::LockedBuf;

use crate::credential;
use crate::error::{Error, Result};

/// What a new key is given.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct KeyTerms<'a> {
    /// Who holds it.
    pub holder: Option<&'a str>,
    /// When it stops opening, in seconds after 1970.
    pub expires: Option<u64>,
    /// The capacity of its frame in bytes; `None` for the smallest that fits.
    pub capacity: Option<u32>,
    /// How many pages it has; `None` for one.
    pub pages: Option<NonZeroU8>,
    /// Whether the password that it opens may be empty.
    pub allow_empty_password: bool,
    /// The longest key text that its place takes, in bytes. A longer one is refused before it is made.
    pub max_key_len: Option<usize>,
}

impl<'a> KeyTerms<'a> {
    /// The same terms for this holder.
    #[must_use]
    pub const fn held_by(mut self, holder: &'a str) -> Self {
        self.holder = Some(holder);
        self
    }

    /// The same terms with this expiry, in seconds after 1970.
    #[must_use]
    pub const fn expiring(mut self, secs: u64) -> Self {
        self.expires = Some(secs);
        self
    }

    /// The same terms with this capacity, in bytes.
    #[must_use]
    pub const fn with_capacity(mut self, bytes: u32) -> Self {
        self.capacity = Some(bytes);
        self
    }

    /// Refuses an empty password, which is usually a script's mistake, unless it is allowed.
    pub(crate) fn check_fields(&self, fields: &Account<LockedBuf>) -> Result<()> {
        match fields.fields().get("password") {
            Some([]) if !self.allow_empty_password => Err(Error::EmptyPassword),
            _ => Ok(()),
        }
    }

    /// Refuses a key for an account, in a frame of some capacity, that would be longer than its place.
    pub(crate) fn check_key_len(&self, account: &AccountName, capacity: Capacity) -> Result<()> {
        let len = otp_core::key::text_len(otp_core::key::len_for(account.as_str().len(), capacity));
        self.max_key_len.map_or(Ok(()), |limit| credential::check_len(len, limit))
    }

    /// Checks the terms, before anything else is asked of the user.
    ///
    /// # Errors
    ///
    /// Those of holders, capacities and times; [`Error::ExpiryPassed`].
    pub fn check(&self) -> Result<()> {
        self.grant().map(drop)
    }

    pub(crate) fn grant(&self) -> Result<Grant> {
        let capacity = |bytes| Capacity::try_from(usize::try_from(bytes).unwrap_or(usize::MAX));
        Ok(Grant::default()
            .held_by(self.holder.map(Holder::parse).transpose()?)
            .expiring(self.expires.map(expiry).transpose()?)
            .with_capacity(self.capacity.map(capacity).transpose()?)
            .with_pages(self.pages))
    }
}

/// A key that has expired before it is made is a mistake.
fn expiry(secs: u64) -> Result<UnixTime> {
    let at = UnixTime::from_secs(secs).ok_or(otp_core::Error::InvalidTime)?;
    if at > UnixTime::now() { Ok(at) } else { Err(Error::ExpiryPassed { at }) }
}
