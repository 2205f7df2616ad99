//! Functions whose caller must prove that each call happens only once.
//!
//! [`seal()`](crate::seal()) can't be called twice with one key, by type. A key with several pages is read back from
//! where it is kept and seals again, and no type can tell which of its pages are used. `Keeper` can: it holds the claim
//! of a generation when it calls this. Nobody else should call it.

use crate::buffer::Buffer;
use crate::error::Error;
use crate::key::Key;
use crate::record::Terms;
use crate::seal;

/// Seals a payload under one page of a key: writes its record to the front of `record`, which needs up to
/// [`Record::max_len`](crate::Record::max_len) bytes, and returns the record's bytes.
///
/// The caller makes sure that the page has never sealed anything, and never will again: not even the same payload,
/// since a different time in the header makes a different message under the same tag key.
///
/// # Errors
///
/// [`Error::NoPageLeft`] if the key has no such page; those of [`seal()`](crate::seal()).
pub fn seal_page<'r, B: Buffer>(
    mut key: Key<B>,
    page: u8,
    terms: &Terms,
    payload: &[u8],
    record: &'r mut [u8],
) -> Result<&'r [u8], Error> {
    seal::seal_page(&mut key, page, terms, payload, record)
}
