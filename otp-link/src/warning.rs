//! [`Warning`]: what works, and what its user should know.

use std::path::Path;
use std::sync::OnceLock;

use crate::key_origin::KeyOrigin;

/// Something that works all the same, and that the user should know.
#[derive(Debug)]
#[non_exhaustive]
pub enum Warning<'a> {
    /// Others can read the file that standard input or a descriptor leads to.
    KeyOpenToOthers {
        /// Where the key came from.
        origin: &'a KeyOrigin,
        /// The file's permission bits.
        mode: u32,
    },
    /// Others can write to the directory of a key file or a store, but can't replace what is not theirs.
    SharedDirectory {
        /// The directory.
        path: &'a Path,
        /// Its permission bits.
        mode: u32,
    },
}

static HANDLER: OnceLock<fn(&Warning<'_>)> = OnceLock::new();

/// Says what becomes of warnings in this process. Without a handler they are dropped; the first one that is set stays.
pub fn set_warning_handler(handler: fn(&Warning<'_>)) {
    let _ = HANDLER.set(handler);
}

pub(crate) fn warn(warning: &Warning<'_>) {
    if let Some(handler) = HANDLER.get() {
        handler(warning);
    }
}
