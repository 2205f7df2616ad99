//! Stores on the network, reached through a helper: a program of its own, so that key and network never meet.
//!
//! | file | what it does |
//! | --- | --- |
//! | `url.rs` | reads a store's URL |
//! | `find.rs` | finds the helper of a scheme |
//! | `connection.rs` | starts it, sends requests from many threads, gives up in time |
//! | `pool.rs` | keeps one helper for each store that this process has open |
//! | `store.rs` | the store's verbs as requests |
//!
//! `docs/stores.md` specifies the protocol, and `otp-remote-protocol` writes and reads it.

mod connection;
mod error;
mod find;
mod patience;
mod pool;
mod store;
#[cfg(all(test, target_os = "linux"))]
mod tests;
mod url;

pub use connection::interrupted_by;
pub use error::{HelperFault, RemoteError, UrlFault};
pub use pool::end_helpers;
pub use url::StoreUrl;

pub(crate) use connection::Access;
pub(crate) use patience::Patience;
pub(crate) use store::RemoteStore;
pub(crate) use url::Name;
