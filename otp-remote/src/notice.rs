//! [`Notices`]: telling the client that a server lets everybody wait.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// After how long somebody who waits wants to know why.
const PATIENCE: Duration = Duration::from_secs(1);

/// Where notices go: a function of host and try.
#[derive(Clone)]
pub(crate) struct Notices(Arc<dyn Fn(&str, u16) + Send + Sync>);

impl Notices {
    pub(crate) fn new(tell: impl Fn(&str, u16) + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }

    /// Waits for one try, and says so once a second has passed since the request's first.
    pub(crate) async fn while_waiting<F: Future>(&self, start: Instant, host: &str, number: u16, one: F) -> F::Output {
        let mut one = std::pin::pin!(one);
        tokio::select! {
            biased;
            output = &mut one => return output,
            () = sleep_until(start + PATIENCE) => (self.0)(host, number),
        }
        one.await
    }
}

impl fmt::Debug for Notices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notices")
    }
}
