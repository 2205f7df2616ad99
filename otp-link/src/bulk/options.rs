//! [`Import`]: how accounts are imported.

use std::num::NonZeroU8;
use std::path::Path;

use otp_core::{Holder, UnixTime};

use crate::place::Place;

/// How accounts are imported.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Import<'a> {
    /// The directory to which the key files are written; it is made if there is none.
    pub new_key_dir: &'a Path,
    /// Who gets a key to each account whose holders the manifest does not name; empty for one key without a holder.
    pub holders: &'a [Holder],
    /// When keys expire whose expiry the manifest does not give.
    pub expires: Option<UnixTime>,
    /// How many pages each key has; `None` for one.
    pub pages: Option<NonZeroU8>,
    /// Whether an account that others made is left as it is, and no failure.
    pub skip_existing: bool,
    /// Where they are kept.
    pub place: Place<'a>,
    pub(super) is_plan: bool,
}

impl<'a> Import<'a> {
    /// An import with key files in this directory.
    #[must_use]
    pub fn new(new_key_dir: &'a Path) -> Self {
        Self {
            new_key_dir,
            holders: &[],
            expires: None,
            pages: None,
            skip_existing: false,
            place: Place::default(),
            is_plan: false,
        }
    }
}
