//! Where records are, and the administrator's ring.

use std::ffi::c_char;

use otp_link::Place;

use crate::failure::Result;
use crate::pointer;

/// The store and the ring that the caller names; NULL to have one found.
///
/// # Safety
///
/// Each pointer is NULL or points to text that ends with a NUL and stays during `'a`.
pub(crate) unsafe fn read<'a>(store: *const c_char, ring: *const c_char) -> Result<Place<'a>> {
    // SAFETY: the caller promises the same.
    let (store, ring) = unsafe { (pointer::optional_path(store, "store")?, pointer::optional_path(ring, "ring")?) };
    let mut place = Place::from(store);
    place.ring = ring;
    Ok(place)
}
