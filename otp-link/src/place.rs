//! [`Place`]: where records and keys are kept.

use std::path::Path;

/// Where records are kept, and where the administrator keeps the keys that were handed out.
///
/// A path makes one, for the store alone:
///
/// ```
/// use std::path::Path;
/// use otp_link::Place;
///
/// let place = Place::from(Some(Path::new("store"))).with_ring(Path::new("ring"));
/// assert_eq!(place.ring, Some(Path::new("ring")));
/// ```
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Place<'a> {
    /// The store's directory; `None` for the one that [`find_store`](crate::find_store) finds.
    pub store: Option<&'a Path>,
    /// The ring's directory; `None` for the one that [`find_ring`](crate::ring::find_ring) finds, if any.
    pub ring: Option<&'a Path>,
}

impl<'a> Place<'a> {
    /// The same place with this ring.
    #[must_use]
    pub const fn with_ring(mut self, ring: &'a Path) -> Self {
        self.ring = Some(ring);
        self
    }
}

impl<'a, P: AsRef<Path> + ?Sized> From<Option<&'a P>> for Place<'a> {
    fn from(store: Option<&'a P>) -> Self {
        Self { store: store.map(AsRef::as_ref), ring: None }
    }
}
