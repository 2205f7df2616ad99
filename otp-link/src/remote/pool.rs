//! One helper for each store that this process has open, however often it is opened.

use std::sync::{Arc, Mutex, PoisonError};

use otp_sys::PerProcess;

use super::connection::{Access, Connection};
use super::error::RemoteError;
use super::patience::Patience;
use super::url::StoreUrl;

/// How many helpers are kept for the next call. More stores than this are rare, and each takes a process.
const MOST: usize = 8;

/// The helpers of this process. A fork's child has none of them.
static HELPERS: PerProcess<Mutex<Vec<Arc<Connection>>>> = PerProcess::new();

/// The connection to a store's helper, which is started if there is none.
pub(super) fn connect(url: &StoreUrl, access: Access, patience: Patience) -> Result<Arc<Connection>, RemoteError> {
    let mut helpers = HELPERS.get().lock().unwrap_or_else(PoisonError::into_inner);
    helpers.retain(|helper| helper.is_usable());
    if let Some(open) = helpers.iter().find(|helper| helper.serves(url, access)) {
        return Ok(Arc::clone(open));
    }
    if helpers.len() >= MOST
        && let Some(idle) = helpers.iter().position(|helper| Arc::strong_count(helper) == 1)
    {
        helpers.remove(idle);
    }
    let started = Arc::new(Connection::start(url, access, patience)?);
    helpers.push(Arc::clone(&started));
    Ok(started)
}

/// Ends the helpers of this process, and waits until they have ended. Call it before the process becomes another
/// program, which would not know about them. A later call starts them again.
pub fn end_helpers() {
    let helpers = std::mem::take(&mut *HELPERS.get().lock().unwrap_or_else(PoisonError::into_inner));
    for helper in helpers {
        helper.end();
    }
}
