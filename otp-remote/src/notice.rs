//! [`Notices`]: telling the client that a server keeps it waiting.

use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How long a client waits before it is told why.
const PATIENCE: Duration = Duration::from_secs(1);

/// How long one notice covers all requests that wait at the same try.
const LIFE: Duration = Duration::from_secs(10);

type Tell = dyn Fn(&str, u16) + Send + Sync;

/// Where notices go: a function of host and try.
#[derive(Clone)]
pub(crate) struct Notices {
    tell: Arc<Tell>,
    /// When the last notice was sent, and for which try.
    last: Arc<Mutex<Option<(Instant, u16)>>>,
}

impl Notices {
    pub(crate) fn new(tell: impl Fn(&str, u16) + Send + Sync + 'static) -> Self {
        Self { tell: Arc::new(tell), last: Arc::default() }
    }

    /// Waits for one try, and sends a notice once a second has passed since the request's first try began.
    pub(crate) async fn while_waiting<F: Future>(&self, start: Instant, host: &str, number: u16, one: F) -> F::Output {
        let mut one = std::pin::pin!(one);
        tokio::select! {
            biased;
            output = &mut one => return output,
            () = sleep_until(start + PATIENCE) => self.tell(host, number),
        }
        one.await
    }

    fn tell(&self, host: &str, number: u16) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.is_none_or(|(told, of)| told.elapsed() > LIFE || number > of) {
            *last = Some((Instant::now(), number));
            (self.tell)(host, number);
        }
    }
}

impl fmt::Debug for Notices {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notices")
    }
}
