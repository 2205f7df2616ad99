//! [`Key`], what the caller holds, and its text form.
//!
//! A key's bytes are kept in one buffer in the order of its text, so reading and writing the text copies no secret:
//!
//! ```text
//! capacity (2, big-endian) | pages (1) | length of the name (1) | name | key id (10) | pages | checksum (4)
//! ```
//!
//! where each page is its tag key (32) and its pad (`capacity + 2`).

mod fresh;
mod held;
mod layout;
#[cfg(feature = "alloc")]
mod owned;
mod text;

pub use fresh::FreshKey;
pub use held::Key;
#[cfg(feature = "alloc")]
pub(crate) use layout::check_pages;
pub use layout::{MAX_LEN, drawn_len, len_for, max_pages, paged_len_for};
#[cfg(feature = "alloc")]
pub use owned::KeyText;
pub use text::{MAX_TEXT_LEN, PREFIX, text_len};
